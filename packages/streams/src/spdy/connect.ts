/** Opens SPDY/3.1 over an HTTP/1.1 upgrade, as a container runtime's streaming server wants it. */
import http, { type IncomingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';

const answerBytesMax = 64 * 1024;
const answerTimeoutMs = 30_000;

export interface UpgradeRequest {
  readonly url: string;
  readonly method?: 'GET' | 'POST';
  /** Besides `Connection` and `Upgrade`. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** Value of `Upgrade`; SPDY/3.1 unless told. */
  readonly protocol?: string;
  /** The connection to use; TCP to the URL's host unless told. */
  readonly connection?: Duplex;
  readonly signal?: AbortSignal;
}

export interface Upgraded {
  readonly socket: Duplex;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}

/** The server answered, but not by upgrading. */
export class UpgradeRefusedError extends Error {
  override readonly name = 'UpgradeRefusedError';
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** At most 64 KiB of it. */
  readonly body: string;

  constructor(url: string, status: number, headers: IncomingHttpHeaders, body: string) {
    super(`upgrade ${url}: answered ${status} ${body.trim().slice(0, 500)}`);
    this.status = status;
    this.headers = headers;
    this.body = body;
  }
}

export function upgrade(request: UpgradeRequest): Promise<Upgraded> {
  const { url, method = 'POST', protocol = 'SPDY/3.1', connection, signal } = request;
  return new Promise((resolve, reject) => {
    const outgoing = http.request(url, {
      method,
      headers: { ...request.headers, Connection: 'Upgrade', Upgrade: protocol } as http.OutgoingHttpHeaders,
      signal,
      timeout: answerTimeoutMs,
      // With an agent, a given connection would be ignored.
      ...(connection ? { createConnection: () => connection } : { agent: false }),
    });
    outgoing.once('timeout', () => outgoing.destroy(new Error(`upgrade ${url}: no answer`)));
    outgoing.once('error', reject);
    outgoing.once('upgrade', (response, socket, head) => {
      socket.setTimeout?.(0);
      // It may break before its new owner listens; the owner sees the close.
      socket.on('error', () => undefined);
      if (head.length > 0) socket.unshift(head);
      resolve({ socket, status: response.statusCode ?? 101, headers: response.headers });
    });
    outgoing.once('response', (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
        if (body.length > answerBytesMax) response.destroy();
      });
      response.once('close', () =>
        reject(new UpgradeRefusedError(url, response.statusCode ?? 0, response.headers, body)),
      );
    });
    outgoing.end();
  });
}
