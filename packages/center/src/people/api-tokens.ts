/**
 * Credentials for scripts: `skerry_<id>_<secret>`. Only a SHA-256 of the secret is kept, which is enough for 256 random bits. A
 * token acts as its user, with the user's rights of the moment and no more; it ends with its date, its object, or its user.
 */
import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import { ApiError, isApiError } from '@skerry/api';
import { type Clock, describeError, type Logger } from '@skerry/base';
import type { ApiClient } from '@skerry/client';
import type { Caller, SessionEnd } from '#http/caller.ts';
import type { Directory } from '#people/directory.ts';
import { type ApiToken, peopleResources } from '#people/kinds.ts';

const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';
const tokenPattern = /^skerry_([a-z0-9]{12})_([\w-]{43})$/;
const daysMax = 366;
const perUserMax = 50;
const userLabel = 'center.skerry.io/user';
/** `status.lastUsed` is no audit log. */
const lastUsedEveryMs = 60_000;

export interface NewApiToken {
  readonly description?: string;
  readonly days: number;
  readonly readOnly?: boolean;
  readonly clusters?: readonly string[];
}

export class ApiTokens {
  readonly #directory: Directory;
  readonly #client: ApiClient;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #ends = new Map<string, AbortController>();
  readonly #usedMs = new Map<string, number>();

  constructor({
    directory,
    client,
    clock,
    log,
  }: {
    directory: Directory;
    client: ApiClient;
    clock: Clock;
    log: Logger;
  }) {
    this.#directory = directory;
    this.#client = client;
    this.#clock = clock;
    this.#log = log;
    const end = ({ metadata }: ApiToken) => this.#end(metadata?.name ?? '', 'the API token was revoked');
    directory.apiTokens.addHandler({ onDelete: end });
  }

  /** The caller that an `Authorization: Bearer …` header stands for. Throws 401 for anything that is no good token. */
  async authenticate(authorization: string): Promise<Caller> {
    const refuse = () => new ApiError('Unauthorized', 'the API token is not valid');
    const [scheme = '', token = ''] = authorization.split(' ');
    const [, id = '', secret = ''] =
      scheme.toLowerCase() === 'bearer' ? (tokenPattern.exec(token) ?? []) : [];
    const held = this.#directory.apiTokens.get(undefined, id);
    // Hashed also where there is none, so that time tells nothing of ids.
    if (!isSecretOf(held?.spec.hash ?? '', secret) || !held) throw refuse();
    const user = this.#directory.user(held.spec.user);
    if (!user || user.spec.disabled || !(Date.parse(held.spec.expires) > this.#clock.now())) throw refuse();
    this.#noteUse(id);
    const { readOnly = false, clusters } = held.spec;
    return {
      user: held.spec.user,
      groups: this.#directory.groupsOf(user),
      sessionId: `token-${id}`,
      method: 'token',
      mustChangePassword: false,
      steppedUp: () => false,
      scope: { readOnly, ...(clusters ? { clusters } : {}) },
      ended: this.#endOf(id).signal,
    };
  }

  /** Returns the token, which can't be had again. Throws 422. */
  async create(user: string, wanted: NewApiToken): Promise<string> {
    const token = await createApiToken(this.#client, { user, ...wanted, clock: this.#clock });
    await this.#directory.seen(this.#directory.apiTokens, token.split('_')[1] ?? '');
    return token;
  }

  of(user: string): ApiToken[] {
    return this.#directory.apiTokens.list().filter(({ spec }) => spec.user === user);
  }

  /** Throws 404 also for somebody else's. */
  async revoke(user: string, id: string): Promise<void> {
    const gone = new ApiError('NotFound', `you have no API token ${id}`);
    if (!this.of(user).some(({ metadata }) => metadata?.name === id)) throw gone;
    try {
      await this.#client.resource(peopleResources.apiTokens).delete(id);
    } catch (error) {
      if (!isApiError(error, 'NotFound')) throw error;
    }
    this.#end(id, 'the API token was revoked');
  }

  /** Ends what is open under tokens that have expired or whose user may no longer sign in; asked every so often. */
  sweep(): void {
    for (const id of this.#ends.keys()) {
      const held = this.#directory.apiTokens.get(undefined, id);
      const user = held && this.#directory.user(held.spec.user);
      const good = user && !user.spec.disabled && Date.parse(held.spec.expires) > this.#clock.now();
      if (!good) this.#end(id, 'the API token has ended');
    }
  }

  #endOf(id: string): AbortController {
    let end = this.#ends.get(id);
    if (!end) {
      end = new AbortController();
      this.#ends.set(id, end);
    }
    return end;
  }

  #end(id: string, reason: string): void {
    this.#ends.get(id)?.abort({ code: 4401, reason } satisfies SessionEnd);
    this.#ends.delete(id);
    this.#usedMs.delete(id);
  }

  #noteUse(id: string): void {
    const nowMs = this.#clock.now();
    if (nowMs - (this.#usedMs.get(id) ?? 0) < lastUsedEveryMs) return;
    this.#usedMs.set(id, nowMs);
    const status = { lastUsed: new Date(nowMs).toISOString() };
    this.#client
      .resource(peopleResources.apiTokens)
      .patch(id, { status }, { type: 'merge', subresource: 'status' })
      .catch((error: unknown) =>
        this.#log.warn('use of API token not noted', { id, error: describeError(error) }),
      );
  }
}

/** For whoever holds the management API: makes a token of the user. Returns it, which can't be had again. Throws 422. */
export async function createApiToken(
  client: ApiClient,
  {
    user,
    description,
    days,
    readOnly,
    clusters,
    clock,
  }: NewApiToken & { readonly user: string; readonly clock: Clock },
): Promise<string> {
  if (!Number.isInteger(days) || days < 1 || days > daysMax) {
    throw new ApiError('Invalid', `an API token is good for 1 to ${daysMax} days`);
  }
  const tokens = client.resource<ApiToken>(peopleResources.apiTokens);
  const { items } = await tokens.list({ labelSelector: `${userLabel}=${user}` });
  if (items.length >= perUserMax) {
    throw new ApiError('Invalid', `a user has at most ${perUserMax} API tokens; delete one first`);
  }
  const id = Array.from({ length: 12 }, () => alphabet[randomInt(alphabet.length)]).join('');
  const secret = randomBytes(32).toString('base64url');
  await tokens.create({
    metadata: { name: id, labels: { [userLabel]: user } },
    spec: {
      user,
      expires: new Date(clock.now() + days * 24 * 3_600_000).toISOString(),
      hash: hashOf(secret),
      ...(description ? { description } : {}),
      ...(readOnly ? { readOnly } : {}),
      ...(clusters ? { clusters: [...clusters] } : {}),
    },
  });
  return `skerry_${id}_${secret}`;
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

function isSecretOf(hash: string, secret: string): boolean {
  const given = Buffer.from(hashOf(secret));
  const held = Buffer.from(hash.padEnd(given.length).slice(0, given.length));
  return timingSafeEqual(given, held);
}
