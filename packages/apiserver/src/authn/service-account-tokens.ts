/**
 * Verifies ServiceAccount tokens. The signature is checked once per token (the answer is kept, bounded); times and the
 * existence of what the token is bound to are checked at every request, so deleting a pod or account ends its tokens.
 * https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#token-controller
 */
import { createHash } from 'node:crypto';
import type { JsonObject, JsonValue, KubeObject } from '@skerry/api';
import type { Clock } from '@skerry/base';
import type { ObjectReader, UserInfo } from '#security.ts';
import { type VerificationKey, looksLikeJwt, verifyJwt } from '#signing/jwt.ts';

/** Verified signatures kept; the oldest goes when it is full. */
const verifiedMax = 20_000;
/** How far clocks may differ, and how long a deleted object's tokens still pass. */
const leewayMs = 60_000;

interface Bound {
  readonly name: string;
  readonly uid: string;
}

interface Claims {
  readonly audiences: readonly string[];
  readonly notBeforeMs: number;
  readonly expiresMs: number;
  readonly tokenId: string;
  readonly namespace: string;
  readonly serviceAccount: Bound;
  readonly pod?: Bound;
  readonly secret?: Bound;
  readonly node?: Bound;
}

export interface ServiceAccountTokensOptions {
  readonly read: ObjectReader;
  readonly clock: Clock;
  readonly issuer: string;
  readonly keys: readonly VerificationKey[];
}

export class ServiceAccountTokens {
  readonly #options: ServiceAccountTokensOptions;
  readonly #verified = new Map<string, Claims>();

  constructor(options: ServiceAccountTokensOptions) {
    this.#options = options;
  }

  /** The token's user and those of the wanted audiences it is good for; undefined when it is good for none. */
  verify(
    token: string,
    wanted: readonly string[],
  ): { user: UserInfo; audiences: readonly string[] } | undefined {
    const claims = this.#claimsOf(token);
    if (!claims) return undefined;
    const nowMs = this.#options.clock.now();
    if (nowMs + leewayMs < claims.notBeforeMs || nowMs >= claims.expiresMs) return undefined;
    const audiences = claims.audiences.filter((audience) => wanted.includes(audience));
    if (audiences.length === 0 || !this.#boundObjectsLive(claims)) return undefined;
    return { user: userOf(claims), audiences };
  }

  #claimsOf(token: string): Claims | undefined {
    if (!looksLikeJwt(token)) return undefined;
    const digest = createHash('sha256').update(token).digest('base64');
    const known = this.#verified.get(digest);
    if (known) return known;
    const payload = verifyJwt(this.#options.keys, token);
    const claims = payload?.['iss'] === this.#options.issuer ? claimsFrom(payload) : undefined;
    if (!claims) return undefined;
    if (this.#verified.size >= verifiedMax) {
      for (const oldest of this.#verified.keys()) {
        this.#verified.delete(oldest);
        break;
      }
    }
    this.#verified.set(digest, claims);
    return claims;
  }

  #boundObjectsLive({ namespace, serviceAccount, pod, secret, node }: Claims): boolean {
    const lives = (resource: string, bound: Bound | undefined, scope?: string) => {
      if (!bound) return true;
      const object = this.#options.read.get<KubeObject>({ group: '', resource }, bound.name, scope);
      if (object?.metadata?.uid !== bound.uid) return false;
      const deletion = object.metadata.deletionTimestamp;
      return deletion === undefined || Date.parse(deletion) + leewayMs > this.#options.clock.now();
    };
    return (
      lives('serviceaccounts', serviceAccount, namespace) &&
      lives('pods', pod, namespace) &&
      lives('secrets', secret, namespace) &&
      // A node named beside a pod is information; only a token bound to the node itself falls with it.
      (pod !== undefined || lives('nodes', node))
    );
  }
}

function userOf({ namespace, serviceAccount, pod, node, tokenId }: Claims): UserInfo {
  const prefix = 'authentication.kubernetes.io';
  return {
    name: `system:serviceaccount:${namespace}:${serviceAccount.name}`,
    uid: serviceAccount.uid,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
    extra: {
      ...(tokenId ? { [`${prefix}/credential-id`]: [`JTI=${tokenId}`] } : {}),
      ...(node ? { [`${prefix}/node-name`]: [node.name], [`${prefix}/node-uid`]: [node.uid] } : {}),
      ...(pod ? { [`${prefix}/pod-name`]: [pod.name], [`${prefix}/pod-uid`]: [pod.uid] } : {}),
    },
  };
}

function claimsFrom(payload: JsonObject): Claims | undefined {
  const own = objectOf(payload['kubernetes.io']);
  const serviceAccount = boundOf(own?.['serviceaccount']);
  const namespace = own?.['namespace'];
  const { sub, aud, exp, nbf, iat, jti } = payload;
  if (!own || !serviceAccount || typeof namespace !== 'string' || typeof exp !== 'number') return undefined;
  if (sub !== `system:serviceaccount:${namespace}:${serviceAccount.name}`) return undefined;
  const pod = boundOf(own['pod']);
  const secret = boundOf(own['secret']);
  const node = boundOf(own['node']);
  const begin = typeof nbf === 'number' ? nbf : typeof iat === 'number' ? iat : 0;
  return {
    audiences: (Array.isArray(aud) ? aud : [aud]).filter((each) => typeof each === 'string'),
    notBeforeMs: begin * 1_000,
    expiresMs: exp * 1_000,
    tokenId: typeof jti === 'string' ? jti : '',
    namespace,
    serviceAccount,
    ...(pod ? { pod } : {}),
    ...(secret ? { secret } : {}),
    ...(node ? { node } : {}),
  };
}

function objectOf(value: JsonValue | undefined): JsonObject | undefined {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : undefined;
}

function boundOf(value: JsonValue | undefined): Bound | undefined {
  const object = objectOf(value);
  if (!object) return undefined;
  const { name, uid } = object;
  return typeof name === 'string' && typeof uid === 'string' ? { name, uid } : undefined;
}
