/**
 * A lean client for load: several HTTP/2 connections as the administrator, JSON without compression, and no work on the
 * answer beyond counting its bytes, so that the server is what is measured.
 */
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import type { ApiEndpoint } from './target.ts';

const resumeMs = 100;

export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

export class ApiSession {
  readonly #sessions: ClientHttp2Session[];
  readonly #headers: Readonly<Record<string, string>>;
  #next = 0;
  #isClosed = false;

  private constructor(sessions: ClientHttp2Session[], headers: Readonly<Record<string, string>>) {
    this.#sessions = sessions;
    this.#headers = headers;
  }

  /** As the administrator, or as whom the administrator impersonates. */
  static async open(
    { port, credentials }: ApiEndpoint,
    connections = 1,
    impersonate?: { readonly user: string; readonly group: string },
  ): Promise<ApiSession> {
    const { token, ...tls } = credentials;
    const opening = Array.from({ length: connections }, () => {
      const session = connect(`https://127.0.0.1:${port}`, {
        ...tls,
        settings: { initialWindowSize: 1 << 24 },
      });
      return new Promise<ClientHttp2Session>((resolve, reject) => {
        session.once('error', reject);
        session.once('connect', () => {
          session.setLocalWindowSize(1 << 26);
          session.off('error', reject);
          session.on('error', () => undefined);
          resolve(session);
        });
      });
    });
    const headers: Record<string, string> = {};
    if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
    if (impersonate) {
      headers['impersonate-user'] = impersonate.user;
      headers['impersonate-group'] = impersonate.group;
    }
    return new ApiSession(await Promise.all(opening), headers);
  }

  request(method: string, path: string, body?: unknown, contentType = 'application/json'): Promise<Answer> {
    const stream = this.stream(method, path, body === undefined ? undefined : contentType);
    if (body !== undefined) stream.end(typeof body === 'string' ? body : JSON.stringify(body));
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let status = 0;
      stream.on('response', (headers) => {
        status = headers[':status'] ?? 0;
      });
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('error', reject);
      stream.on('end', () => resolve({ status, body: Buffer.concat(chunks) }));
    });
  }

  /** The same, but an answer of 400 and above rejects. */
  async ok(method: string, path: string, body?: unknown, contentType?: string): Promise<Answer> {
    const answer = await this.request(method, path, body, contentType);
    if (answer.status >= 400)
      throw new Error(`${method} ${path}: ${answer.status}: ${answer.body.toString('utf8').slice(0, 300)}`);
    return answer;
  }

  async json<T>(path: string): Promise<T> {
    return JSON.parse((await this.ok('GET', path)).body.toString('utf8')) as T;
  }

  /** The raw stream, for a watch. With a content type the caller ends it with a body. */
  stream(method: string, path: string, contentType?: string, accept = 'application/json'): ClientHttp2Stream {
    const session = this.#sessions[this.#next++ % this.#sessions.length]!;
    return session.request(
      {
        ':method': method,
        ':path': path,
        ...this.#headers,
        accept,
        'accept-encoding': 'identity',
        ...(contentType ? { 'content-type': contentType } : {}),
      },
      { endStream: contentType === undefined },
    );
  }

  /** Watches `path` and calls with each line until the stream is closed. */
  watch(path: string, onLine: (line: string) => void): ClientHttp2Stream {
    const stream = this.stream('GET', path);
    let rest = '';
    stream.setEncoding('utf8');
    stream.on('error', () => undefined);
    stream.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine(line);
    });
    return stream;
  }

  /**
   * Watches until the session is closed, all that there is first and again after each end: a server ends the watch of who reads
   * slowly. What is told may come twice.
   */
  follow(path: string, onLine: (line: string) => void): void {
    const begin = () => {
      if (this.#isClosed) return;
      this.watch(path, onLine).once('close', () => setTimeout(begin, resumeMs));
    };
    begin();
  }

  close(): void {
    this.#isClosed = true;
    for (const session of this.#sessions) session.destroy();
  }
}

/** Runs `work(0)` … `work(count - 1)` with at most `width` under way. */
export async function inParallel(
  count: number,
  width: number,
  work: (index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(width, count) }, worker));
}
