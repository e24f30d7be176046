import { createServer, type IncomingMessage, type Server } from 'node:http';
import { performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { chmod, rm } from 'node:fs/promises';
import { createServer as createNetServer, type Server as NetServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { describeError, type Logger } from '@skerry/base';
import { AuditNotes } from '#audit/audit-notes.ts';
import { ConnectionLimits, type ConnectionRefusal } from '#http/connection-limits.ts';
import type { AcceptedConnection } from '#ports.ts';
import type { Exchange } from '#http/exchange.ts';
import { Http1Exchange } from '#http/http1-exchange.ts';
import { Http2Exchange } from '#http/http2-exchange.ts';

export interface UpgradeRequest {
  readonly exchange: Pick<
    Exchange,
    | 'method'
    | 'target'
    | 'path'
    | 'query'
    | 'headers'
    | 'headerValues'
    | 'peer'
    | 'remoteAddress'
    | 'signal'
    | 'audit'
  >;
  readonly message: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

const ignored = () => undefined;

/**
 * Node keeps a stream that has closed until all of the heap is looked through, and with it what its listeners hold: the request,
 * the object that it changed, its answer. Without them that is garbage at once.
 */
function letGo(stream: ServerHttp2Stream): void {
  stream.removeAllListeners();
  stream.on('error', ignored);
}

/** What the front hands requests to. Neither may reject. */
export interface RequestHandler {
  handle(exchange: Exchange): Promise<void>;
  upgrade(request: UpgradeRequest): Promise<void>;
}

/**
 * Streams that one HTTP/2 connection may hold open; each watch is one. Streams that are opened to be reset count against a
 * rate that Node keeps by itself: a thousand at once, then some thirty a second, beyond which it ends the connection.
 */
const streamsPerConnectionMax = 1000;

/** A connection on which nothing happens for this long is closed, in order: clients open another. */
const idleMsDefault = 90_000;

/** Bytes that a client may send on one stream, and on one connection, before they are read: an agent's logs and its tunnels flow over long ways. */
const windowBytes = 1 << 20;
/** Node counts streams and their buffers against it, in MB, and refuses new streams beyond; its default of 10 is a few hundred watches. */
const sessionMemoryMb = 256;

/** Headers of one request; tokens and impersonated extras fit. */
const headerBytesMax = 64 * 1024;
/** A client that is still sending sees an answer only if what it sends is read for a while. */
const refusalLingerMs = 1_000;

const refusals: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

const refused = new WeakSet<Duplex>();

/** Answers what could not be read as a request, and ends its connection. What still comes in fails again, and again is told here. */
function refuseRequest(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (refused.has(socket)) return;
  refused.add(socket);
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const status = refusals[error.code ?? ''] ?? '400 Bad Request';
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${status}`,
  );
  socket.resume();
  setTimeout(() => socket.destroy(), refusalLingerMs).unref();
}

export interface FrontOptions {
  readonly headersTimeoutMs?: number;
  readonly idleMs?: number;
  readonly limits?: ConnectionLimits;
  /** How likely a request over HTTP/2 ends its connection once all on it is answered; never unless told. */
  readonly goaway?: { readonly chance: number; readonly random: () => number };
  /** Told of every connection that was one too many. */
  readonly onRefused?: (why: ConnectionRefusal) => void;
}

function closeWhenIdle(session: ServerHttp2Session, idleMs: number): void {
  let open = 0;
  session.on('stream', (stream) => {
    open++;
    stream.once('close', () => open--);
  });
  session.setTimeout(idleMs, () => {
    if (open === 0) session.close();
  });
}

/**
 * Speaks HTTP/1.1 and HTTP/2 on connections that others accepted. TLS, ALPN and client certificates are the acceptor's
 * work; what it found travels with the connection and is given to every request on it.
 */
export class HttpFront {
  readonly #handler: RequestHandler;
  readonly #log: Logger;
  readonly #http1: Server;
  readonly #origins = new WeakMap<object, AcceptedConnection>();
  readonly #streams = new Set<Duplex>();
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #listeners = new Set<NetServer>();
  readonly #idleMs: number;
  readonly #limits: ConnectionLimits;
  readonly #goaway: FrontOptions['goaway'];
  readonly #onRefused: (why: ConnectionRefusal) => void;
  #closed = false;

  constructor(handler: RequestHandler, log: Logger, options: FrontOptions = {}) {
    const { headersTimeoutMs = 30_000, idleMs = idleMsDefault } = options;
    this.#handler = handler;
    this.#log = log;
    this.#idleMs = idleMs;
    this.#goaway = options.goaway;
    this.#limits = options.limits ?? new ConnectionLimits();
    this.#onRefused = options.onRefused ?? (() => {});
    this.#http1 = createServer({
      keepAliveTimeout: idleMs,
      headersTimeout: headersTimeoutMs,
      // A body may take as long as its request: the pipeline ends what isn't a stream.
      requestTimeout: 0,
      connectionsCheckingInterval: headersTimeoutMs / 6,
      maxHeaderSize: headerBytesMax,
    });
    // Node watches over slow headers only once a server listens. This one never does: others accept for it.
    this.#http1.emit('listening');
    this.#http1.on('request', (request, response) => {
      response.on('error', (error) => this.#log.debug('answer broke', { error: describeError(error) }));
      this.#guard(this.#handler.handle(new Http1Exchange(request, response, this.#originOf(request.socket))));
    });
    this.#http1.on('upgrade', (message: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.#upgrade(message, socket, head);
    });
    this.#http1.on('clientError', (error: NodeJS.ErrnoException, socket) => refuseRequest(error, socket));
  }

  accept(connection: AcceptedConnection): void {
    const { stream } = connection;
    if (this.#closed) {
      stream.destroy();
      return;
    }
    const { peer, remoteAddress } = connection;
    const leave = this.#limits.enter({ user: peer?.user, remoteAddress });
    if (typeof leave === 'string') {
      this.#onRefused(leave);
      this.#log.debug('connection refused', { why: leave, user: peer?.user, remoteAddress });
      stream.destroy();
      return;
    }
    this.#streams.add(stream);
    stream.once('close', () => {
      this.#streams.delete(stream);
      leave();
    });
    stream.on('error', (error) => this.#log.debug('connection broke', { error: describeError(error) }));
    if (connection.protocol === 'h2') {
      this.#acceptHttp2(connection);
    } else {
      this.#origins.set(stream, connection);
      this.#http1.emit('connection', stream);
    }
  }

  /** Plain HTTP on a socket file of mode 0600, for processes of the same user. */
  async listenUnix(path: string): Promise<void> {
    await rm(path, { force: true });
    await this.#listen({ path });
    await chmod(path, 0o600);
  }

  /** Plain HTTP on loopback; returns the port. For tests. */
  async listenLoopback(port = 0): Promise<number> {
    const address = (await this.#listen({ host: '127.0.0.1', port })).address();
    return typeof address === 'object' && address ? address.port : port;
  }

  /** Ends every connection; what is being answered is cut. */
  async close(): Promise<void> {
    this.#closed = true;
    const closing = [...this.#listeners].map(
      (server) => new Promise<void>((resolve) => void server.close(() => resolve())),
    );
    for (const session of this.#sessions) session.destroy();
    for (const stream of this.#streams) stream.destroy();
    this.#http1.close();
    this.#http1.closeAllConnections();
    await Promise.all(closing);
  }

  async #listen(where: { path: string } | { host: string; port: number }): Promise<NetServer> {
    const server = createNetServer((socket: Socket) => {
      socket.setNoDelay(true);
      this.accept({ stream: socket, protocol: 'http/1.1', remoteAddress: socket.remoteAddress });
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(where, () => {
        server.off('error', reject);
        resolve();
      });
    });
    this.#listeners.add(server);
    return server;
  }

  #acceptHttp2(connection: AcceptedConnection): void {
    const session = performServerHandshake(connection.stream, {
      maxSessionMemory: sessionMemoryMb,
      settings: { maxConcurrentStreams: streamsPerConnectionMax, initialWindowSize: windowBytes },
    });
    session.setLocalWindowSize(windowBytes);
    // A machine's link is kept by whoever holds it.
    if (connection.remoteAddress !== undefined) closeWhenIdle(session, this.#idleMs);
    this.#sessions.add(session);
    session.once('close', () => this.#sessions.delete(session));
    session.on('error', (error) => {
      this.#log.debug('connection broke', { error: describeError(error) });
    });
    session.on('stream', (stream, headers, _flags, rawHeaders) => {
      if (connection.onStream && stream.id !== undefined) {
        const { ':method': method = '', ':path': path = '' } = headers;
        stream.once('close', connection.onStream({ id: stream.id, method, path }));
      }
      stream.on('error', (error) => this.#log.debug('stream broke', { error: describeError(error) }));
      stream.once('close', () => letGo(stream));
      // Clients spread over the servers that there are only when they connect. A machine's link leads to this one alone.
      if (connection.remoteAddress !== undefined && this.#sendsAway()) session.close();
      this.#guard(this.#handler.handle(new Http2Exchange(stream, { headers, rawHeaders }, connection)));
    });
  }

  #sendsAway(): boolean {
    return this.#goaway !== undefined && this.#goaway.random() < this.#goaway.chance;
  }

  #upgrade(message: IncomingMessage, socket: Duplex, head: Buffer): void {
    const aborter = new AbortController();
    socket.once('close', () => aborter.abort());
    socket.on('error', (error) => this.#log.debug('connection broke', { error: describeError(error) }));
    const origin = this.#originOf(socket);
    const target = message.url ?? '/';
    const { upgrade } = origin;
    if (upgrade && target === upgrade.path && message.headers.upgrade === upgrade.protocol) {
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${upgrade.protocol}\r\n\r\n`,
      );
      if (head.length > 0) socket.unshift(head);
      upgrade.take();
      return;
    }
    const mark = target.indexOf('?');
    const headers: Record<string, string | undefined> = {};
    for (const [name, value] of Object.entries(message.headers)) {
      headers[name] = Array.isArray(value) ? value.join(', ') : value;
    }
    const handled = this.#handler.upgrade({
      exchange: {
        method: message.method ?? 'GET',
        path: mark < 0 ? target : target.slice(0, mark),
        target,
        query: new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1)),
        headers,
        headerValues: (name) => message.headersDistinct[name] ?? [],
        peer: origin.peer,
        remoteAddress: origin.remoteAddress,
        signal: aborter.signal,
        audit: new AuditNotes(),
      },
      message,
      socket,
      head,
    });
    this.#guard(handled);
  }

  /** A handler that rejects against its promise costs its request, never the process. */
  #guard(handling: Promise<void>): void {
    handling.catch((error: unknown) => {
      this.#log.error('request handler failed', { error: describeError(error) });
    });
  }

  #originOf(socket: object): Partial<AcceptedConnection> {
    return this.#origins.get(socket) ?? {};
  }
}
