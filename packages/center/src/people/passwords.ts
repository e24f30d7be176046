/**
 * Passwords of users: one Secret each, sealed at rest by the management API's own encryption, with the Argon2id hash and
 * whether it was given by somebody else and has to be changed. A given one ends after seven days if nobody has used it.
 */
import { randomInt } from 'node:crypto';
import { ApiError, isApiError, type Secret } from '@skerry/api';
import type { Clock } from '@skerry/base';
import { type ApiClient, resources } from '@skerry/client';
import { peopleNamespace as namespace } from '#people/kinds.ts';
import { PasswordHasher } from '#people/password-hash.ts';
import { passwordFault } from '#people/password-rules.ts';
import type { Throttle } from '#people/throttle.ts';

/** Before the user's name, in the name of the Secret. */
export const passwordSecretPrefix = 'user-password-';
const secretType = 'center.skerry.io/password';
const givenValidMs = 7 * 24 * 3_600_000;
/** Read aloud and typed: no characters that look alike. Twenty of 31 are 99 bits. */
const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789';
const groupsOfGiven = 4;
const groupLength = 5;

interface Stored {
  readonly hash: string;
  readonly mustChange: boolean;
  /** Milliseconds since the epoch; of a given password. */
  readonly expiresMs: number;
}

export class Passwords {
  readonly #client: ApiClient;
  readonly #clock: Clock;
  readonly #throttle: Throttle;
  readonly #hasher = new PasswordHasher();

  constructor({ client, clock, throttle }: { client: ApiClient; clock: Clock; throttle: Throttle }) {
    this.#client = client;
    this.#clock = clock;
    this.#throttle = throttle;
  }

  /**
   * Whether this is the user's password, and whether it must be changed. Undefined: no. Takes as long for users who don't
   * exist, are disabled or have no password (`mayHave` false). `browser`: one that the user has signed in by before. Throws 429.
   */
  async check(
    user: string,
    password: string,
    { address, mayHave, browser }: { address: string; mayHave: boolean; browser?: string | undefined },
  ): Promise<{ readonly mustChange: boolean } | undefined> {
    const account = browser === undefined ? `user ${user}` : `browser ${browser}`;
    const from = browser === undefined ? address : undefined;
    this.#throttle.attempt(account, from);
    const stored = await this.#read(user);
    const usable = mayHave && stored && (stored.expiresMs === 0 || stored.expiresMs > this.#clock.now());
    if (!(await this.#hasher.verify(password, usable ? stored.hash : undefined)) || !usable) return undefined;
    this.#throttle.succeeded(account, from);
    return { mustChange: stored.mustChange };
  }

  async mustChange(user: string): Promise<boolean> {
    return (await this.#read(user))?.mustChange ?? false;
  }

  /** The user's own choice. Throws 422 when it can't be one. */
  async change(user: string, next: string): Promise<void> {
    const fault = passwordFault(next, user);
    if (fault)
      throw new ApiError('Invalid', fault, { details: { causes: [{ field: 'next', message: fault }] } });
    await this.#write(user, { hash: await this.#hasher.hash(next), mustChange: false, expiresMs: 0 });
  }

  /** Makes one for the user, to be told once and changed at first use. */
  async give(user: string): Promise<string> {
    const word = () =>
      Array.from({ length: groupLength }, () => alphabet[randomInt(alphabet.length)]).join('');
    const password = Array.from({ length: groupsOfGiven }, word).join('-');
    const expiresMs = this.#clock.now() + givenValidMs;
    await this.#write(user, { hash: await this.#hasher.hash(password), mustChange: true, expiresMs });
    return password;
  }

  async remove(user: string): Promise<void> {
    try {
      await this.#secrets().delete(secretName(user), { namespace });
    } catch (error) {
      if (!isApiError(error, 'NotFound')) throw error;
    }
  }

  #secrets() {
    return this.#client.resource<Secret>(resources.secrets);
  }

  async #read(user: string): Promise<Stored | undefined> {
    try {
      const { data = {} } = await this.#secrets().get(secretName(user), { namespace });
      const text = (key: string) => Buffer.from(data[key] ?? '', 'base64').toString();
      return {
        hash: text('hash'),
        mustChange: text('mustChange') === 'true',
        expiresMs: Date.parse(text('expires')) || 0,
      };
    } catch (error) {
      // A name that can't be one is that of nobody.
      if (isApiError(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  async #write(user: string, { hash, mustChange, expiresMs }: Stored): Promise<void> {
    const expires = expiresMs === 0 ? '' : new Date(expiresMs).toISOString();
    const secret: Secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: secretName(user), namespace },
      type: secretType,
      stringData: { hash, mustChange: String(mustChange), expires },
    };
    try {
      await this.#secrets().create(secret, { namespace });
    } catch (error) {
      if (!isApiError(error, 'AlreadyExists')) throw error;
      const patch = { stringData: secret.stringData };
      await this.#secrets().patch(secretName(user), patch, { namespace, type: 'merge' });
    }
  }
}

function secretName(user: string): string {
  return passwordSecretPrefix + user;
}
