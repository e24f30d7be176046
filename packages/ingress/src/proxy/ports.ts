/**
 * The ports that are listened at, after the route table: opened, closed and given other certificates while connections go on. At a
 * port with TLS a client chooses HTTP/2 or HTTP/1.1; at a plain one it is HTTP/1.1.
 */
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { describeError, type Logger } from '@skerry/base';
import type { HttpProxy } from '#proxy/http-proxy.ts';
import type { PortTable, RouteTable } from '#routing/port-table.ts';

/** Of one port; more wait in the kernel. */
const connectionsMax = 8_192;
const headersTimeoutMs = 15_000;
/** For a whole upload. */
const requestTimeoutMs = 3_600_000;
const keepAliveMs = 65_000;
const headerBytesMax = 32 * 1024;
const streamsMax = 256;
const sessionIdleMs = 300_000;

interface Port {
  readonly protocol: PortTable['protocol'];
  readonly server: http.Server;
  readonly sessions: Set<http2.ServerHttp2Session>;
  defaultCertificate: unknown;
}

export interface PortsOptions {
  readonly proxy: HttpProxy;
  readonly table: (port: number) => PortTable | undefined;
  readonly log: Logger;
  /** Where a port of the table is really; itself unless given. */
  readonly bindPort?: (port: number) => number;
}

export class Ports {
  readonly #options: PortsOptions;
  readonly #open = new Map<number, Port>();
  /** Those that take no more connections, and have some. */
  readonly #ending = new Set<Port>();

  constructor(options: PortsOptions) {
    this.#options = options;
  }

  /** Makes what is open what the table names. One that can't be opened is logged, and tried with the next table. */
  async follow(table: RouteTable): Promise<void> {
    for (const [number, port] of this.#open)
      if (table.get(number)?.protocol !== port.protocol) void this.#close(number, port);
    for (const [number, { protocol, certificates }] of table) {
      let port = this.#open.get(number);
      if (!port) {
        port = protocol === 'https' ? this.#secure(number) : this.#plain(number);
        if (!(await this.#listen(number, port))) continue;
        this.#open.set(number, port);
      }
      const certificate = certificates.get('');
      if (protocol === 'https' && certificate !== port.defaultCertificate) {
        port.defaultCertificate = certificate;
        const server = port.server as unknown as https.Server;
        server.setSecureContext(certificate ? { cert: certificate.certificate, key: certificate.key } : {});
      }
    }
  }

  isOpen(port: number): boolean {
    return this.#open.has(port);
  }

  /** Where a port is really listened at. */
  addressOf(port: number): number | undefined {
    const address = this.#open.get(port)?.server.address();
    return typeof address === 'object' ? address?.port : undefined;
  }

  /** Takes no more connections; resolves when those there are have ended, or at the signal, which ends them. */
  async close(signal: AbortSignal): Promise<void> {
    const ended = Promise.all([...this.#open].map(([number, port]) => this.#close(number, port)));
    const cut = () => {
      for (const { server, sessions } of this.#ending) {
        server.closeAllConnections();
        for (const session of sessions) session.destroy();
      }
    };
    if (signal.aborted) cut();
    else signal.addEventListener('abort', cut, { once: true });
    await ended;
  }

  #plain(number: number): Port {
    return { ...this.#serve(number, http.createServer(httpOptions)), protocol: 'http' };
  }

  #secure(number: number): Port {
    const server = https.createServer({
      ...httpOptions,
      ALPNProtocols: ['h2', 'http/1.1'],
      minVersion: 'TLSv1.2',
      handshakeTimeout: headersTimeoutMs,
      SNICallback: (name, done) => {
        const certificate = this.#options.table(number)?.certificates.closest(name.toLowerCase());
        if (certificate) done(null, certificate.context);
        else done(new Error(`no certificate for ${name}`));
      },
    });
    const port: Port = { ...this.#serve(number, server), protocol: 'https' };
    const sessions = http2.createServer(
      { settings: { maxConcurrentStreams: streamsMax, maxHeaderListSize: headerBytesMax } },
      (request, response) => void this.#options.proxy.handle(number, request, response),
    );
    sessions.on('session', (session) => {
      port.sessions.add(session);
      session.setTimeout(sessionIdleMs, () => session.close());
      session.on('error', () => session.destroy());
      session.once('close', () => port.sessions.delete(session));
    });
    sessions.on('sessionError', () => undefined);
    const [toHttp1] = server.listeners('secureConnection');
    server.removeAllListeners('secureConnection');
    server.on('secureConnection', (socket: TLSSocket) => {
      if (socket.alpnProtocol === 'h2') sessions.emit('connection', socket);
      else toHttp1?.call(server, socket);
    });
    server.on('tlsClientError', (error, socket) => {
      this.#options.log.debug('TLS handshake failed', { port: number, error: error.message });
      socket.destroy();
    });
    return port;
  }

  #serve(number: number, server: http.Server): Omit<Port, 'protocol'> {
    const { proxy } = this.#options;
    server.maxConnections = connectionsMax;
    server.on('request', (request, response) => void proxy.handle(number, request, response));
    server.on('upgrade', (request, socket, head) => void proxy.upgrade(number, request, socket, head));
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
      if (error.code === 'ECONNRESET' || !socket.writable) {
        socket.destroy();
        return;
      }
      const status =
        error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request';
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    });
    return { server, sessions: new Set(), defaultCertificate: undefined };
  }

  #listen(number: number, { server }: Port): Promise<boolean> {
    const { log, bindPort = (port) => port } = this.#options;
    return new Promise((resolve) => {
      const failed = (error: Error) => {
        log.error('port not opened', { port: number, error: describeError(error) });
        resolve(false);
      };
      server.once('error', failed);
      server.listen(bindPort(number), () => {
        server.removeListener('error', failed);
        server.on('error', (error) => log.warn('port failed', { port: number, error: describeError(error) }));
        resolve(true);
      });
    });
  }

  #close(number: number, port: Port): Promise<void> {
    const { server, sessions } = port;
    this.#open.delete(number);
    this.#ending.add(port);
    return new Promise((resolve) => {
      server.close(() => {
        this.#ending.delete(port);
        resolve();
      });
      for (const session of sessions) session.close();
    });
  }
}

const httpOptions = {
  keepAliveTimeout: keepAliveMs,
  headersTimeout: headersTimeoutMs,
  requestTimeout: requestTimeoutMs,
  maxHeaderSize: headerBytesMax,
  noDelay: true,
  // An offer of HTTP/2 in the clear is not taken up: the request is answered as it is.
  shouldUpgradeCallback: ({ headers }: http.IncomingMessage) =>
    !/^(?:h2c|tls\/)/i.test(headers.upgrade ?? 'h2c'),
};
