import { isRecord } from '@skerry/base';
import { createHash } from 'node:crypto';
import type { Clock } from '@skerry/base';
import { readSignedClaims } from '#token/jwt.ts';
import type { Claims, TokenKey } from '#token/jwt.ts';

export interface BoundObject {
  readonly name: string;
  readonly uid: string;
}

/** What a good token says. Whether what it is bound to still exists is for the caller to ask. */
export interface ServiceAccountIdentity {
  /** `system:serviceaccount:<namespace>:<name>`. */
  readonly user: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
  readonly namespace: string;
  readonly serviceAccount: BoundObject;
  readonly pod?: BoundObject;
  readonly secret?: BoundObject;
  readonly node?: BoundObject;
  /** Those of the wanted audiences that the token is for. */
  readonly audiences: readonly string[];
  readonly expiresMs: number;
}

/** Why a token is not good. `expired` is told apart: a hub without a link may go on with it. */
export type TokenFault = 'invalid' | 'expired' | 'not-yet-valid' | 'wrong-issuer' | 'wrong-audience';

export type TokenVerdict =
  | { readonly type: 'good'; readonly identity: ServiceAccountIdentity }
  /** `identity` is there when the signature holds and time alone is wrong. */
  | {
      readonly type: 'bad';
      readonly fault: TokenFault;
      readonly identity?: ServiceAccountIdentity;
      /** Of a token with the wrong ones: whom it is for. */
      readonly audiences?: readonly string[];
    };

export interface TokenRules {
  readonly issuers: readonly string[];
  /** One of these must be among the token's. */
  readonly audiences: readonly string[];
  readonly clock: Clock;
}

/** How far the clocks of issuer and verifier may be apart. */
const leewayMs = 60_000;
const verifiedMax = 10_000;

/**
 * Checks one ServiceAccount token: signature, issuer, audience and time, in that order.
 * Claims: https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-tokens
 */
export function verifyServiceAccountToken(
  keys: readonly TokenKey[],
  token: string,
  rules: TokenRules,
): TokenVerdict {
  return judge(readSignedClaims(keys, token), rules);
}

/**
 * The same for a server: the signature of a token is checked once and remembered (a bounded number, the oldest goes), its claims each
 * time. New keys make it forget.
 */
export class TokenVerifier {
  readonly #rules: TokenRules;
  #keys: readonly TokenKey[];
  readonly #verified = new Map<string, Claims>();

  constructor(keys: readonly TokenKey[], rules: TokenRules) {
    this.#keys = keys;
    this.#rules = rules;
  }

  setKeys(keys: readonly TokenKey[]): void {
    this.#keys = keys;
    this.#verified.clear();
  }

  verify(token: string): TokenVerdict {
    return judge(this.#claims(token), this.#rules);
  }

  #claims(token: string): Claims | undefined {
    // The digest, so that the memory of a process holds no tokens beyond their requests.
    const digest = createHash('sha256').update(token).digest('base64');
    const known = this.#verified.get(digest);
    if (known) return known;
    const claims = readSignedClaims(this.#keys, token);
    if (!claims) return undefined;
    for (const oldest of this.#verified.keys()) {
      if (this.#verified.size < verifiedMax) break;
      this.#verified.delete(oldest);
    }
    this.#verified.set(digest, claims);
    return claims;
  }
}

function judge(claims: Claims | undefined, { issuers, audiences, clock }: TokenRules): TokenVerdict {
  if (!claims) return { type: 'bad', fault: 'invalid' };
  if (typeof claims.iss !== 'string' || !issuers.includes(claims.iss))
    return { type: 'bad', fault: 'wrong-issuer' };
  const named: unknown[] = Array.isArray(claims.aud) ? claims.aud : [claims.aud];
  const wanted = audiences.filter((audience) => named.includes(audience));
  if (wanted.length === 0) {
    return {
      type: 'bad',
      fault: 'wrong-audience',
      audiences: named.filter((each) => typeof each === 'string'),
    };
  }
  const identity = identityOf(claims, wanted);
  if (!identity) return { type: 'bad', fault: 'invalid' };
  const nowMs = clock.now();
  const begins = [claims.nbf, claims.iat].find((value) => typeof value === 'number') ?? 0;
  if (nowMs + leewayMs < begins * 1000) return { type: 'bad', fault: 'not-yet-valid', identity };
  if (nowMs - leewayMs > identity.expiresMs) return { type: 'bad', fault: 'expired', identity };
  return { type: 'good', identity };
}

function identityOf(claims: Claims, audiences: readonly string[]): ServiceAccountIdentity | undefined {
  const own = claims['kubernetes.io'];
  if (!isRecord(own) || typeof own.namespace !== 'string' || typeof claims.exp !== 'number') return undefined;
  const { namespace } = own;
  const serviceAccount = boundObject(own.serviceaccount);
  if (!serviceAccount) return undefined;
  const user = `system:serviceaccount:${namespace}:${serviceAccount.name}`;
  if (claims.sub !== user) return undefined;
  const pod = boundObject(own.pod);
  const secret = boundObject(own.secret);
  const node = boundObject(own.node);
  const extra: Record<string, string[]> = {};
  if (typeof claims.jti === 'string')
    extra['authentication.kubernetes.io/credential-id'] = [`JTI=${claims.jti}`];
  for (const [kind, bound] of [
    ['node', node],
    ['pod', pod],
  ] as const) {
    if (!bound) continue;
    extra[`authentication.kubernetes.io/${kind}-name`] = [bound.name];
    extra[`authentication.kubernetes.io/${kind}-uid`] = [bound.uid];
  }
  return {
    user,
    uid: serviceAccount.uid,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
    extra,
    namespace,
    serviceAccount,
    ...(pod ? { pod } : {}),
    ...(secret ? { secret } : {}),
    ...(node ? { node } : {}),
    audiences,
    expiresMs: claims.exp * 1000,
  };
}

function boundObject(value: unknown): BoundObject | undefined {
  if (!isRecord(value) || typeof value.name !== 'string') return undefined;
  return { name: value.name, uid: typeof value.uid === 'string' ? value.uid : '' };
}
