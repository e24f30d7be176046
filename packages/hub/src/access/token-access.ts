/**
 * Who a bearer token is.
 *
 * While there is a link, the center is asked (SelfSubjectReview, in the token's own name), and its word holds for two
 * minutes. While there is none, a token is good if it was good when the link broke: either the center has said so of this
 * very token, or it is a pod's and the center's public keys, read before, say so. A pod's token is good only as long as that
 * pod runs here. Texts of tokens are kept nowhere, only their digests.
 */
import { createHash } from 'node:crypto';
import { ApiError, isApiError } from '@skerry/api';
import { isRecord, type Clock } from '@skerry/base';
import { TransportError } from '@skerry/client';
import { TokenVerifier, tokenKeysOf } from '@skerry/serving';
import type { CacheFile } from '#cache/cache-file.ts';
import type { CacheWriter } from '#cache/cache-writer.ts';
import type { HubClock } from '#access/hub-clock.ts';
import type { Caller, LocalPods, Upstream } from '#contract.ts';
import { readBytes, statusError } from '#coverage/upstream-watch.ts';

export type BearerCaller = Extract<Caller, { type: 'bearer' }>;

interface Accepted {
  readonly user: string;
  readonly pod?: { readonly name: string; readonly uid: string };
  /** Of the token, on the wall clock; unset where it says nothing of it. */
  readonly expiresMs?: number;
  /** When the center last said so, on the monotonic clock. */
  atMs: number;
}

interface Keys {
  readonly verifier: TokenVerifier;
  readonly readMs: number;
}

const tokenSpace = 'token';
const keySpace = 'token-keys';
const acceptedMax = 2_048;
const refusedMax = 2_048;
const acceptedForMs = 120_000;
const refusedForMs = 10_000;
const keysForMs = 3_600_000;
const keysRetryMs = 5_000;
const tokenLengthMax = 16 * 1024;
const askTimeoutMs = 10_000;

export interface TokenAccessOptions {
  readonly upstream: Upstream;
  readonly file: CacheFile;
  readonly writer: CacheWriter;
  readonly pods: LocalPods;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly hubClock: HubClock;
}

export class TokenAccess {
  readonly #options: TokenAccessOptions;
  readonly #accepted = new Map<string, Accepted>();
  readonly #refused = new Map<string, number>();
  readonly #asking = new Map<string, Promise<Accepted>>();
  #keys: Keys | undefined;
  #readingKeys: Promise<void> | undefined;
  #triedMs = -Infinity;

  constructor(options: TokenAccessOptions) {
    this.#options = options;
    const { file } = options;
    for (const [digest, { value }] of file.notes(tokenSpace)) {
      const accepted = parseAccepted(value);
      if (accepted) this.#accepted.set(digest, accepted);
    }
    const document = file.notes(keySpace).get('keys');
    if (document) this.#useKeys(document.value, -Infinity);
  }

  /** @throws ApiError Unauthorized, or ServiceUnavailable while it can't be known. */
  async identify(token: string): Promise<BearerCaller> {
    if (token === '' || token.length > tokenLengthMax || !/^[\x21-\x7e]+$/.test(token)) throw unauthorized();
    const digest = createHash('sha256').update(token).digest('base64');
    const { upstream } = this.#options;
    const found = upstream.isLinked() ? await this.#linked(token, digest) : this.#cut(token, digest);
    return { type: 'bearer', token, user: found.user, ...(found.pod ? { pod: found.pod } : {}) };
  }

  async #linked(token: string, digest: string): Promise<Accepted> {
    const { clock } = this.#options;
    const nowMs = clock.monotonic();
    const known = this.#accepted.get(digest);
    if (known && nowMs - known.atMs < acceptedForMs) {
      this.#readKeys(token);
      return known;
    }
    const refusedMs = this.#refused.get(digest);
    if (refusedMs !== undefined && nowMs - refusedMs < refusedForMs) throw unauthorized();
    let asking = this.#asking.get(digest);
    if (!asking) {
      asking = this.#ask(token, digest).finally(() => this.#asking.delete(digest));
      this.#asking.set(digest, asking);
    }
    try {
      return await asking;
    } catch (error) {
      if (isApiError(error) && error.code === 401) {
        remember(this.#refused, digest, nowMs, refusedMax);
        this.#forget(digest);
        throw unauthorized();
      }
      const silent =
        error instanceof TransportError ||
        (error instanceof Error && error.name === 'TimeoutError') ||
        (isApiError(error) && error.code >= 500);
      if (!silent) throw error;
      return this.#cut(token, digest);
    }
  }

  async #ask(token: string, digest: string): Promise<Accepted> {
    const { upstream, clock, writer } = this.#options;
    const headers = headersOf(token);
    const response = await upstream.transport.request({
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }),
      signal: AbortSignal.timeout(askTimeoutMs),
    });
    if (response.status !== 201 && response.status !== 200) throw await statusError(response);
    const review: unknown = JSON.parse(Buffer.from(await readBytes(response.body, 1 << 20)).toString());
    const info = isRecord(review) && isRecord(review['status']) ? review['status']['userInfo'] : undefined;
    const user = isRecord(info) && typeof info['username'] === 'string' ? info['username'] : '';
    // A server that takes no token for nobody in particular: whoever is nobody reads nothing here.
    if (user === '' || user === 'system:anonymous') throw unauthorized();
    const extra = isRecord(info) && isRecord(info['extra']) ? info['extra'] : {};
    const one = (name: string) => {
      const value: unknown = extra[`authentication.kubernetes.io/${name}`];
      return Array.isArray(value) && typeof value[0] === 'string' ? value[0] : undefined;
    };
    const uid = one('pod-uid');
    const expiresMs = expiryOf(token);
    const accepted: Accepted = {
      user,
      ...(uid ? { pod: { name: one('pod-name') ?? '', uid } } : {}),
      ...(expiresMs === undefined ? {} : { expiresMs }),
      atMs: clock.monotonic(),
    };
    remember(this.#accepted, digest, accepted, acceptedMax);
    const { atMs: _, ...kept } = accepted;
    writer.note(tokenSpace, digest, {
      value: Buffer.from(JSON.stringify(kept)),
      usedMs: clock.now(),
      secret: true,
    });
    this.#readKeys(token);
    return accepted;
  }

  #cut(token: string, digest: string): Accepted {
    const { hubClock, nodeName } = this.#options;
    const known = this.#accepted.get(digest);
    if (known) {
      const wasGood = known.expiresMs === undefined || known.expiresMs > hubClock.now();
      if (!wasGood) throw unauthorized();
      if (known.pod) this.#checkRuns(known.pod);
      return known;
    }
    if (!this.#keys) throw cutOff();
    const verdict = this.#keys.verifier.verify(token);
    if (verdict.type === 'bad') throw unauthorized();
    const { pod, node, user } = verdict.identity;
    if (!pod || (node && node.name !== nodeName)) throw unauthorized();
    this.#checkRuns(pod);
    return { user, pod, expiresMs: verdict.identity.expiresMs, atMs: -Infinity };
  }

  #checkRuns({ uid }: { readonly uid: string }): void {
    const { pods } = this.#options;
    if (pods.has(uid)) return;
    throw pods.areKnown() ? unauthorized() : cutOff();
  }

  #forget(digest: string): void {
    if (this.#accepted.delete(digest)) this.#options.writer.note(tokenSpace, digest, undefined);
  }

  /** The center's public keys, asked for in the name of somebody who may read them. */
  #readKeys(token: string): void {
    const { clock, upstream, writer } = this.#options;
    const nowMs = clock.monotonic();
    if (this.#readingKeys || nowMs - this.#triedMs < keysRetryMs) return;
    if (this.#keys && nowMs - this.#keys.readMs < keysForMs) return;
    this.#triedMs = nowMs;
    // kube-apiserver refuses whoever takes plain JSON alone for its keys.
    const headers = { ...headersOf(token), accept: 'application/jwk-set+json, application/json' };
    const read = async (path: string): Promise<unknown> => {
      const signal = AbortSignal.timeout(askTimeoutMs);
      const response = await upstream.transport.request({ method: 'GET', path, headers, signal });
      if (response.status !== 200) throw await statusError(response);
      return JSON.parse(Buffer.from(await readBytes(response.body, 1 << 20)).toString()) as unknown;
    };
    this.#readingKeys = Promise.all([read('/.well-known/openid-configuration'), read('/openid/v1/jwks')])
      .then(([configuration, keys]) => {
        const value = Buffer.from(JSON.stringify({ configuration, keys }));
        this.#useKeys(value, clock.monotonic());
        writer.note(keySpace, 'keys', { value, usedMs: clock.now() });
      })
      // Not everybody may; the next one's name is tried with.
      .catch(() => undefined)
      .finally(() => {
        this.#readingKeys = undefined;
      });
  }

  #useKeys(document: Uint8Array, readMs: number): void {
    try {
      const value: unknown = JSON.parse(Buffer.from(document).toString());
      if (!isRecord(value) || !isRecord(value['configuration'])) return;
      const { issuer } = value['configuration'];
      const keys = tokenKeysOf(value['keys']);
      if (typeof issuer !== 'string' || keys.length === 0) return;
      const rules = { issuers: [issuer], audiences: [issuer], clock: this.#options.hubClock };
      this.#keys = { verifier: new TokenVerifier(keys, rules), readMs };
    } catch {
      // Read anew when there is a link.
    }
  }
}

function headersOf(token: string): Record<string, string> {
  return { accept: 'application/json', authorization: `Bearer ${token}`, 'user-agent': 'skerry-hub' };
}

/** When a token that is a JSON Web Token says that it ends. It is only looked at once the center has said that it is good. */
function expiryOf(token: string): number | undefined {
  const [, payload = ''] = token.split('.');
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
    return isRecord(claims) && typeof claims['exp'] === 'number' ? claims['exp'] * 1000 : undefined;
  } catch {
    return undefined;
  }
}

function parseAccepted(value: Uint8Array): Accepted | undefined {
  try {
    const { user, pod, expiresMs } = JSON.parse(Buffer.from(value).toString()) as Accepted;
    return { user, ...(pod ? { pod } : {}), ...(expiresMs ? { expiresMs } : {}), atMs: -Infinity };
  } catch {
    return undefined;
  }
}

function remember<V>(map: Map<string, V>, key: string, value: V, lengthMax: number): void {
  map.delete(key);
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= lengthMax) break;
    map.delete(oldest);
  }
}

function unauthorized(): ApiError {
  return new ApiError('Unauthorized', 'Unauthorized');
}

function cutOff(): ApiError {
  return new ApiError(
    'ServiceUnavailable',
    'this node is cut off from the cluster, and does not know as yet whose tokens are good',
    { details: { retryAfterSeconds: 10 } },
  );
}
