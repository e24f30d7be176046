/**
 * The hub's door for pods and for what runs on the machine: HTTPS, HTTP/2 and HTTP/1.1, on addresses of the machine alone.
 *
 * Everybody who comes in shows a bearer token; whoever shows none is sent away with 401, whatever he asks for and whether
 * there is a link or not. Nothing that he sends beside it says who he is: headers by which proxies vouch for others are
 * dropped. What he asks goes on in his name. How much he may send, and how often, is bounded before he is known.
 */
import http from 'node:http';
import http2 from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { ApiError } from '@skerry/api';
import { describeError, type Clock, type Logger } from '@skerry/base';
import type { TransportRequest, TransportResponse } from '@skerry/client';
import { errorResponse } from '#answer/answers.ts';
import type { Caller } from '#contract.ts';
import { DoorLimits } from '#server/door-limits.ts';
import { hopByHop, isOnward } from '#server/onward-headers.ts';
import { passUpgrade, type ServerName } from '#server/upgrade.ts';

export interface HubServerOptions {
  readonly hub: {
    identify(token: string): Promise<Caller>;
    answer(request: TransportRequest, caller: Caller): Promise<TransportResponse>;
  };
  /** PEM. */
  readonly certificate: { readonly certificatePem: string; readonly keyPem: string };
  /** Each is listened on; one that is not there is left out, and told of in the log. */
  readonly addresses: readonly string[];
  readonly port: number;
  /**
   * A connection to the API server that carries no identity of the node, for HTTP/1.1 and what becomes of it after an
   * Upgrade; rejects while there is no way there.
   */
  readonly dialCenter: () => Promise<Duplex>;
  /** How that server is called; unset: as its own cluster calls it. */
  readonly center?: ServerName;
  readonly limits?: DoorLimits;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface HubServer {
  /** Of the first address. */
  readonly port: number;
  /** New connections get this certificate. */
  renew(certificate: HubServerOptions['certificate']): void;
  close(): Promise<void>;
}

const bodyBytesMax = 3 << 20;
const connectionsMax = 1_024;
const streamsMax = 250;
const headersTimeoutMs = 10_000;
const requestTimeoutMs = 60_000;

type Request = http.IncomingMessage | http2.Http2ServerRequest;
type Response = http.ServerResponse | http2.Http2ServerResponse;

/** Throws when none of the addresses can be listened on. */
export async function listenHub(options: HubServerOptions): Promise<HubServer> {
  const door = new Door(options);
  const servers: http2.Http2SecureServer[] = [];
  let failure: unknown;
  for (const address of options.addresses) {
    const server = door.server();
    try {
      await listening(server, { host: address, port: options.port });
      servers.push(server);
    } catch (error) {
      failure = error;
      options.log.warn('hub does not listen', { address, port: options.port, error: describeError(error) });
    }
  }
  if (servers.length === 0) throw failure;
  return {
    port: (servers[0]!.address() as AddressInfo).port,
    renew({ certificatePem, keyPem }) {
      for (const server of servers) server.setSecureContext({ cert: certificatePem, key: keyPem });
    },
    async close() {
      const closed = servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
      door.close();
      await Promise.all(closed);
    },
  };
}

class Door {
  readonly #options: HubServerOptions;
  readonly #limits: DoorLimits;
  readonly #sockets = new Set<Socket>();

  constructor(options: HubServerOptions) {
    this.#options = options;
    this.#limits = options.limits ?? new DoorLimits({ clock: options.clock });
  }

  server(): http2.Http2SecureServer {
    const { certificate, log } = this.#options;
    const server = http2.createSecureServer({
      cert: certificate.certificatePem,
      key: certificate.keyPem,
      allowHTTP1: true,
      minVersion: 'TLSv1.2',
      handshakeTimeout: headersTimeoutMs,
      settings: { maxConcurrentStreams: streamsMax },
      // Of HTTP/1.1.
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
    } as http2.SecureServerOptions);
    server.maxConnections = connectionsMax;
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    server.on('sessionError', (error) =>
      log.debug('session of the hub broke', { error: describeError(error) }),
    );
    server.on('tlsClientError', (error: Error) =>
      log.debug('TLS handshake failed', { error: error.message }),
    );
    server.on('request', (request, response) => {
      void this.#serve(request, response);
    });
    server.on('upgrade', (request: http.IncomingMessage, socket: Duplex, head: Buffer) => {
      void this.#upgrade(request, socket, head);
    });
    return server;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async #serve(request: Request, response: Response): Promise<void> {
    const gone = new AbortController();
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    response.once('close', () => gone.abort(new Error('the client has gone')));
    const leave = this.#limits.enter(addressOf(request));
    try {
      const answer = leave ? await this.#answer(request, gone.signal) : errorResponse(tooMany());
      await send(response, answer, gone.signal);
    } catch (error) {
      if (gone.signal.aborted) return;
      this.#options.log.debug('answer of the hub broke off', { error: describeError(error) });
      if (response.headersSent) breakOff(response);
      else await send(response, errorResponse(error), gone.signal).catch(() => breakOff(response));
    } finally {
      leave?.();
    }
  }

  async #answer(request: Request, signal: AbortSignal): Promise<TransportResponse> {
    const { hub } = this.#options;
    try {
      const method = methodOf(request.method);
      const token = bearerOf(request.headers.authorization);
      const caller = await hub.identify(token);
      const body = method === 'GET' ? undefined : await bodyOf(request);
      const headers = onward(request.headers);
      const path = request.url ?? '/';
      if (!path.startsWith('/')) throw new ApiError('BadRequest', 'the path of a request begins with /');
      return await hub.answer({ method, path, headers, signal, ...(body ? { body } : {}) }, caller);
    } catch (error) {
      signal.throwIfAborted();
      return errorResponse(error);
    }
  }

  async #upgrade(request: http.IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => socket.destroy());
    const leave = this.#limits.enter(addressOf(request));
    try {
      if (!leave) throw tooMany();
      await this.#options.hub.identify(bearerOf(request.headers.authorization));
      await passUpgrade({ request, socket, head }, this.#options);
    } catch (error) {
      await refuse(socket, errorResponse(error));
    } finally {
      leave?.();
    }
  }
}

function addressOf({ socket }: Request): string {
  return socket?.remoteAddress ?? '';
}

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

function methodOf(method: string | undefined): (typeof methods)[number] {
  const known = methods.find((each) => each === method);
  if (!known)
    throw new ApiError('MethodNotAllowed', `method ${method ?? ''} is not served by the hub of a node`);
  return known;
}

/** @throws ApiError Unauthorized for everything but one bearer token. */
function bearerOf(authorization: string | undefined): string {
  const [, token] = /^bearer +([\x21-\x7e]+)$/i.exec(authorization ?? '') ?? [];
  if (!token) throw new ApiError('Unauthorized', 'Unauthorized');
  return token;
}

async function bodyOf(request: Request): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > bodyBytesMax)
      throw new ApiError('RequestEntityTooLarge', `Request entity too large: limit is ${bodyBytesMax}`);
    chunks.push(chunk);
  }
  return length === 0 ? undefined : Buffer.concat(chunks, length);
}

function onward(headers: http.IncomingHttpHeaders): TransportRequest['headers'] {
  const kept: Record<string, string | readonly string[]> = {};
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined && isOnward(name.toLowerCase())) kept[name.toLowerCase()] = value;
  return kept;
}

async function send(response: Response, answer: TransportResponse, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  // Both kinds of response take the same calls; only their types differ.
  const to = response as http.ServerResponse;
  const headers = Object.entries(answer.headers).filter(([name]) => !hopByHop.has(name.toLowerCase()));
  to.writeHead(answer.status, Object.fromEntries(headers));
  to.flushHeaders();
  for await (const chunk of answer.body) {
    if (signal.aborted) return;
    if (!to.write(chunk)) await drained(to, signal);
  }
  to.end();
}

function drained(response: http.ServerResponse, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      response.off('drain', settle);
      signal.removeEventListener('abort', settle);
      resolve();
    };
    response.once('drain', settle);
    signal.addEventListener('abort', settle, { once: true });
    if (signal.aborted) settle();
  });
}

function breakOff(response: Response): void {
  if (response instanceof http2.Http2ServerResponse)
    response.stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
  else response.destroy();
}

async function refuse(socket: Duplex, { status, headers, body }: TransportResponse): Promise<void> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  const text = Buffer.concat(chunks);
  const lines = Object.entries({ ...headers, 'content-length': String(text.length), connection: 'close' });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  if (socket.destroyed) return;
  socket.end(`HTTP/1.1 ${status} ${http.STATUS_CODES[status] ?? 'Error'}\r\n${head}\r\n${text.toString()}`);
}

function tooMany(): ApiError {
  return new ApiError('TooManyRequests', 'Too many requests, please try again later.', {
    details: { retryAfterSeconds: 1 },
  });
}

function listening(
  server: http2.Http2SecureServer,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
