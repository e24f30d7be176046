/** An OpenID provider as far as the center speaks to it: discovery, keys and the exchange of codes, in memory. */
import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import type { FetchJson } from '@skerry/pki';
import type { PostForm } from '#oidc/provider.ts';

export interface Login {
  readonly claims: Readonly<Record<string, unknown>>;
  readonly challenge: string;
  readonly redirectUri: string;
  readonly clientId: string;
}

export class FakeIdentityProvider {
  readonly issuer = 'https://login.example.com';
  readonly clientId = 'skerry';
  readonly clientSecret = 's3cret & more';
  /** Of the next exchange: what differs from an honest provider. */
  tamper: { signature?: boolean; claims?: Readonly<Record<string, unknown>>; noToken?: boolean } = {};
  readonly #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  readonly #logins = new Map<string, Login>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  readonly fetchJson: FetchJson = async (url) => {
    if (url === `${this.issuer}/.well-known/openid-configuration`) {
      return {
        issuer: this.issuer,
        authorization_endpoint: `${this.issuer}/authorize`,
        token_endpoint: `${this.issuer}/token`,
        jwks_uri: `${this.issuer}/keys`,
      };
    }
    if (url !== `${this.issuer}/keys`) throw new Error(`get ${url}: status 404`);
    return { keys: [{ ...this.#keys.publicKey.export({ format: 'jwk' }), kid: 'k', use: 'sig' }] };
  };

  readonly postForm: PostForm = async (url, form, { authorization }) => {
    const login = this.#logins.get(form.get('code') ?? '');
    this.#logins.delete(form.get('code') ?? '');
    const verifier = form.get('code_verifier') ?? '';
    const secret = Buffer.from(authorization?.split(' ')[1] ?? '', 'base64').toString();
    const good =
      url === `${this.issuer}/token` &&
      login?.challenge === createHash('sha256').update(verifier).digest('base64url') &&
      login.redirectUri === form.get('redirect_uri') &&
      secret === 'skerry:s3cret+%26+more';
    if (!good) throw new Error(`post ${url}: status 400`);
    if (this.tamper.noToken) return { access_token: 'x' };
    return { access_token: 'x', id_token: this.#token({ ...login.claims, ...this.tamper.claims }) };
  };

  /** Somebody signs in at the address that the center sent them to; returns the query that the browser brings back. */
  login(location: string, claims: Readonly<Record<string, unknown>>): URLSearchParams {
    const { searchParams: asked } = new URL(location);
    const code = randomUUID();
    const seconds = Math.floor(this.#now() / 1000);
    this.#logins.set(code, {
      claims: {
        iss: this.issuer,
        aud: this.clientId,
        iat: seconds,
        exp: seconds + 300,
        auth_time: seconds,
        nonce: asked.get('nonce'),
        ...claims,
      },
      challenge: asked.get('code_challenge') ?? '',
      redirectUri: asked.get('redirect_uri') ?? '',
      clientId: asked.get('client_id') ?? '',
    });
    return new URLSearchParams({ code, state: asked.get('state') ?? '' });
  }

  /** What the provider sends when somebody signs out there. */
  logoutToken(claims: Readonly<Record<string, unknown>>): string {
    return this.#token({
      iss: this.issuer,
      aud: this.clientId,
      iat: Math.floor(this.#now() / 1000),
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
      ...claims,
    });
  }

  #token(claims: object): string {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const signed = `${part({ alg: 'ES256', kid: 'k' })}.${part(claims)}`;
    const key = this.tamper.signature
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
      : this.#keys.privateKey;
    const signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' });
    return `${signed}.${signature.toString('base64url')}`;
  }
}
