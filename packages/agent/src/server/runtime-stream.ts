/**
 * Exec, attach and port-forward end at the runtime's own streaming server, which speaks SPDY/3.1. A client that speaks it
 * too is passed through byte by byte; a WebSocket client's channels are translated, its tunnels are unwrapped.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  UpgradeRefusedError,
  acceptWebSocket,
  channelProtocols,
  isWebSocketRequest,
  joinStreams,
  offeredProtocols,
  tunnelPrefix,
  upgrade,
  type Departure,
  webSocketBytes,
  type Upgraded,
} from '@skerry/streams';
import { NodeRequestError } from '#server/ports.ts';

export interface UpgradeExchange {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  /** Watched until the client's connection has its reader. */
  readonly departure: Departure;
}

const protocolVersionHeader = 'X-Stream-Protocol-Version';

/** How the client of an upgrade request wants to talk. */
export type ClientProtocol =
  | { readonly kind: 'spdy' }
  | { readonly kind: 'channels'; readonly protocol: string }
  | { readonly kind: 'tunnel'; readonly protocol: string };

export function clientProtocolOf(request: IncomingMessage): ClientProtocol {
  if (!isWebSocketRequest(request)) {
    if (request.headers.upgrade?.toLowerCase() === 'spdy/3.1') return { kind: 'spdy' };
    throw new NodeRequestError(400, 'unable to upgrade: neither WebSocket nor SPDY/3.1 was asked for');
  }
  const offered = offeredProtocols(request);
  const tunnel = offered.find((name) => name.startsWith(tunnelPrefix));
  if (tunnel) return { kind: 'tunnel', protocol: tunnel };
  const protocol = channelProtocols.find((name) => offered.includes(name));
  if (protocol) return { kind: 'channels', protocol };
  if (offered.length === 0) return { kind: 'channels', protocol: '' };
  throw new NodeRequestError(
    403,
    `unable to upgrade: none of the subprotocols ${offered.join(', ')} is spoken here`,
  );
}

/** Opens SPDY to the runtime's URL for a client that waits; `versions` are what both ends may speak inside. */
export async function openRuntimeStream(
  url: string,
  versions: readonly string[],
  { departure }: Pick<UpgradeExchange, 'departure'>,
): Promise<Upgraded> {
  try {
    const runtime = await upgrade({
      url,
      headers: { [protocolVersionHeader]: versions },
      signal: departure.signal,
    });
    departure.stop();
    return runtime;
  } catch (error) {
    if (error instanceof UpgradeRefusedError)
      throw new NodeRequestError(error.status, error.body.trim(), { cause: error });
    throw new NodeRequestError(502, 'unable to reach the streaming server of the container runtime', {
      cause: error,
    });
  }
}

/** Passes a SPDY client through to the runtime, with what both negotiate. */
export async function passThrough(exchange: UpgradeExchange, url: string): Promise<void> {
  const { request, socket, head } = exchange;
  const versions = request.headersDistinct[protocolVersionHeader.toLowerCase()] ?? [];
  const runtime = await openRuntimeStream(url, versions, exchange);
  const chosen = runtime.headers[protocolVersionHeader.toLowerCase()];
  socket.write(
    [
      'HTTP/1.1 101 Switching Protocols',
      'Connection: Upgrade',
      'Upgrade: SPDY/3.1',
      ...(typeof chosen === 'string' ? [`${protocolVersionHeader}: ${chosen}`] : []),
      '\r\n',
    ].join('\r\n'),
  );
  if (head.length > 0) socket.unshift(head);
  joinStreams(socket, runtime.socket);
}

/** Unwraps a SPDY connection that travels inside WebSocket messages. */
export async function unwrapTunnel(
  exchange: UpgradeExchange,
  { url, protocol }: { url: string; protocol: string },
): Promise<void> {
  const { request, socket, head } = exchange;
  const runtime = await openRuntimeStream(url, [protocol.slice(tunnelPrefix.length)], exchange);
  try {
    const webSocket = await acceptWebSocket(request, socket, head, protocol);
    joinStreams(webSocketBytes(webSocket), runtime.socket);
  } catch (error) {
    runtime.socket.destroy();
    throw error;
  }
}
