import { SkerryError } from '@skerry/base';

/**
 * How requests reach an API server. A kubeconfig gives TLS over TCP, `skerry server` gives its children a Unix socket, a
 * node uses the link's `up` session; rest, watch and informers work over any of them.
 */
export interface TransportRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query: `/api/v1/pods?watch=true`. */
  readonly path: string;
  /** A list is sent as so many headers of that name. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array;
  /** Ends the request, also while the body is read. */
  readonly signal?: AbortSignal;
}

export interface TransportResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Must be read to its end or returned from (`break`), which ends the stream. */
  readonly body: AsyncIterable<Uint8Array>;
}

export interface Transport {
  request(request: TransportRequest): Promise<TransportResponse>;
  close(): void;
}

export type TransportErrorCode =
  | 'api-refused'
  | 'api-unreachable'
  | 'api-tls'
  | 'api-connection-lost'
  | 'api-bad-answer';

/**
 * Nothing, or nothing understandable, answered. The message names the request and the server it was sent to.
 * `sent` false means that the server can't have seen the request, so that sending it again is safe whatever it was.
 */
export class TransportError extends SkerryError {
  override readonly name = 'TransportError';
  declare readonly code: TransportErrorCode;
  readonly sent: boolean;

  constructor(code: TransportErrorCode, message: string, options: { sent: boolean; cause?: unknown }) {
    super(code, message, { cause: options.cause });
    this.sent = options.sent;
  }

  /** Sorts a socket's, TLS's or HTTP's own error into a code. */
  static from(
    error: unknown,
    { request, server, sent }: { request: TransportRequest; server: string; sent: boolean },
  ): TransportError {
    if (error instanceof TransportError) return error;
    const cause = error instanceof AggregateError && error.errors.length > 0 ? error.errors[0] : error;
    const system = systemCodeOf(cause);
    const code = classify(system, sent);
    const what = `${request.method} ${request.path.split('?')[0]} at ${server}`;
    const hint = hints[code];
    const detail = cause instanceof Error && cause.message ? cause.message : String(cause);
    return new TransportError(code, `${what}: ${detail}${hint ? ` (${hint})` : ''}`, {
      sent: code === 'api-refused' || code === 'api-tls' ? false : sent,
      cause: error,
    });
  }
}

const hints: Partial<Record<TransportErrorCode, string>> = {
  'api-refused': 'is the API server running there?',
  'api-tls': "check the certificate authority and the server's name",
};

const refusedCodes = new Set(['ECONNREFUSED', 'ENOENT']);
const unreachableCodes = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'EADDRNOTAVAIL',
  'EACCES',
]);

function classify(system: string, sent: boolean): TransportErrorCode {
  if (refusedCodes.has(system)) return 'api-refused';
  if (unreachableCodes.has(system)) return 'api-unreachable';
  if (/^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|ERR_OSSL)/.test(system)) return 'api-tls';
  return sent ? 'api-connection-lost' : 'api-unreachable';
}

function systemCodeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' ? code : '';
}
