/** Requests to the fuzzed server: well-formed ones over kept connections, and bytes as they are over a socket of their own. */
import { Agent, request } from 'node:http';
import { connect as connectPlain, type Socket } from 'node:net';
import { adminToken } from './server-contract.ts';

export interface Call {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly timeoutMs?: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly bytes: Buffer;
}

/** An answer that takes longer is a hang. */
const hangMs = 30_000;

export class Client {
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8 });

  constructor(port: number) {
    this.#port = port;
  }

  /** As the administrator unless the headers say otherwise. */
  call({ method = 'GET', path, headers = {}, body, timeoutMs = hangMs }: Call): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          host: '127.0.0.1',
          port: this.#port,
          agent: this.#agent,
          method,
          path,
          headers: {
            authorization: `Bearer ${adminToken}`,
            ...headers,
            ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.once('error', reject);
          response.once('end', () => {
            clearTimeout(late);
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              bytes: Buffer.concat(chunks),
            });
          });
        },
      );
      const late = setTimeout(() => {
        outgoing.destroy(new Error(`${method} ${path.slice(0, 200)} was not answered in ${timeoutMs} ms`));
      }, timeoutMs);
      outgoing.once('error', (error) => {
        clearTimeout(late);
        reject(error);
      });
      outgoing.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** Sends bytes on a connection of their own and gathers what comes back until the server ends it, or `quietMs` of silence. */
export async function exchangeBytes(
  socket: Socket,
  bytes: Uint8Array | string,
  { quietMs, timeoutMs = hangMs }: { readonly quietMs: number; readonly timeoutMs?: number },
): Promise<{ readonly received: Buffer; readonly closed: boolean }> {
  const chunks: Buffer[] = [];
  return new Promise((resolve) => {
    const finish = (closed: boolean) => {
      clearTimeout(quiet);
      clearTimeout(late);
      socket.destroy();
      resolve({ received: Buffer.concat(chunks), closed });
    };
    let quiet = setTimeout(() => finish(false), quietMs);
    const late = setTimeout(() => finish(false), timeoutMs);
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      clearTimeout(quiet);
      quiet = setTimeout(() => finish(false), quietMs);
    });
    socket.once('close', () => finish(true));
    socket.on('error', () => finish(true));
    socket.write(bytes);
  });
}

export function openPlain(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectPlain({ host: '127.0.0.1', port }, () => {
      socket.off('error', reject);
      resolve(socket);
    });
    socket.once('error', reject);
  });
}
