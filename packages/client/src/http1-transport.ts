/** Requests over HTTP/1.1 with kept-alive connections: Unix sockets, plain HTTP, and TLS servers that speak no HTTP/2. */
import http from 'node:http';
import https from 'node:https';
import { TransportError } from '#transport.ts';
import type { Transport, TransportRequest, TransportResponse } from '#transport.ts';

/** Sends one request with `node:http(s)`; resolves when the response's headers are there. */
export function requestOverHttp1(
  options: http.RequestOptions & { readonly server: string; readonly secure: boolean },
  request: TransportRequest,
): Promise<TransportResponse> {
  const { server, secure, ...rest } = options;
  const { promise, resolve, reject } = Promise.withResolvers<TransportResponse>();
  if (request.signal?.aborted) {
    reject(request.signal.reason);
    return promise;
  }
  const sending = (secure ? https : http).request({
    ...rest,
    method: request.method,
    path: request.path,
    headers: { ...outgoing(request.headers), ...lengthOf(request) },
    signal: request.signal,
  });
  let sent = false;
  sending.once('socket', (socket) => {
    if (socket.connecting) socket.once(secure ? 'secureConnect' : 'connect', () => (sent = true));
    else sent = true;
  });
  sending.on('error', (error) => {
    if (request.signal?.aborted) reject(request.signal.reason);
    // A kept-alive connection that the server closed just then has not carried the request.
    else reject(TransportError.from(error, { request, server, sent: sent && !isStale(sending, error) }));
  });
  sending.once('response', (response) => {
    resolve({
      status: response.statusCode ?? 0,
      headers: flatten(response.headers),
      body: readBody(response, { request, server }),
    });
  });
  sending.end(request.body);
  return promise;
}

function isStale(outgoing: http.ClientRequest, error: NodeJS.ErrnoException): boolean {
  return outgoing.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
}

function outgoing(headers: TransportRequest['headers']): http.OutgoingHttpHeaders {
  const lists = Object.entries(headers).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : [...value],
  ]);
  return Object.fromEntries(lists) as http.OutgoingHttpHeaders;
}

function lengthOf({ body }: TransportRequest): Record<string, string> {
  return body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
}

async function* readBody(
  response: http.IncomingMessage,
  { request, server }: { request: TransportRequest; server: string },
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of response) yield chunk as Uint8Array;
  } catch (error) {
    request.signal?.throwIfAborted();
    throw TransportError.from(error, { request, server, sent: true });
  } finally {
    if (!response.complete) response.destroy();
  }
}

function flatten(headers: http.IncomingHttpHeaders): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}

/** A server on a Unix socket, as `skerry server` gives to its children; the token still says who asks. */
export function createUnixTransport({
  socketPath,
  token,
}: {
  readonly socketPath: string;
  readonly token?: string;
}): Transport {
  const agent = new http.Agent({ keepAlive: true, maxSockets: Infinity, maxFreeSockets: 32 });
  const authorization: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
  return {
    request: (request) =>
      requestOverHttp1(
        { server: `unix:${socketPath}`, secure: false, socketPath, agent },
        { ...request, headers: { host: 'localhost', ...authorization, ...request.headers } },
      ),
    close: () => agent.destroy(),
  };
}
