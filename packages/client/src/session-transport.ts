/**
 * Requests over an HTTP/2 session: the one way in which many watches share one connection. The session may be somebody
 * else's (the link's `up` session), so this file opens and closes streams and never the session.
 */
import http2 from 'node:http2';
import { StreamBody } from '#stream-body.ts';
import { TransportError } from '#transport.ts';
import type { Transport, TransportRequest, TransportResponse } from '#transport.ts';

export interface SessionRequestOptions {
  /** How errors name the other end. */
  readonly server: string;
  readonly authority: string;
  readonly scheme: 'https' | 'http';
  /** Told of the stream that carries a request. */
  readonly onStream?: OnStream;
}

export type OnStream = (stream: http2.ClientHttp2Stream, request: TransportRequest) => void;

/** One request on a session; resolves when the response's headers are there. */
export function requestOnSession(
  session: http2.ClientHttp2Session,
  request: TransportRequest,
  { server, authority, scheme, onStream }: SessionRequestOptions,
): Promise<TransportResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<TransportResponse>();
  if (request.signal?.aborted) {
    reject(request.signal.reason);
    return promise;
  }
  let stream: http2.ClientHttp2Stream;
  try {
    stream = session.request(
      {
        ':method': request.method,
        ':path': request.path,
        ':authority': authority,
        ':scheme': scheme,
        ...request.headers,
        // A server that keeps requests waiting reckons with the most for a body of unknown length, and soon takes no more.
        ...(request.body === undefined ? {} : { 'content-length': Buffer.byteLength(request.body) }),
      },
      { endStream: request.body === undefined },
    );
  } catch (error) {
    reject(TransportError.from(error, { request, server, sent: false }));
    return promise;
  }
  onStream?.(stream, request);
  const body = new StreamBody(stream);
  let answered = false;
  const onAbort = () => stream.close(http2.constants.NGHTTP2_CANCEL);
  request.signal?.addEventListener('abort', onAbort, { once: true });
  stream.once('response', (headers) => {
    answered = true;
    resolve({
      status: headers[':status'] ?? 0,
      headers: flatten(headers),
      body: readBody(body, { request, server }),
    });
  });
  // Kept for the whole life of the stream: an error after the answer must not become an uncaught one.
  stream.on('error', (error) => {
    if (!answered) reject(TransportError.from(error, { request, server, sent: !isRefusedStream(stream) }));
  });
  stream.once('close', () => {
    request.signal?.removeEventListener('abort', onAbort);
    if (answered) return;
    if (request.signal?.aborted) reject(request.signal.reason);
    else {
      const sent = !isRefusedStream(stream);
      reject(TransportError.from(new Error('the stream ended without an answer'), { request, server, sent }));
    }
  });
  if (request.body !== undefined) stream.end(request.body);
  return promise;
}

/** A stream that the peer refused, or that never left, was not processed (RFC 9113, 8.7). */
function isRefusedStream(stream: http2.ClientHttp2Stream): boolean {
  return stream.rstCode === http2.constants.NGHTTP2_REFUSED_STREAM || stream.pending;
}

async function* readBody(
  body: StreamBody,
  { request, server }: { request: TransportRequest; server: string },
): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
    request.signal?.throwIfAborted();
  } catch (error) {
    request.signal?.throwIfAborted();
    throw TransportError.from(error, { request, server, sent: true });
  }
}

function flatten(headers: http2.IncomingHttpHeaders): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(':') || value === undefined) continue;
    flat[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}

/**
 * A transport over a session that somebody else opens, replaces and closes. Each request asks for the session anew;
 * while there is none, requests fail at once with `api-unreachable`.
 */
export function createHttp2SessionTransport(
  getSession: () => http2.ClientHttp2Session | undefined,
  {
    server = 'the link',
    authority = 'kubernetes.default.svc',
    onStream,
  }: { server?: string; authority?: string; onStream?: OnStream } = {},
): Transport {
  return {
    async request(request) {
      const session = getSession();
      if (!session || session.closed || session.destroyed) {
        throw new TransportError(
          'api-unreachable',
          `${request.method} ${request.path.split('?')[0]} at ${server}: not connected`,
          { sent: false },
        );
      }
      return requestOnSession(session, request, {
        server,
        authority,
        scheme: 'https',
        ...(onStream ? { onStream } : {}),
      });
    },
    close() {
      // The session's owner closes it.
    },
  };
}
