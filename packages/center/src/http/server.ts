/**
 * The HTTPS server of the console: files, routes and WebSockets behind one gate.
 *
 * What it promises to routes: the caller is authenticated, a request that changes something came from the console's own pages,
 * the body is of a type that the route takes, and headers by which others might speak for the caller are gone. What it promises
 * to everyone: answers carry the security headers, failures are `Status` objects, and no client can hold more than it is given:
 * connections, requests at once, header and body bytes, time.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import http2, { type Http2SecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { ApiError, badRequest, notFound } from '@skerry/api';
import { type Clock, describeError, type Logger, SkerryError } from '@skerry/base';
import { statusOf } from '#http/answer.ts';
import { bodyBytesDefault, parseJson, readBody } from '#http/body.ts';
import type { Caller } from '#http/caller.ts';
import type { AuditSink, Credentials, Gate } from '#http/gate.ts';
import type {
  AnonymousRequest,
  AuditNote,
  CenterResponse,
  Method,
  PublicRoute,
  Route,
  SocketRoute,
} from '#http/route.ts';
import { type Match, Router } from '#http/router.ts';
import { securityHeaders, securityHeadersOfLocal } from '#http/security-headers.ts';
import { Sockets, splitTarget } from '#http/sockets.ts';
import type { StaticFiles } from '#http/static-files.ts';

export interface CenterServerOptions {
  readonly address: string;
  readonly port: number;
  /** PEM. */
  readonly certificate: { readonly certificatePem: string; readonly keyPem: string };
  readonly routes: readonly (Route | PublicRoute)[];
  readonly sockets: readonly SocketRoute[];
  readonly gate: Gate;
  readonly audit: AuditSink;
  /** The console; without it only `/api/` is served. */
  readonly files?: StaticFiles;
  /** `host:port` by which clients may ask; any unless given. */
  readonly hosts?: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
}

export interface CenterServer {
  readonly port: number;
  /** New connections get this certificate. */
  renew(certificate: CenterServerOptions['certificate']): void;
  close(): Promise<void>;
}

const connectionsMax = 4096;
const connectionsPerAddressMax = 256;
const requestsPerCallerMax = 64;
const anonymousRequestsMax = 256;
const headerBytesMax = 32 * 1024;
const headersTimeoutMs = 15_000;
const idleMs = 90_000;
const targetLengthMax = 8 * 1024;

type Incoming = IncomingMessage | Http2ServerRequest;
type Outgoing = ServerResponse | Http2ServerResponse;
type AnyRoute = Route | PublicRoute;

export async function startCenterServer(options: CenterServerOptions): Promise<CenterServer> {
  const server = new Server(options);
  await server.listen();
  return server;
}

const methods = new Set<string>(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);

class Server implements CenterServer {
  readonly #options: CenterServerOptions;
  readonly #server: Http2SecureServer;
  readonly #router: Router<AnyRoute>;
  readonly #sockets: Sockets;
  readonly #connections = new Map<TLSSocket | Duplex, string>();
  readonly #perAddress = new Map<string, number>();
  readonly #inFlight = new Map<string, number>();

  constructor(options: CenterServerOptions) {
    this.#options = options;
    this.#router = new Router<AnyRoute>(options.routes);
    this.#sockets = new Sockets({ ...options, routes: options.sockets });
    const { certificate } = options;
    this.#server = http2.createSecureServer({
      key: certificate.keyPem,
      cert: certificate.certificatePem,
      minVersion: 'TLSv1.2',
      allowHTTP1: true,
      handshakeTimeout: headersTimeoutMs,
      maxSessionMemory: 32,
      maxHeaderSize: headerBytesMax,
      headersTimeout: headersTimeoutMs,
      requestTimeout: 60_000,
      connectionsCheckingInterval: headersTimeoutMs / 3,
      keepAliveTimeout: idleMs,
      settings: { maxConcurrentStreams: 128, maxHeaderListSize: headerBytesMax },
    } as http2.SecureServerOptions);
    this.#server.maxConnections = connectionsMax;
    this.#server.on('connection', (socket: Duplex & { remoteAddress?: string }) => this.#admit(socket));
    this.#server.on('session', (session) => {
      session.on('error', () => undefined);
      session.setTimeout(idleMs, () => session.close());
    });
    this.#server.on('request', (request: Incoming, response: Outgoing) => {
      void this.#handle(request, response).catch((error: unknown) => {
        this.#options.log.error('request handler failed', { error: describeError(error) });
        breakOff(response);
      });
    });
    this.#server.on('upgrade', (message: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on('error', () => undefined);
      void this.#upgrade(message, socket, head);
    });
    this.#server.on('tlsClientError', (_error, socket) => socket.destroy());
    this.#server.on('clientError', (_error: Error, socket: Duplex) => {
      if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n');
      socket.destroy();
    });
    this.#server.on('error', (error) => {
      options.log.error('console server failed', { error: describeError(error) });
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async listen(): Promise<void> {
    const { address, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause: NodeJS.ErrnoException) => {
        const code = cause.code === 'EADDRINUSE' ? 'address-in-use' : 'address-unusable';
        reject(new SkerryError(code, `cannot listen on ${address}:${port} for the console`, { cause }));
      });
      this.#server.listen({ host: address, port }, resolve);
    });
  }

  renew({ keyPem, certificatePem }: CenterServerOptions['certificate']): void {
    this.#server.setSecureContext({ key: keyPem, cert: certificatePem, minVersion: 'TLSv1.2' });
  }

  async close(): Promise<void> {
    this.#sockets.close();
    const closed = new Promise<void>((resolve) => void this.#server.close(() => resolve()));
    for (const socket of this.#connections.keys()) socket.destroy();
    await closed;
  }

  #admit(socket: Duplex & { remoteAddress?: string }): void {
    const address = socket.remoteAddress ?? '';
    const count = this.#perAddress.get(address) ?? 0;
    if (count >= connectionsPerAddressMax) {
      socket.destroy();
      return;
    }
    this.#perAddress.set(address, count + 1);
    this.#connections.set(socket, address);
    socket.once('close', () => {
      this.#connections.delete(socket);
      const left = (this.#perAddress.get(address) ?? 1) - 1;
      if (left > 0) this.#perAddress.set(address, left);
      else this.#perAddress.delete(address);
    });
  }

  async #handle(request: Incoming, response: Outgoing): Promise<void> {
    response.on('error', () => undefined);
    const method = request.method ?? '';
    const aborter = new AbortController();
    response.once('close', () => aborter.abort());
    const note: AuditNote = { action: `${method} ?`, keep: method !== 'GET' && method !== 'HEAD' };
    let user = '';
    let answer: CenterResponse;
    const credentials = this.#credentials(request);
    try {
      const target = this.#target(request);
      this.#checkHost(credentials);
      if (!target.path.startsWith('/api/')) answer = this.#file(request, target.path);
      else {
        const found = this.#route(target.path, method);
        answer = await this.#call(found, {
          request,
          credentials,
          target,
          note,
          aborter,
          as: (name) => (user = name),
        });
      }
    } catch (error) {
      const status = statusOf(error, this.#options.log, note.action);
      note.message ??= status.message ?? '';
      answer = failure(status);
    }
    if (note.keep) {
      const { keep: _keep, ...entry } = note;
      const sourceAddress = credentials.remoteAddress;
      const code = note.code ?? answer.status;
      this.#options.audit.record({
        ...entry,
        user: note.user ?? user,
        stranger: user === '',
        sourceAddress,
        code,
      });
    }
    await send(request, response, answer);
  }

  async #call(
    { route, params }: Match<AnyRoute>,
    given: {
      request: Incoming;
      credentials: Credentials;
      target: { path: string; query: URLSearchParams };
      note: AuditNote;
      aborter: AbortController;
      as: (user: string) => void;
    },
  ): Promise<CenterResponse> {
    const { gate, clock } = this.#options;
    const { request, credentials, target, note, aborter } = given;
    note.action = route.action ?? `${route.method} ${route.pattern}`;
    if (params['cluster']) note.cluster = params['cluster'];
    if (!(route.public && route.fromServers)) gate.checkOrigin(credentials);
    // Whoever signs in may still hold what is left of an old session.
    const asked = gate.caller(credentials);
    const caller = await (route.public ? asked.catch(() => undefined) : asked);
    if (caller) given.as(caller.user);
    checkContentType(route, credentials);
    const declared = credentials.header('content-length');
    const body = (bytesMax = bodyBytesDefault) => readBody(request, { bytesMax, declared, clock });
    const base: AnonymousRequest = {
      method: route.method,
      path: target.path,
      params,
      query: target.query,
      header: credentials.header,
      remoteAddress: credentials.remoteAddress,
      origin: credentials.origin,
      signal: caller ? AbortSignal.any([aborter.signal, caller.ended]) : aborter.signal,
      audit: note,
      body,
      json: async (bytesMax) => parseJson(await body(bytesMax)),
    };
    const leave = this.#begin(caller);
    try {
      if (route.public) return await route.handle({ ...base, caller });
      if (!caller) throw new ApiError('Unauthorized', 'sign in first');
      gate.checkReady(caller, { ...route, cluster: params['cluster'] });
      return await route.handle({ ...base, caller });
    } finally {
      leave();
    }
  }

  /** Bounds what one caller, and all strangers together, may ask at once. Throws 429. */
  #begin(caller: Caller | undefined): () => void {
    const key = caller?.sessionId ?? '';
    const max = caller ? requestsPerCallerMax : anonymousRequestsMax;
    const count = this.#inFlight.get(key) ?? 0;
    if (count >= max) throw new ApiError('TooManyRequests', `more than ${max} requests at once`);
    this.#inFlight.set(key, count + 1);
    return () => {
      const left = (this.#inFlight.get(key) ?? 1) - 1;
      if (left > 0) this.#inFlight.set(key, left);
      else this.#inFlight.delete(key);
    };
  }

  #route(path: string, method: string): Match<AnyRoute> {
    const matches = this.#router.find(path);
    const match = matches.find(({ route }) => route.method === method);
    if (match) return match;
    if (matches.length === 0) throw notFound({ group: '', resource: 'paths' }, path);
    throw new ApiError(
      'MethodNotAllowed',
      `${methods.has(method) ? method : 'this method'} is not allowed here`,
    );
  }

  #file(request: Incoming, path: string): CenterResponse {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      throw new ApiError('MethodNotAllowed', 'files are only read');
    }
    const answer = this.#options.files?.answer(path, headerReader(request));
    if (!answer) throw notFound({ group: '', resource: 'paths' }, path);
    return answer;
  }

  #target(request: Incoming): { path: string; query: URLSearchParams } {
    const target = request.url ?? '';
    if (target.length > targetLengthMax)
      throw new ApiError('BadRequest', 'the address is too long', { code: 414 });
    const parts = splitTarget(target);
    if (!isPlainPath(parts.path)) throw badRequest('the path is not a plain path');
    return parts;
  }

  #credentials(request: Incoming): Credentials {
    const header = headerReader(request);
    const host = header(':authority') ?? header('host') ?? '';
    return {
      method: (request.method ?? 'GET') as Method,
      header: (name) => (isForged(name) ? undefined : header(name)),
      origin: `https://${host}`,
      remoteAddress: request.socket?.remoteAddress ?? '',
    };
  }

  #checkHost({ origin }: Credentials): void {
    const { hosts } = this.#options;
    if (hosts && !hosts.includes(origin.slice('https://'.length))) {
      throw new ApiError('BadRequest', 'this server does not answer under that name', { code: 421 });
    }
  }

  async #upgrade(message: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const credentials = this.#credentials(message);
    await this.#sockets.upgrade(message, { socket, head, credentials });
  }
}

/** A path as browsers send it: no dots that lead elsewhere, no second slash, nothing that another reader would take for either. */
export function isPlainPath(path: string): boolean {
  if (!path.startsWith('/') || /[\\#\p{Cc}]|\/\/|%(?:2f|5c|00)/iu.test(path)) return false;
  return !path.split('/').some((segment) => /^(?:\.|%2e){1,2}$/i.test(segment));
}

/** Headers by which a client would speak for somebody else, or for a proxy; nobody behind this server ever sees them. */
function isForged(name: string): boolean {
  return /^(?:impersonate-|x-forwarded-|x-remote-|x-real-ip$|forwarded$)/.test(name);
}

function headerReader(request: Incoming): (name: string) => string | undefined {
  return (name) => {
    const value = request.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  };
}

function checkContentType(route: AnyRoute, { header }: Credentials): void {
  if (route.method === 'GET') return;
  const type = header('content-type')?.split(';')[0]?.trim().toLowerCase();
  const empty = (header('content-length') ?? '0') === '0' && header('transfer-encoding') === undefined;
  if (type === undefined && empty) return;
  const accepted = ['application/json', ...(route.contentTypes ?? [])];
  if (type !== undefined && accepted.includes(type)) return;
  throw new ApiError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  );
}

function failure(status: { readonly code: number }): CenterResponse {
  const { code } = status;
  return {
    status: code,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(status),
  };
}

async function send(request: Incoming, response: Outgoing, answer: CenterResponse): Promise<void> {
  if (response.headersSent || response.destroyed) return;
  const isApi = (request.url ?? '').startsWith('/api/');
  const headers: Record<string, string | readonly string[]> = {
    ...(isLocal(request) ? securityHeadersOfLocal : securityHeaders),
    ...(isApi ? { 'cache-control': 'no-store' } : {}),
    ...answer.headers,
  };
  // A body that nobody read would be taken for the next request.
  const unread = !request.complete && request.httpVersionMajor === 1;
  for (const [name, value] of Object.entries(headers)) {
    response.setHeader(name, typeof value === 'string' ? value : [...value]);
  }
  if (unread) response.setHeader('connection', 'close');
  response.statusCode = answer.status;
  const { body } = answer;
  const bodyless = request.method === 'HEAD' || answer.status === 204 || answer.status === 304;
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) {
    const bytes = body === undefined ? Buffer.alloc(0) : Buffer.from(body as string);
    if (answer.status !== 204 && answer.status !== 304) {
      response.setHeader('content-length', String(bytes.length));
    }
    end(response, bodyless ? undefined : bytes);
  } else await stream(response, body);
  if (unread) request.resume();
}

/** Browsers would refuse plain HTTP to every program of the machine, whatever its port. */
function isLocal(request: Incoming): boolean {
  const read = headerReader(request);
  return /^(?:[^:]+\.)?localhost(?::\d+)?$/i.test(read(':authority') ?? read('host') ?? '');
}

function end(response: Outgoing, bytes: Buffer | undefined): void {
  if (bytes && bytes.length > 0) (response as ServerResponse).end(bytes);
  else response.end();
}

async function stream(response: Outgoing, body: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    for await (const chunk of body) {
      if (response.destroyed) return;
      const flows = (response as ServerResponse).write(chunk);
      if (!flows) {
        await new Promise<void>((resolve) => {
          response.once('drain', resolve);
          response.once('close', resolve);
        });
      }
    }
    response.end();
  } catch {
    // The answer has begun: only its breaking off can still say that it is not whole.
    breakOff(response);
  }
}

function breakOff(response: Outgoing): void {
  if ('stream' in response) response.stream.destroy();
  else response.destroy();
}
