/**
 * Users of foreign issuers (OpenID Connect): a token names its issuer, which must be one that is configured, must be signed
 * by one of its keys, be for one of the audiences, and be in its time. Why one is refused goes to the log.
 * https://kubernetes.io/docs/reference/access-authn-authz/authentication/#openid-connect-tokens
 */
import { type Clock, describeError, type Logger } from '@skerry/base';
import { userOfClaims } from '#oidc/claim-mapping.ts';
import type { JwtIssuer } from '#oidc/configuration.ts';
import { type FetchJson, IssuerKeys, isSigned, parseToken } from '@skerry/pki';
import type { UserInfo } from '#security.ts';

/** How far an issuer's clock may be ahead; nothing is added to a token's end. */
const leewaySeconds = 5 * 60;

export class JwtAuthenticator {
  readonly #parts: { readonly fetchJson: FetchJson; readonly clock: Clock; readonly log: Logger };
  readonly #clock: Clock;
  readonly #log: Logger;
  #issuers: ReadonlyMap<string, { readonly issuer: JwtIssuer; readonly keys: IssuerKeys }> = new Map();

  constructor(
    issuers: readonly JwtIssuer[],
    parts: { readonly fetchJson: FetchJson; readonly clock: Clock; readonly log: Logger },
  ) {
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#parts = parts;
    this.replace(issuers);
  }

  /** From now on these are believed. One whose keys come from where they came from keeps those that are known. */
  replace(issuers: readonly JwtIssuer[]): void {
    const before = this.#issuers;
    this.#issuers = new Map(
      issuers.map((issuer) => {
        const known = before.get(issuer.url);
        const same =
          known?.issuer.discoveryUrl === issuer.discoveryUrl &&
          known?.issuer.authorityPem === issuer.authorityPem;
        const keys = known && same ? known.keys : new IssuerKeys({ ...issuer, ...this.#parts });
        return [issuer.url, { issuer, keys }];
      }),
    );
  }

  /** Undefined for a token of another issuer, and for a bad one. */
  async authenticate(token: string): Promise<UserInfo | undefined> {
    if (this.#issuers.size === 0) return undefined;
    const parsed = parseToken(token);
    const url = parsed?.claims['iss'];
    const known = typeof url === 'string' ? this.#issuers.get(url) : undefined;
    if (!parsed || !known) return undefined;
    const { issuer, keys } = known;
    try {
      if (!isSigned(parsed, await keys.find(parsed.keyId), issuer.algorithms)) {
        throw new Error('failed to verify id token signature');
      }
      this.#requireCurrent(issuer, parsed.claims);
      return userOfClaims(issuer.mapping, parsed.claims);
    } catch (error) {
      this.#log.info('token of an issuer refused', { issuer: issuer.url, error: describeError(error) });
      return undefined;
    }
  }

  #requireCurrent({ audiences }: JwtIssuer, claims: Readonly<Record<string, unknown>>): void {
    const named: unknown[] = Array.isArray(claims['aud']) ? claims['aud'] : [claims['aud']];
    if (!audiences.some((audience) => named.includes(audience))) {
      throw new Error(`expected audience in ${JSON.stringify(audiences)} got ${JSON.stringify(named)}`);
    }
    const nowSeconds = this.#clock.now() / 1000;
    const { exp, nbf } = claims;
    if (typeof exp !== 'number' || nowSeconds > exp) throw new Error('token is expired');
    if (nbf !== undefined && (typeof nbf !== 'number' || nowSeconds + leewaySeconds < nbf)) {
      throw new Error('current time is before the nbf (not before) time');
    }
  }
}
