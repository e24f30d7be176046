import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock, Logger } from '@skerry/base';
import type { Exchange } from '#http/exchange.ts';
import type { NodeDialer } from '#ports.ts';
import type { ResourceRequest } from '#request-info.ts';
import type { ObjectReader, UserInfo } from '#security.ts';

/**
 * Subresources that lead away from the store: `pods/log exec attach portforward proxy`, `services/proxy`, `nodes/proxy`.
 * The core has authenticated, authorized and admitted (CONNECT) the request; the handler finds the target and streams.
 * An ApiError thrown before an answer was begun becomes its Status.
 */
export interface ConnectRequest {
  /** `info.rest` is the path behind `/proxy/`, without a leading slash. */
  readonly info: ResourceRequest;
  readonly user: UserInfo;
  readonly query: URLSearchParams;
}

export interface ConnectHandler {
  /** A plain request: `log`, `proxy` of any method. */
  handle(request: ConnectRequest, exchange: Exchange): Promise<void>;
  /** WebSocket or SPDY/3.1 over HTTP/1.1. The handler owns the socket once it has written to it. */
  handleUpgrade(
    request: ConnectRequest,
    message: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ): Promise<void>;
}

export type ConnectFactory = (parts: {
  readonly read: ObjectReader;
  readonly dialer: NodeDialer;
  readonly clock: Clock;
  readonly log: Logger;
}) => ConnectHandler;
