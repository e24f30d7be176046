/** Plain HTTP to either server: one request, the whole answer, nothing hidden and nothing retried. */
import { Agent as HttpAgent, type IncomingHttpHeaders, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { type UserName, users } from './users.ts';

export interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
}

export interface RawAnswer {
  readonly code: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A server that is asked, and how a user of the cases shows who it is. */
export interface Target {
  readonly url: string;
  /** PEM; for https. */
  readonly ca?: string;
  credentials(user: UserName): Readonly<Record<string, string>>;
}

/** An answer takes no longer than this, or something hangs. */
const answerMsMax = 60_000;

/** Where both servers know the users by their tokens. */
export function tokenCredentials(user: UserName): Record<string, string> {
  if (user === 'anonymous') return {};
  return { authorization: `Bearer ${user === 'stranger' ? 'no-such-token' : users[user].token}` };
}

/** Where the administrator alone is known, and speaks for the others. */
export function impersonatedCredentials(admin: string, user: UserName): Record<string, string> {
  if (user === 'anonymous') return {};
  if (user === 'stranger') return { authorization: 'Bearer no-such-token' };
  const authorization = `Bearer ${admin}`;
  if (user === 'admin') return { authorization };
  const { name, groups } = users[user];
  return { authorization, 'impersonate-user': name, 'impersonate-group': groups[0] };
}

export class Client {
  readonly target: Target;
  readonly #agent: HttpAgent | HttpsAgent;

  constructor(target: Target) {
    this.target = target;
    const options = { keepAlive: true, maxSockets: 8 };
    this.#agent = target.url.startsWith('https:')
      ? new HttpsAgent({ ...options, ca: target.ca })
      : new HttpAgent(options);
  }

  send({ method, path, headers, body }: RawRequest): Promise<RawAnswer> {
    const request = this.target.url.startsWith('https:') ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const outgoing = request(
        this.target.url + path,
        { method, headers: { ...headers }, agent: this.#agent, timeout: answerMsMax },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () =>
            resolve({
              code: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(chunks),
            }),
          );
        },
      );
      outgoing.on('timeout', () => outgoing.destroy(new Error(`${method} ${path}: no answer`)));
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
