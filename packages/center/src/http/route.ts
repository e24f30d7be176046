/**
 * What parts of the center hand to its HTTPS server.
 *
 * A pattern is a path whose `:name` segments match one segment each and whose last segment may be `*`, which matches the
 * rest as it was sent. Values of `:name` are decoded and hold no slash, no control character and are not `.` or `..`.
 */
import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import type { AccessQuestion } from '#access/cluster-access.ts';
import type { Caller } from '#http/caller.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** What the audit log is told of a request; whatever a handler knows better, it sets. Never a secret, never a body. */
export interface AuditNote {
  action: string;
  /** Where nobody has signed in yet: who wants to. */
  user?: string;
  cluster?: string;
  object?: string;
  message?: string;
  /** What came of it, where the answer's own code does not say. */
  code?: number;
  /** Reads are kept in the log only where this is set. */
  keep: boolean;
}

export interface AnonymousRequest {
  readonly method: Method;
  /** As it was sent, without the query. */
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** By lower-case name. */
  readonly header: (name: string) => string | undefined;
  readonly remoteAddress: string;
  /** `https://host:port` that the client asked; one of the configured ones where there are such. */
  readonly origin: string;
  /** Aborted when the client goes away, or when the session ends. */
  readonly signal: AbortSignal;
  readonly audit: AuditNote;
  /** The body whole. Throws 413 above `bytesMax` (64 KiB unless told), 408 when it takes longer than 30 s. */
  body(bytesMax?: number): Promise<Buffer>;
  /** The body as JSON; `undefined` when it is empty. Throws 400, 413. */
  json(bytesMax?: number): Promise<unknown>;
}

export interface CenterRequest extends AnonymousRequest {
  readonly caller: Caller;
}

export interface CenterResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>;
}

interface Endpoint {
  readonly method: Method;
  readonly pattern: string;
  /** Media types of a body that are taken besides `application/json`. */
  readonly contentTypes?: readonly string[];
  /** What the audit log calls it; `METHOD pattern` unless given. Everything but a GET is logged. */
  readonly action?: string;
  /** A fresh proof of who sits there is needed: 403 `StepUpRequired` without. */
  readonly stepUp?: boolean;
  /** Open also to those who must change their password first. */
  readonly beforePasswordChange?: boolean;
}

/** A route for those who signed in. */
export interface Route extends Endpoint {
  readonly public?: false;
  handle(request: CenterRequest): Promise<CenterResponse>;
}

/** A route for anyone: signing in. Requests that change something must still come from the console's own pages. */
export interface PublicRoute extends Endpoint {
  readonly public: true;
  /** Asked by other servers, which prove by what they send who they are: it need not come from the console's own pages. */
  readonly fromServers?: boolean;
  handle(request: AnonymousRequest & { readonly caller?: Caller | undefined }): Promise<CenterResponse>;
}

export interface SocketRequest {
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  /** Without the ticket. */
  readonly query: URLSearchParams;
  readonly remoteAddress: string;
  readonly message: IncomingMessage;
  readonly audit: AuditNote;
}

/**
 * A WebSocket. Origin, session and ticket were checked before it opened; the server closes it when the session ends (4401,
 * 4403), answers pings and ends those whose peer is silent. What `open` throws closes it: an ApiError with 4000 and its code,
 * anything else with 1011.
 */
export interface SocketRoute {
  readonly pattern: string;
  /** Subprotocols taken, best first; none unless given. */
  readonly protocols?: readonly string[];
  /** Largest message taken; 64 KiB unless given. */
  readonly messageBytesMax?: number;
  readonly action?: string;
  readonly stepUp?: boolean;
  /** Right in the cluster of the path that the stream needs; asked again every minute, and the stream ends with it. */
  needs?(request: SocketRequest): AccessQuestion;
  open(socket: WebSocket, caller: Caller, request: SocketRequest): Promise<void>;
}

export function jsonResponse(
  value: unknown,
  { status = 200, headers = {} }: { status?: number; headers?: CenterResponse['headers'] } = {},
): CenterResponse {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(value),
  };
}

export const noContent: CenterResponse = { status: 204 };
