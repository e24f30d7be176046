/**
 * Passwords as Argon2id hashes in PHC form, so that parameters can grow: what was hashed with others is still verified. Each
 * hash takes 32 MiB and some 80 ms, so only two run at once and only a few wait; the next is told to come back.
 */
import { argon2, type Argon2Parameters, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { ApiError } from '@skerry/api';

const parameters = { memory: 32 * 1024, passes: 3, parallelism: 1 } as const;
const saltBytes = 16;
const tagBytes = 32;
const atOnceMax = 2;
const waitingMax = 32;

const derive = promisify<'argon2id', Argon2Parameters, Buffer>(
  argon2 as (
    algorithm: 'argon2id',
    parameters: Argon2Parameters,
    callback: (error: Error | null, key: Buffer) => void,
  ) => void,
);

const phc =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{22,})\$([A-Za-z0-9+/]{43,})$/;

export class PasswordHasher {
  #running = 0;
  readonly #waiting: (() => void)[] = [];
  readonly #decoy: Promise<string>;

  constructor() {
    this.#decoy = this.hash(randomBytes(16).toString('hex'));
    this.#decoy.catch(() => undefined);
  }

  async hash(password: string): Promise<string> {
    const nonce = randomBytes(saltBytes);
    const key = await this.#derive(password, { ...parameters, nonce, tagLength: tagBytes });
    const { memory, passes, parallelism } = parameters;
    return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${plain(nonce)}$${plain(key)}`;
  }

  /** Without a hash the same work is done, against one that nothing matches: time tells nobody whether there is such a user. */
  async verify(password: string, hash: string | undefined): Promise<boolean> {
    const [, memory, passes, parallelism, salt = '', tag = ''] = phc.exec(hash ?? (await this.#decoy)) ?? [];
    if (memory === undefined) return false;
    const expected = Buffer.from(tag, 'base64');
    const key = await this.#derive(password, {
      memory: Number(memory),
      passes: Number(passes),
      parallelism: Number(parallelism),
      nonce: Buffer.from(salt, 'base64'),
      tagLength: expected.length,
    });
    return timingSafeEqual(key, expected) && hash !== undefined;
  }

  async #derive(password: string, given: Omit<Argon2Parameters, 'message'>): Promise<Buffer> {
    await this.#enter();
    try {
      return await derive('argon2id', { ...given, message: password.normalize('NFKC') });
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }

  async #enter(): Promise<void> {
    if (this.#running >= atOnceMax) {
      if (this.#waiting.length >= waitingMax) {
        throw new ApiError('TooManyRequests', 'too many people sign in at once; try again in a few seconds', {
          details: { retryAfterSeconds: 5 },
        });
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#running++;
  }
}

function plain(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
