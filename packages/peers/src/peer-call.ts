/** The way to one other member: a connection that is kept, and made anew when it broke. */
import http2 from 'node:http2';
import tls from 'node:tls';
import { SkerryError } from '@skerry/base';
import { readMessage } from './messages.ts';
import type { PeerIdentity } from './peer-identity.ts';
import { callTimeoutMs, exchangePath, type Message } from './protocol.ts';
import type { Credentials } from './statement.ts';

export interface PeerCallOptions {
  readonly node: string;
  readonly host: string;
  readonly port: number;
  readonly identity: PeerIdentity;
  readonly credentials: () => Credentials;
}

export class PeerCall {
  readonly #options: PeerCallOptions;
  #session: http2.ClientHttp2Session | undefined;

  constructor(options: PeerCallOptions) {
    this.#options = options;
  }

  get host(): string {
    return this.#options.host;
  }

  /** Rejects when no answer of that very member came in time. */
  async exchange(message: Message): Promise<Message> {
    const limit = AbortSignal.timeout(callTimeoutMs);
    try {
      this.#session ??= await this.#open(limit);
      return await this.#send(this.#session, message, limit);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    this.#session?.destroy();
    this.#session = undefined;
  }

  async #open(limit: AbortSignal): Promise<http2.ClientHttp2Session> {
    const socket = await this.#connect(limit);
    const session = http2.connect(`https://${this.#options.node}`, { createConnection: () => socket });
    session.on('error', () => undefined);
    session.once('close', () => {
      if (this.#session === session) this.#session = undefined;
    });
    return session;
  }

  #connect(limit: AbortSignal): Promise<tls.TLSSocket> {
    const { node, host, port, identity, credentials } = this.#options;
    const { certificatePem, keyPem } = credentials();
    return new Promise((resolve, reject) => {
      const socket = tls.connect({
        host,
        port,
        cert: certificatePem,
        key: keyPem,
        // See `PeerIdentity`, which does it: before a word is sent.
        rejectUnauthorized: false,
        minVersion: 'TLSv1.3',
        ALPNProtocols: ['h2'],
      });
      const fail = (error: unknown) => {
        limit.removeEventListener('abort', onAbort);
        socket.on('error', () => undefined);
        socket.destroy();
        reject(error);
      };
      const onAbort = () => fail(limit.reason);
      limit.addEventListener('abort', onAbort, { once: true });
      socket.once('error', fail);
      socket.once('secureConnect', () => {
        const found = identity.nodeOf(socket.getPeerX509Certificate());
        if (found !== node) {
          fail(new SkerryError('peer-unknown', `${host}:${port} is not ${node} of this pool`));
          return;
        }
        limit.removeEventListener('abort', onAbort);
        socket.off('error', fail);
        resolve(socket);
      });
    });
  }

  async #send(session: http2.ClientHttp2Session, message: Message, signal: AbortSignal): Promise<Message> {
    const stream = session.request({ ':method': 'POST', ':path': exchangePath }, { signal });
    const answered = new Promise<number>((resolve, reject) => {
      stream.once('response', (headers) => resolve(headers[':status'] ?? 0));
      stream.once('error', reject);
      stream.once('close', () => reject(new SkerryError('peer-closed', 'the connection was closed')));
    });
    stream.end(JSON.stringify(message));
    const status = await answered;
    if (status !== 200) throw new SkerryError('peer-refused', `answered ${status}`);
    return readMessage(stream);
  }
}
