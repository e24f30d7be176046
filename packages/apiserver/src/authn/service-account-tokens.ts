/**
 * ServiceAccount tokens as the server that issued them judges them: beyond signature, times and audience, what a token is
 * bound to must still be there, so deleting a pod or an account ends its tokens at once.
 * https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-tokens
 */
import type { KubeObject } from '@skerry/api';
import type { Clock } from '@skerry/base';
import {
  type ServiceAccountIdentity,
  type TokenKey,
  type TokenVerdict,
  TokenVerifier,
  verifyServiceAccountToken,
} from '@skerry/serving';
import type { ObjectReader, ReviewedToken, UserInfo } from '#security.ts';

/** How long a deleted object's tokens still pass. */
const leewayMs = 60_000;

export interface ServiceAccountTokensOptions {
  readonly read: ObjectReader;
  readonly clock: Clock;
  /** Whose tokens are its own: the one that it signs as first. */
  readonly issuers: readonly string[];
  readonly audiences: readonly string[];
  readonly keys: readonly TokenKey[];
}

export class ServiceAccountTokens {
  readonly #options: ServiceAccountTokensOptions;
  readonly #verifier: TokenVerifier;

  constructor(options: ServiceAccountTokensOptions) {
    const { clock, issuers, audiences, keys } = options;
    this.#options = options;
    this.#verifier = new TokenVerifier(keys, { issuers, audiences, clock });
  }

  /** The user of a token for the server itself; undefined for any other token. */
  authenticate(token: string): UserInfo | undefined {
    const verdict = this.#verifier.verify(token);
    return verdict.type === 'good' ? this.#userOf(verdict.identity) : undefined;
  }

  /** The user, and those of the wanted audiences that the token is for; or why it is bad. */
  review(token: string, wanted: readonly string[]): ReviewedToken {
    const { keys, issuers, clock } = this.#options;
    const verdict = verifyServiceAccountToken(keys, token, { issuers, audiences: wanted, clock });
    if (verdict.type === 'bad') return { fault: faultOf(verdict, wanted) };
    const user = this.#userOf(verdict.identity);
    return user
      ? { user, audiences: verdict.identity.audiences }
      : { fault: 'service account token has been invalidated' };
  }

  #userOf(identity: ServiceAccountIdentity): UserInfo | undefined {
    if (!this.#boundObjectsLive(identity)) return undefined;
    const { user, uid, groups, extra } = identity;
    return { name: user, uid, groups, extra };
  }

  #boundObjectsLive({ namespace, serviceAccount, pod, secret, node }: ServiceAccountIdentity): boolean {
    const lives = (resource: string, bound: { name: string; uid: string } | undefined, scope?: string) => {
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

/** In upstream's words. */
function faultOf(verdict: Extract<TokenVerdict, { type: 'bad' }>, wanted: readonly string[]): string {
  const listed = (texts: readonly string[]) => `[${texts.map((text) => JSON.stringify(text)).join(' ')}]`;
  switch (verdict.fault) {
    case 'wrong-audience':
      return `token audiences ${listed(verdict.audiences ?? [])} is invalid for the target audiences ${listed(wanted)}`;
    case 'expired':
      return 'service account token has expired';
    case 'not-yet-valid':
      return 'service account token is not valid yet';
    default:
      return '';
  }
}
