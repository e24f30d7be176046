/**
 * An API server at a URL. Over TLS all requests share one HTTP/2 session, which is opened on first use and again after it
 * broke; a server that doesn't offer HTTP/2 is spoken to over kept-alive HTTP/1.1. The server's certificate is always
 * verified, against `ca` where given and against the system's authorities otherwise.
 *
 * A peer that vanishes without a word would leave watches waiting for good, so a session with open streams is pinged
 * (every 30 s, 15 s to answer) when a clock is given.
 */
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import { Duplex } from 'node:stream';
import tls from 'node:tls';
import type { Clock, Timer } from '@skerry/base';
import { requestOverHttp1 } from '#http1-transport.ts';
import { requestOnSession } from '#session-transport.ts';
import { TransportError } from '#transport.ts';
import type { Transport, TransportRequest, TransportResponse } from '#transport.ts';

export interface HttpTransportOptions {
  /** `https://host:port`, with a path prefix if there is one. */
  readonly server: string;
  /** PEM. */
  readonly ca?: string;
  /** PEM; goes with `clientKey`. */
  readonly clientCertificate?: string;
  readonly clientKey?: string;
  readonly token?: string;
  /** Read again for each new connection attempt after a minute, since projected tokens are replaced in place. */
  readonly tokenFile?: string;
  /** Verify the certificate against this name instead of the URL's host. */
  readonly tlsServerName?: string;
  /** Connections through a proxy, a tunnel or a namespace; a plain TCP connection unless given. */
  readonly connect?: (target: { host: string; port: number }) => Duplex | Promise<Duplex>;
  readonly connectTimeoutMs?: number;
  readonly clock?: Clock;
}

const pingEveryMs = 30_000;
const pingTimeoutMs = 15_000;
const tokenAgeMaxMs = 60_000;

export function createHttpTransport(options: HttpTransportOptions): Transport {
  return new HttpTransport(options);
}

class HttpTransport implements Transport {
  readonly #options: HttpTransportOptions;
  readonly #url: URL;
  readonly #prefix: string;
  readonly #http1Agent: http.Agent;
  #session: Promise<http2.ClientHttp2Session | 'http/1.1'> | undefined;
  #token: { value: string; readAtMs: number } | undefined;
  #closed = false;

  constructor(options: HttpTransportOptions) {
    this.#options = options;
    this.#url = new URL(options.server);
    this.#prefix = this.#url.pathname.replace(/\/+$/, '');
    const { connect } = options;
    const agentOptions = { keepAlive: true, maxSockets: Infinity, maxFreeSockets: 32 };
    this.#http1Agent =
      this.#url.protocol === 'https:' ? new https.Agent(agentOptions) : new http.Agent(agentOptions);
    if (connect) {
      // Every connection goes the given way, those to servers without HTTP/2 too.
      this.#http1Agent.createConnection = (connection, created) => {
        const secure = this.#url.protocol === 'https:';
        Promise.resolve(connect(this.#target())).then(
          (socket) =>
            created?.(
              null,
              secure ? tls.connect({ ...(connection as tls.ConnectionOptions), socket }) : socket,
            ),
          (error: Error) => created?.(error, new Duplex()),
        );
        return undefined;
      };
    }
  }

  async request(request: TransportRequest): Promise<TransportResponse> {
    const { server } = this.#options;
    if (this.#closed) {
      throw new TransportError('api-unreachable', `${request.method} at ${server}: the client is closed`, {
        sent: false,
      });
    }
    const prepared: TransportRequest = {
      ...request,
      path: this.#prefix + request.path,
      headers: { ...(await this.#authorization(request)), ...request.headers },
    };
    if (this.#url.protocol === 'http:') return this.#overHttp1(prepared);
    const session = await this.#connected(prepared);
    if (session === 'http/1.1') return this.#overHttp1(prepared);
    return requestOnSession(session, prepared, { server, authority: this.#url.host, scheme: 'https' });
  }

  close(): void {
    this.#closed = true;
    this.#http1Agent.destroy();
    const session = this.#session;
    this.#session = undefined;
    session?.then(
      (opened) => {
        if (opened !== 'http/1.1') opened.destroy();
      },
      () => undefined,
    );
  }

  #target(): { host: string; port: number } {
    const host = this.#url.hostname.replace(/^\[|\]$/g, '');
    return { host, port: Number(this.#url.port) || (this.#url.protocol === 'https:' ? 443 : 80) };
  }

  #tlsOptions(): tls.ConnectionOptions {
    const { ca, clientCertificate, clientKey, tlsServerName } = this.#options;
    const { host } = this.#target();
    const name = tlsServerName ?? host;
    return {
      ca,
      cert: clientCertificate,
      key: clientKey,
      minVersion: 'TLSv1.2',
      rejectUnauthorized: true,
      ...(net.isIP(name) ? {} : { servername: name }),
      // Without a servername Node checks the certificate against the address it dialled; a custom socket has none.
      checkServerIdentity: (_, certificate) => tls.checkServerIdentity(name, certificate),
    };
  }

  #overHttp1(request: TransportRequest): Promise<TransportResponse> {
    const secure = this.#url.protocol === 'https:';
    return requestOverHttp1(
      {
        server: this.#options.server,
        secure,
        ...this.#target(),
        agent: this.#http1Agent,
        ...(secure ? this.#tlsOptions() : {}),
      },
      request,
    );
  }

  async #authorization(request: TransportRequest): Promise<Record<string, string>> {
    const { token, tokenFile, clock, server } = this.#options;
    if (token) return { authorization: `Bearer ${token}` };
    if (!tokenFile) return {};
    const nowMs = clock?.monotonic() ?? 0;
    if (!clock || !this.#token || nowMs - this.#token.readAtMs > tokenAgeMaxMs) {
      try {
        this.#token = { value: (await readFile(tokenFile, 'utf8')).trim(), readAtMs: nowMs };
      } catch (error) {
        if (!this.#token) {
          throw new TransportError(
            'api-unreachable',
            `${request.method} at ${server}: the token file ${tokenFile} can't be read`,
            { sent: false, cause: error },
          );
        }
      }
    }
    return { authorization: `Bearer ${this.#token?.value}` };
  }

  async #connected(request: TransportRequest): Promise<http2.ClientHttp2Session | 'http/1.1'> {
    this.#session ??= this.#open();
    const attempt = this.#session;
    try {
      const session = await attempt;
      if (session === 'http/1.1' || !(session.closed || session.destroyed)) return session;
    } catch (error) {
      if (this.#session === attempt) this.#session = undefined;
      throw TransportError.from(error, { request, server: this.#options.server, sent: false });
    }
    if (this.#session === attempt) this.#session = undefined;
    return this.#connected(request);
  }

  async #open(): Promise<http2.ClientHttp2Session | 'http/1.1'> {
    const socket = await this.#openTls();
    if (socket.alpnProtocol !== 'h2') {
      socket.destroy();
      return 'http/1.1';
    }
    const session = http2.connect(this.#url.origin, {
      createConnection: () => socket,
      settings: { initialWindowSize: 1 << 20, enablePush: false },
      maxSessionMemory: 256,
    });
    session.on('error', () => undefined);
    session.once('connect', () => session.setLocalWindowSize(16 << 20));
    session.setMaxListeners(0);
    this.#keepAlive(session);
    const forget = () => {
      void this.#session?.then(
        (current) => {
          if (current === session) this.#session = undefined;
        },
        () => undefined,
      );
    };
    session.once('goaway', forget);
    session.once('close', forget);
    return session;
  }

  async #openTls(): Promise<tls.TLSSocket> {
    const { promise, resolve, reject } = Promise.withResolvers<tls.TLSSocket>();
    const { connect, connectTimeoutMs = 15_000 } = this.#options;
    const target = this.#target();
    const through = await connect?.(target);
    const socket = tls.connect({
      ...this.#tlsOptions(),
      ALPNProtocols: ['h2', 'http/1.1'],
      ...(through ? { socket: through } : target),
    });
    socket.setTimeout(connectTimeoutMs, () =>
      socket.destroy(
        Object.assign(new Error(`no answer within ${connectTimeoutMs} ms`), { code: 'ETIMEDOUT' }),
      ),
    );
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the connection was closed during the TLS handshake')));
    socket.once('secureConnect', () => {
      socket.setTimeout(0);
      socket.setNoDelay(true);
      socket.setKeepAlive(true, 15_000);
      resolve(socket);
    });
    return promise;
  }

  #keepAlive(session: http2.ClientHttp2Session): void {
    const { clock } = this.#options;
    if (!clock) return;
    let timer: Timer | undefined;
    const ping = () => {
      if (session.closed || session.destroyed) return;
      timer = clock.after(pingTimeoutMs, () =>
        session.destroy(new Error(`no answer to a ping within ${pingTimeoutMs} ms`)),
      );
      session.ping(() => {
        timer?.cancel();
        timer = clock.after(pingEveryMs, ping);
      });
    };
    timer = clock.after(pingEveryMs, ping);
    session.once('close', () => timer?.cancel());
  }
}
