/**
 * Requests to endpoints, over connections that are kept: HTTP/1.1, HTTPS without a name to verify, and HTTP/2 in the clear.
 * A connection is waited for only so long, and so is an answer. What a peer sends is given on as it comes.
 */
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import type { Readable } from 'node:stream';
import type { Clock, Timer } from '@skerry/base';
import type { ServiceTargets, Target } from '#backends/endpoint-directory.ts';

export type HeaderFields = Record<string, string | string[] | undefined>;

export interface BackendRequest {
  readonly method: string;
  readonly path: string;
  /** Names in lower case, `host` among them; no fields of a connection. */
  readonly headers: HeaderFields;
  /** Undefined where there is none. */
  readonly body: Readable | undefined;
  readonly signal: AbortSignal;
}

export interface BackendAnswer {
  readonly status: number;
  readonly headers: HeaderFields;
  readonly body: Readable;
  /** To be asked when the body has ended. */
  trailers(): HeaderFields;
}

/** `isSent`: the endpoint may have seen the request. */
export class BackendError extends Error {
  override readonly name = 'BackendError';
  readonly isSent: boolean;
  /** It broke on a connection that had been idle: as likely as not the endpoint closed it before. */
  readonly isStale: boolean;

  constructor(message: string, options: { isSent: boolean; isStale?: boolean; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.isSent = options.isSent;
    this.isStale = options.isStale ?? false;
  }
}

const connectMs = 5_000;
const idleConnectionMs = 55_000;
const socketsPerTargetMax = 1_024;
const freeSocketsPerTargetMax = 64;
const sessionsMax = 4_096;
const silentMs = 60_000;

export class BackendRequests {
  readonly #clock: Clock;
  readonly #plain = new http.Agent({
    keepAlive: true,
    maxSockets: socketsPerTargetMax,
    maxFreeSockets: freeSocketsPerTargetMax,
    timeout: idleConnectionMs,
  });
  // An endpoint is known by its address alone; there is no name that its certificate could be for.
  readonly #tls = new https.Agent({
    keepAlive: true,
    maxSockets: socketsPerTargetMax,
    maxFreeSockets: freeSocketsPerTargetMax,
    timeout: idleConnectionMs,
    rejectUnauthorized: false,
  });
  readonly #sessions = new Map<string, http2.ClientHttp2Session>();

  constructor({ clock }: { readonly clock: Clock }) {
    this.#clock = clock;
  }

  /** Rejects with a `BackendError`. */
  send(
    protocol: ServiceTargets['protocol'],
    target: Target,
    request: BackendRequest,
  ): Promise<BackendAnswer> {
    return protocol === 'h2c' ? this.#sendHttp2(target, request) : this.#sendHttp1(protocol, target, request);
  }

  /** For Upgrade: on a connection of its own, which the caller ends. */
  open(protocol: ServiceTargets['protocol'], target: Target, request: BackendRequest): http.ClientRequest {
    const { method, path, headers } = request;
    return this.#module(protocol).request({
      host: target.address,
      port: target.port,
      method,
      path,
      headers,
      agent: false,
      rejectUnauthorized: false,
      signal: request.signal,
    });
  }

  close(): void {
    this.#plain.destroy();
    this.#tls.destroy();
    for (const session of this.#sessions.values()) session.destroy();
    this.#sessions.clear();
  }

  #limit(end: (why: Error) => void): Timer {
    return this.#clock.after(connectMs, () => end(new Error(`no connection within ${connectMs} ms`)));
  }

  #module(protocol: ServiceTargets['protocol']): typeof http | typeof https {
    return protocol === 'https' ? https : http;
  }

  #sendHttp1(
    protocol: ServiceTargets['protocol'],
    { address, port }: Target,
    { method, path, headers, body, signal }: BackendRequest,
  ): Promise<BackendAnswer> {
    return new Promise((resolve, reject) => {
      let isConnected = false;
      const outgoing = this.#module(protocol).request({
        host: address,
        port,
        method,
        path,
        headers,
        agent: protocol === 'https' ? this.#tls : this.#plain,
        signal,
      });
      const limit = this.#limit((why) => outgoing.destroy(why));
      outgoing.once('socket', (socket) => {
        const connected = () => {
          isConnected = true;
          limit.cancel();
          if (body) body.pipe(outgoing);
          else outgoing.end();
        };
        if (socket.connecting) socket.once(protocol === 'https' ? 'secureConnect' : 'connect', connected);
        else connected();
      });
      outgoing.setTimeout(silentMs, () => outgoing.destroy(new SilentError()));
      outgoing.once('response', (incoming) => {
        incoming.once('error', () => incoming.destroy());
        resolve({
          status: incoming.statusCode ?? 502,
          headers: incoming.headers,
          body: incoming,
          trailers: () => incoming.trailers,
        });
      });
      // A late one, too: an answer that breaks is told by its body.
      outgoing.on('error', (cause) => {
        limit.cancel();
        body?.unpipe(outgoing);
        reject(
          new BackendError(`${address}:${port}: ${cause.message}`, {
            isSent: isConnected,
            isStale: outgoing.reusedSocket,
            cause,
          }),
        );
      });
    });
  }

  async #sendHttp2(target: Target, request: BackendRequest): Promise<BackendAnswer> {
    const session = await this.#session(target);
    const { method, path, headers, body, signal } = request;
    const { host, ...fields } = headers;
    return new Promise((resolve, reject) => {
      const stream = session.request(
        { ...fields, ':method': method, ':path': path, ...(host ? { ':authority': host } : {}) },
        { endStream: body === undefined, signal },
      );
      let trailers: HeaderFields = {};
      stream.setTimeout(silentMs, () => stream.destroy(new SilentError()));
      stream.once('trailers', (fieldsAfter) => (trailers = withoutPseudo(fieldsAfter)));
      stream.once('response', (answer) =>
        resolve({
          status: answer[':status'] ?? 502,
          headers: withoutPseudo(answer),
          body: stream,
          trailers: () => trailers,
        }),
      );
      stream.on('error', (cause) => {
        body?.unpipe(stream);
        const isSent = stream.rstCode !== http2.constants.NGHTTP2_REFUSED_STREAM;
        reject(new BackendError(`${target.address}: ${cause.message}`, { isSent, cause }));
      });
      body?.pipe(stream);
    });
  }

  async #session({ address, port }: Target): Promise<http2.ClientHttp2Session> {
    const key = `${address} ${port}`;
    const open = this.#sessions.get(key);
    if (open && !open.closed && !open.destroyed) return open;
    if (this.#sessions.size >= sessionsMax) throw new BackendError('too many connections', { isSent: false });
    const host = address.includes(':') ? `[${address}]` : address;
    const session = http2.connect(`http://${host}:${port}`);
    this.#sessions.set(key, session);
    session.setTimeout(idleConnectionMs, () => session.close());
    session.once('close', () => {
      if (this.#sessions.get(key) === session) this.#sessions.delete(key);
    });
    await new Promise<void>((resolve, reject) => {
      const limit = this.#limit((why) => session.destroy(why));
      session.once('connect', () => {
        limit.cancel();
        resolve();
      });
      session.on('error', (cause) => {
        limit.cancel();
        reject(new BackendError(`${address}:${port}: ${cause.message}`, { isSent: false, cause }));
      });
    });
    return session;
  }
}

/** The endpoint took the request and said nothing for long. */
export class SilentError extends Error {
  override readonly name = 'SilentError';

  constructor() {
    super(`nothing for ${silentMs} ms`);
  }
}

function withoutPseudo(headers: http2.IncomingHttpHeaders): HeaderFields {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(':')));
}
