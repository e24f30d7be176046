/**
 * One OpenID provider as the center speaks to it: its endpoints by discovery, the exchange of a code, and what an ID token has
 * to be. Authorization code with PKCE: the code that comes through the browser is worth nothing without what only the center
 * holds. https://openid.net/specs/openid-connect-core-1_0.html
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { SkerryError, type Clock, type Logger } from '@skerry/base';
import { type FetchJson, IssuerKeys, isSigned, parseToken, signatureAlgorithms } from '@skerry/pki';
import type { IdentityProvider } from '#people/kinds.ts';

/** POST of a form over verified TLS. Rejects for anything but a 200 with JSON. */
export type PostForm = (
  url: string,
  form: URLSearchParams,
  options: { readonly authorityPem?: string; readonly authorization?: string },
) => Promise<unknown>;

export interface ProviderOptions {
  readonly spec: IdentityProvider['spec'];
  readonly clientSecret?: string;
  readonly fetchJson: FetchJson;
  readonly postForm: PostForm;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What is remembered of a sign-in between its two halves. */
export interface PendingProof {
  readonly nonce: string;
  readonly verifier: string;
  readonly redirectUri: string;
  /** The person must have proved who they are just now. */
  readonly fresh: boolean;
}

export type Claims = Readonly<Record<string, unknown>>;

interface Endpoints {
  readonly authorization: string;
  readonly token: string;
}

const endpointsKeptMs = 3_600_000;
/** How far the provider's clock may be off. */
const leewaySeconds = 60;
/** https://openid.net/specs/openid-connect-backchannel-1_0.html */
const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout';
/** An ID token is taken at once or not at all. */
const ageSecondsMax = 10 * 60;
const freshSecondsMax = 5 * 60;

export class Provider {
  readonly #options: ProviderOptions;
  readonly #keys: IssuerKeys;
  #endpoints: { readonly value: Promise<Endpoints>; readonly atMs: number } | undefined;

  constructor(options: ProviderOptions) {
    this.#options = options;
    const { spec, fetchJson, clock, log } = options;
    const authorityPem = spec.certificateAuthority;
    this.#keys = new IssuerKeys({ url: spec.issuer, authorityPem, fetchJson, clock, log });
  }

  /** Where the browser is sent. */
  async authorizationUrl(
    state: string,
    { nonce, verifier, redirectUri, fresh }: PendingProof,
  ): Promise<string> {
    const { authorization } = await this.#located();
    const { spec } = this.#options;
    const url = new URL(authorization);
    const parameters = {
      response_type: 'code',
      client_id: spec.clientId,
      redirect_uri: redirectUri,
      scope: [...new Set(['openid', ...(spec.scopes ?? ['profile', 'email'])])].join(' '),
      state,
      nonce,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...(fresh ? { prompt: 'login', max_age: '0' } : {}),
    };
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    return url.href;
  }

  /** The claims of the ID token that the code stands for. Throws `sign-in-refused` with the reason. */
  async claimsOf(code: string, pending: PendingProof): Promise<Claims> {
    const { token } = await this.#located();
    const { spec, clientSecret, postForm } = this.#options;
    const form = new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: pending.redirectUri,
      client_id: spec.clientId,
      code_verifier: pending.verifier,
    });
    const answer = await postForm(token, form, {
      authorityPem: spec.certificateAuthority,
      ...(clientSecret === undefined ? {} : { authorization: basic(spec.clientId, clientSecret) }),
    });
    const idToken =
      typeof answer === 'object' && answer !== null && 'id_token' in answer ? answer.id_token : undefined;
    if (typeof idToken !== 'string') throw refuse('the provider gave no ID token');
    return this.#verified(idToken, pending);
  }

  /** Whose sessions are over, by a logout token. Throws `sign-in-refused` for anything that is none. */
  async logoutOf(token: string): Promise<{ readonly subject?: string; readonly session?: string }> {
    const claims = await this.#signed(token);
    const { events, iat, nonce, sub, sid } = claims;
    const isLogout = typeof events === 'object' && events !== null && logoutEvent in events;
    const ageSeconds = this.#options.clock.now() / 1000 - (typeof iat === 'number' ? iat : 0);
    // With a nonce it is an ID token, which browsers get to see.
    if (!isLogout || nonce !== undefined || Math.abs(ageSeconds) > ageSecondsMax)
      throw refuse('not a logout token of now');
    const subject = typeof sub === 'string' ? { subject: sub } : {};
    const session = typeof sid === 'string' ? { session: sid } : {};
    if (typeof sub !== 'string' && typeof sid !== 'string') throw refuse('the logout token names nobody');
    return { ...subject, ...session };
  }

  /** Claims of a token that this provider has signed for this client. */
  async #signed(token: string): Promise<Claims> {
    const { spec } = this.#options;
    const parsed = parseToken(token);
    if (!parsed || !isSigned(parsed, await this.#keys.find(parsed.keyId), signatureAlgorithms)) {
      throw refuse('the signature of the ID token is wrong');
    }
    const { claims } = parsed;
    if (claims['iss'] !== spec.issuer) throw refuse('the ID token is of another issuer');
    const audiences: unknown[] = Array.isArray(claims['aud']) ? claims['aud'] : [claims['aud']];
    if (!audiences.includes(spec.clientId)) throw refuse('the ID token is for somebody else');
    const party = claims['azp'];
    if ((audiences.length > 1 || party !== undefined) && party !== spec.clientId) {
      throw refuse('the ID token was given to somebody else');
    }
    return claims;
  }

  async #verified(idToken: string, { nonce, fresh }: PendingProof): Promise<Claims> {
    const { clock } = this.#options;
    const claims = await this.#signed(idToken);
    const nowSeconds = clock.now() / 1000;
    const { exp, iat } = claims;
    if (typeof exp !== 'number' || nowSeconds > exp + leewaySeconds) throw refuse('the ID token has expired');
    if (typeof iat !== 'number' || Math.abs(nowSeconds - iat) > ageSecondsMax)
      throw refuse('the ID token is not of now');
    if (typeof claims['nonce'] !== 'string' || !isSame(claims['nonce'], nonce)) {
      throw refuse('the ID token belongs to another sign-in');
    }
    const proved = claims['auth_time'];
    if (fresh && (typeof proved !== 'number' || nowSeconds - proved > freshSecondsMax)) {
      throw refuse('the provider did not ask again who you are');
    }
    return claims;
  }

  /** One discovery at a time, shared; a failure is tried again with the next sign-in. */
  #located(): Promise<Endpoints> {
    const nowMs = this.#options.clock.monotonic();
    if (this.#endpoints && nowMs - this.#endpoints.atMs < endpointsKeptMs) return this.#endpoints.value;
    const value = this.#discover();
    this.#endpoints = { value, atMs: nowMs };
    value.catch(() => (this.#endpoints = undefined));
    return value;
  }

  async #discover(): Promise<Endpoints> {
    const { spec, fetchJson } = this.#options;
    const url = `${spec.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const document = (await fetchJson(url, { authorityPem: spec.certificateAuthority })) as Claims;
    if (document['issuer'] !== spec.issuer) throw refuse('the discovery document is that of another issuer');
    const endpoint = (name: string) => {
      const value = document[name];
      if (typeof value !== 'string' || !value.startsWith('https://'))
        throw refuse(`the provider names no https ${name}`);
      return value;
    };
    return { authorization: endpoint('authorization_endpoint'), token: endpoint('token_endpoint') };
  }
}

export function refuse(why: string): SkerryError {
  return new SkerryError('sign-in-refused', why);
}

function basic(id: string, secret: string): string {
  // Both are encoded first (RFC 6749, 2.3.1).
  const encoded = [id, secret].map((text) => new URLSearchParams({ x: text }).toString().slice(2)).join(':');
  return `Basic ${Buffer.from(encoded).toString('base64')}`;
}

function isSame(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}
