/** Users as they are made, changed and taken away; what signing in leaves behind. */
import { ApiError, isApiError } from '@skerry/api';
import { type Clock, describeError, type Logger } from '@skerry/base';
import type { ApiClient } from '@skerry/client';
import {
  type Grant,
  peopleResources,
  sessionsSinceAnnotation,
  type User,
  userNamePattern,
} from '#people/kinds.ts';
import type { Passwords } from '#people/passwords.ts';

export interface NewUser {
  readonly displayName?: string;
  readonly groups?: readonly string[];
}

/** Name of the administrator that a center starts with. */
const firstUser = 'admin';

export class UserStore {
  readonly #client: ApiClient;
  readonly #passwords: Passwords;
  readonly #clock: Clock;
  readonly #log: Logger;

  constructor({
    client,
    passwords,
    clock,
    log,
  }: {
    client: ApiClient;
    passwords: Passwords;
    clock: Clock;
    log: Logger;
  }) {
    this.#client = client;
    this.#passwords = passwords;
    this.#clock = clock;
    this.#log = log;
  }

  /** Makes the first administrator where there is no user yet; returns the password, to be shown once. */
  async ensureFirst(): Promise<{ readonly name: string; readonly password: string } | undefined> {
    const { items } = await this.#users().list({ limit: 1 });
    if (items.length > 0) return undefined;
    const password = await this.create(firstUser, { displayName: 'Administrator' });
    await this.#grants().create({
      metadata: { name: firstUser },
      spec: { subject: { kind: 'User', name: firstUser }, role: 'admin', cluster: '*' },
    });
    return { name: firstUser, password };
  }

  /** Returns the first password. Throws 409, 422. */
  async create(name: string, { displayName, groups }: NewUser): Promise<string> {
    if (!userNamePattern.test(name)) {
      throw new ApiError(
        'Invalid',
        'the name of a user is 1 to 63 of a-z, 0-9, "-" and ".", and begins and ends with one of a-z and 0-9',
      );
    }
    await this.#users().create({
      metadata: { name },
      spec: { ...(displayName ? { displayName } : {}), ...(groups?.length ? { groups: [...groups] } : {}) },
    });
    return this.#passwords.give(name);
  }

  /** A new first password; the old one ends at once. Throws 404, and 422 where an identity provider knows the user. */
  async resetPassword(name: string): Promise<string> {
    const user = await this.#users().get(name);
    if (user.spec.oidc) {
      throw new ApiError(
        'Invalid',
        `${name} signs in by ${user.spec.oidc.provider} and has no password here`,
      );
    }
    const password = await this.#passwords.give(name);
    await this.endSessions(name);
    return password;
  }

  /** Whoever is signed in as the user is so no longer, whichever process holds the sessions. */
  async endSessions(name: string): Promise<void> {
    const annotations = { [sessionsSinceAnnotation]: new Date(this.#clock.now()).toISOString() };
    await this.#users().patch(name, { metadata: { annotations } }, { type: 'merge' });
  }

  /** Takes the user away, with password and grants. */
  async delete(name: string): Promise<void> {
    await this.#users().delete(name);
    await this.#passwords.remove(name);
    const { items } = await this.#grants().list();
    for (const { metadata, spec } of items) {
      if (spec.subject.kind !== 'User' || spec.subject.name !== name) continue;
      await ignoreMissing(this.#grants().delete(metadata?.name ?? ''));
    }
  }

  /** What is kept of a sign-in must not keep anybody from it. */
  async noteSignIn(name: string, { groups }: { groups?: readonly string[] }): Promise<void> {
    const lastSignIn = new Date(this.#clock.now()).toISOString();
    const status = { lastSignIn, ...(groups ? { groups } : {}) };
    try {
      await this.#users().patch(name, { status }, { type: 'merge', subresource: 'status' });
    } catch (error) {
      this.#log.warn('sign-in not noted', { user: name, error: describeError(error) });
    }
  }

  #users() {
    return this.#client.resource<User>(peopleResources.users);
  }

  #grants() {
    return this.#client.resource<Grant>(peopleResources.grants);
  }
}

async function ignoreMissing(deleting: Promise<void>): Promise<void> {
  try {
    await deleting;
  } catch (error) {
    if (!isApiError(error, 'NotFound')) throw error;
  }
}
