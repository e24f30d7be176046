/** A person's session at a real console without a browser: what a script could send, with any header it likes. */
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { csrfHeader, paths, type Session } from '@skerry/center/contract';

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly reason: string;
}

export interface Asked {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export class ConsoleClient {
  readonly origin: string;
  readonly #ca: string;
  readonly #cookies = new Map<string, string>();
  #csrf = '';

  constructor({ origin, dataDirectory }: { origin: string; dataDirectory: string }) {
    this.origin = origin;
    this.#ca = readFileSync(join(dataDirectory, 'server/pki/ca.crt'), 'utf8');
  }

  async signIn(user: string, password: string): Promise<void> {
    await this.#renewed(paths.session, { user, password });
  }

  async changePassword(current: string, next: string): Promise<void> {
    await this.#renewed(paths.password, { current, next });
  }

  async stepUp(password: string): Promise<void> {
    await this.#renewed(paths.stepUp, { password });
  }

  /** As the page asks: from its own origin, with the session's token. */
  ask(path: string, { headers = {}, ...asked }: Asked = {}): Promise<Answer> {
    return this.send(path, {
      ...asked,
      headers: {
        origin: this.origin,
        cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        [csrfHeader]: this.#csrf,
        ...headers,
      },
    });
  }

  /** With these headers and no others. */
  send(path: string, { method = 'GET', body, headers = {} }: Asked = {}): Promise<Answer> {
    const { hostname, port } = new URL(this.origin);
    const payload = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          host: hostname,
          port,
          method,
          path,
          ca: this.#ca,
          agent: false,
          headers: { ...(payload === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        },
        (response) => {
          for (const set of response.headers['set-cookie'] ?? []) this.#keep(set);
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString('utf8');
            resolve({ status: response.statusCode ?? 0, text, reason: reasonOf(text) });
          });
        },
      );
      outgoing.setTimeout(60_000, () => outgoing.destroy(new Error(`${method} ${path}: no answer`)));
      outgoing.on('error', reject);
      outgoing.end(payload);
    });
  }

  #keep(set: string): void {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
    if (value === '') this.#cookies.delete(name);
    else this.#cookies.set(name, value);
  }

  async #renewed(path: string, body: object): Promise<void> {
    const answer = await this.ask(path, { method: 'POST', body });
    if (answer.status !== 200) throw new Error(`POST ${path}: ${answer.status} ${answer.text}`);
    this.#csrf = (JSON.parse(answer.text) as Session).csrfToken;
  }
}

function reasonOf(text: string): string {
  try {
    return (JSON.parse(text) as { reason?: string }).reason ?? '';
  } catch {
    return '';
  }
}
