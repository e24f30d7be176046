/**
 * Signing in by an OpenID provider. What leaves with the browser (`state`, `nonce`, the challenge) is bound to a cookie that only
 * this browser has, so that nobody can finish a sign-in that another began; what comes back is a code, which is exchanged here.
 * No token is ever in a page, an address or a log.
 */
import { createHash, randomBytes } from 'node:crypto';
import { ApiError, isApiError, type Secret } from '@skerry/api';
import { type Clock, describeError, type Logger, SkerryError } from '@skerry/base';
import { type ApiClient, resources } from '@skerry/client';
import { type FetchJson, parseToken } from '@skerry/pki';
import { paths } from '#contract/paths.ts';
import type { AnonymousRequest, CenterResponse, PublicRoute } from '#http/route.ts';
import { claimedUser } from '#oidc/claimed-user.ts';
import { type PendingProof, type PostForm, Provider, refuse } from '#oidc/provider.ts';
import { returnPath, withError } from '#oidc/return-path.ts';
import type { Directory } from '#people/directory.ts';
import { type IdentityProvider, peopleNamespace as namespace } from '#people/kinds.ts';
import type { UserStore } from '#people/user-store.ts';
import { clearCookie, cookieOf, sessionCookie, setCookie, signInCookie } from '#sessions/cookies.ts';
import { endSessionOf } from '#sessions/session-routes.ts';
import { type SessionStore, stepUpMs } from '#sessions/session-store.ts';

export interface OidcOptions {
  readonly client: ApiClient;
  readonly directory: Directory;
  readonly users: UserStore;
  readonly sessions: SessionStore;
  /** Waits, for a while, until clusters let the center speak for the person. */
  readonly settle: (user: string, groups: readonly string[]) => Promise<void>;
  readonly fetchJson: FetchJson;
  readonly postForm: PostForm;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Pending extends PendingProof {
  readonly provider: string;
  readonly returnTo: string;
  /** SHA-256 of the browser's cookie. */
  readonly browser: string;
  readonly untilMs: number;
  /** Of the session that is to be proved again. */
  readonly session?: string;
}

const validMs = 10 * 60_000;
const pendingMax = 10_000;
const callback = '/api/oidc/callback';

export function oidcRoutes(options: OidcOptions): PublicRoute[] {
  const signIn = new OidcSignIn(options);
  return [
    {
      public: true,
      method: 'GET',
      pattern: paths.oidc,
      handle: (request) => signIn.start(request, request.caller?.sessionId),
    },
    {
      public: true,
      fromServers: true,
      method: 'POST',
      pattern: '/api/oidc/backchannel-logout',
      contentTypes: ['application/x-www-form-urlencoded'],
      action: 'sign out by provider',
      handle: (request) => signIn.logOut(request),
    },
    {
      public: true,
      method: 'GET',
      pattern: callback,
      action: 'sign in',
      handle: (request) => signIn.finish(request),
    },
  ];
}

class OidcSignIn {
  readonly #options: OidcOptions;
  readonly #pending = new Map<string, Pending>();
  readonly #providers = new Map<string, { readonly version: string; readonly provider: Provider }>();

  constructor(options: OidcOptions) {
    this.#options = options;
  }

  async start(request: AnonymousRequest, sessionId: string | undefined): Promise<CenterResponse> {
    const site = request.header('sec-fetch-site');
    if (site !== undefined && site !== 'same-origin' && site !== 'none') {
      throw new ApiError('Forbidden', 'a sign-in begins at the console');
    }
    const id = request.query.get('provider') ?? '';
    const fresh = request.query.get('stepUp') === 'true';
    const session = fresh && sessionId ? this.#options.sessions.byPublicId(sessionId) : undefined;
    if (fresh && !session) throw new ApiError('Unauthorized', 'sign in first');
    const provider = await this.#provider(id);
    const cookie = randomBytes(32).toString('base64url');
    const state = randomBytes(32).toString('base64url');
    const pending: Pending = {
      provider: id,
      returnTo: returnPath(request.query.get('returnTo'), request.origin),
      browser: hashOf(cookie),
      nonce: randomBytes(32).toString('base64url'),
      verifier: randomBytes(48).toString('base64url'),
      redirectUri: request.origin + callback,
      fresh,
      untilMs: this.#options.clock.monotonic() + validMs,
      ...(session ? { session: session.publicId } : {}),
    };
    let location: string;
    try {
      location = await provider.authorizationUrl(state, pending);
    } catch (error) {
      this.#options.log.warn('identity provider not reached', { provider: id, error: describeError(error) });
      return this.#refused(
        request,
        pending.returnTo,
        'the identity provider can not be reached; try again later',
      );
    }
    this.#keep(state, pending);
    return {
      status: 302,
      headers: { location, 'set-cookie': setCookie(signInCookie, cookie, { seconds: validMs / 1000 }) },
    };
  }

  async finish(request: AnonymousRequest): Promise<CenterResponse> {
    request.audit.keep = true;
    const pending = this.#take(request);
    if (!pending) {
      return this.#refused(
        request,
        '/',
        'this sign-in was not begun by this browser, or too long ago; begin again',
      );
    }
    try {
      const cookie = await this.#signedIn(request, pending);
      return {
        status: 302,
        headers: { location: pending.returnTo, 'set-cookie': [cookie, clearCookie(signInCookie)] },
      };
    } catch (error) {
      const why =
        error instanceof SkerryError && error.code === 'sign-in-refused'
          ? error.message
          : 'the sign-in failed';
      this.#options.log.info('sign-in refused', { provider: pending.provider, error: describeError(error) });
      return this.#refused(request, pending.returnTo, why);
    }
  }

  /** The provider itself says that somebody is signed out. Throws 400 for whatever it did not sign. */
  async logOut(request: AnonymousRequest): Promise<CenterResponse> {
    const token = new URLSearchParams((await request.body()).toString()).get('logout_token') ?? '';
    const issuer = parseToken(token)?.claims['iss'];
    const providers = this.#options.directory.providers.list().filter(({ spec }) => spec.issuer === issuer);
    for (const { metadata } of providers) {
      const id = metadata?.name ?? '';
      try {
        const over = await (await this.#provider(id)).logoutOf(token);
        const ended = this.#endSessions(id, over);
        request.audit.object = `provider ${id}`;
        request.audit.message = `${ended} sessions`;
        return { status: 200 };
      } catch (error) {
        if (!(error instanceof SkerryError)) throw error;
        this.#options.log.info('sign-out of a provider refused', { provider: id, error: error.message });
      }
    }
    throw new ApiError('BadRequest', 'that is no logout token of a provider that is known here');
  }

  #endSessions(provider: string, { subject, session: sid }: { subject?: string; session?: string }): number {
    const { sessions, directory } = this.#options;
    const ending = sessions.all().filter((session) => {
      const link = directory.user(session.user)?.spec.oidc;
      return (
        session.method === 'oidc' &&
        link?.provider === provider &&
        (subject === undefined || link.subject === subject) &&
        (sid === undefined || session.providerSession === sid)
      );
    });
    for (const session of ending)
      sessions.end(session, { code: 4401, reason: 'signed out at the identity provider' });
    return ending.length;
  }

  /** Told on a page of the console, since it is a person who came here. */
  #refused({ audit }: AnonymousRequest, returnTo: string, why: string): CenterResponse {
    audit.message = why;
    audit.code = 403;
    const headers = { location: withError(returnTo, why), 'set-cookie': clearCookie(signInCookie) };
    return { status: 302, headers };
  }

  /** The session's cookie. */
  async #signedIn(request: AnonymousRequest, pending: Pending): Promise<string> {
    const { directory, client, users, sessions } = this.#options;
    const { query } = request;
    if (query.get('error')) throw refuse('the provider did not sign you in');
    const provider = directory.providers.get(undefined, pending.provider);
    if (!provider) throw refuse('the provider is not known any more');
    const issuer = query.get('iss');
    if (issuer !== null && issuer !== provider.spec.issuer) throw refuse('another provider answered');
    const code = query.get('code') ?? '';
    if (code === '' || code.length > 4096) throw refuse('the provider gave no code');
    const claims = await (await this.#provider(pending.provider)).claimsOf(code, pending);
    const who = await claimedUser(claims, { provider, directory, client });
    request.audit.user = who.user;
    if (pending.session) return this.#provedAgain(pending.session, who.user);
    await users.noteSignIn(who.user, { groups: who.groups });
    if (who.isNew) await this.#options.settle(who.user, who.groups);
    endSessionOf(sessions, request.header('cookie'));
    const { id } = sessions.create({
      ...who,
      method: 'oidc',
      mustChangePassword: false,
      address: request.remoteAddress,
      userAgent: request.header('user-agent') ?? '',
    });
    return setCookie(sessionCookie, id);
  }

  #provedAgain(publicId: string, user: string): string {
    const { sessions, clock } = this.#options;
    const session = sessions.byPublicId(publicId);
    if (!session || session.user !== user) throw refuse('somebody else signed in at the provider');
    const id = sessions.rotate(session, (held) => (held.steppedUpUntilMs = clock.now() + stepUpMs));
    return setCookie(sessionCookie, id);
  }

  /** What was begun by this browser, once. */
  #take(request: AnonymousRequest): Pending | undefined {
    const state = request.query.get('state') ?? '';
    const cookie = cookieOf(request.header('cookie'), signInCookie);
    const pending = this.#pending.get(state);
    const isTheirs = pending && cookie !== undefined && pending.browser === hashOf(cookie);
    if (!isTheirs) return undefined;
    this.#pending.delete(state);
    return pending.untilMs < this.#options.clock.monotonic() ? undefined : pending;
  }

  #keep(state: string, pending: Pending): void {
    const nowMs = this.#options.clock.monotonic();
    for (const [old, { untilMs }] of this.#pending) {
      if (untilMs >= nowMs && this.#pending.size < pendingMax) break;
      this.#pending.delete(old);
    }
    this.#pending.set(state, pending);
  }

  async #provider(id: string): Promise<Provider> {
    const { directory, client, fetchJson, postForm, clock, log } = this.#options;
    const known: IdentityProvider | undefined = directory.providers.get(undefined, id);
    if (!known) throw new ApiError('NotFound', `there is no identity provider ${id}`);
    const { spec } = known;
    const secret = spec.clientSecret ? await this.#secret(client, spec.clientSecret) : undefined;
    const version = `${known.metadata?.resourceVersion} ${secret ? hashOf(secret) : ''}`;
    const held = this.#providers.get(id);
    if (held?.version === version) return held.provider;
    const clientSecret = secret === undefined ? {} : { clientSecret: secret };
    const provider = new Provider({ spec, ...clientSecret, fetchJson, postForm, clock, log });
    this.#providers.set(id, { version, provider });
    return provider;
  }

  async #secret(client: ApiClient, name: string): Promise<string> {
    try {
      const { data } = await client.resource<Secret>(resources.secrets).get(name, { namespace });
      const value = Buffer.from(data?.['clientSecret'] ?? '', 'base64')
        .toString()
        .trim();
      if (value !== '') return value;
    } catch (error) {
      if (!isApiError(error, 'NotFound')) throw error;
    }
    throw new ApiError(
      'ServiceUnavailable',
      `the Secret ${name} of the identity provider holds no clientSecret`,
    );
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
