/** Signing in and out by password, the caller's own sessions, fresh proofs and tickets. */
import { ApiError } from '@skerry/api';
import type { Clock } from '@skerry/base';
import type * as contract from '#contract/index.ts';
import { paths } from '#contract/paths.ts';
import { refusal } from '#http/answer.ts';
import { Fields } from '#http/fields.ts';
import {
  type AnonymousRequest,
  type CenterRequest,
  jsonResponse,
  noContent,
  type PublicRoute,
  type Route,
} from '#http/route.ts';
import type { Directory } from '#people/directory.ts';
import type { Passwords } from '#people/passwords.ts';
import type { UserStore } from '#people/user-store.ts';
import { clearCookie, cookieOf, knownBrowserCookie, sessionCookie, setCookie } from '#sessions/cookies.ts';
import { type Session, type SessionStore, stepUpMs } from '#sessions/session-store.ts';
import type { Tickets } from '#sessions/tickets.ts';

export interface SessionRoutesOptions {
  readonly sessions: SessionStore;
  readonly tickets: Tickets;
  readonly directory: Directory;
  readonly users: UserStore;
  readonly passwords: Passwords;
  readonly clock: Clock;
}

const browserKnownSeconds = 90 * 24 * 3_600;
const passwordLength = { lengthMax: 1024 };

/** The one text for everything that can be wrong with a sign-in. */
const wrong = () => new ApiError('Unauthorized', 'user name or password is wrong');

export function sessionRoutes(options: SessionRoutesOptions): (Route | PublicRoute)[] {
  const { sessions, tickets, directory, users, passwords, clock } = options;
  const answer = (session: Session, id: string, { isNew }: { isNew: boolean }) =>
    jsonResponse(
      describeSession(options, session, id),
      isNew ? { headers: { 'set-cookie': setCookie(sessionCookie, id) } } : {},
    );
  const own = ({ caller }: CenterRequest): Session => {
    const session = sessions.byPublicId(caller.sessionId);
    if (!session) throw new ApiError('Forbidden', 'an API token has no session');
    return session;
  };
  /** The user's password, proved; every way to be wrong looks and takes the same. */
  const prove = async (user: string, password: string, request: AnonymousRequest) => {
    const known = directory.user(user);
    const mayHave = known !== undefined && !known.spec.disabled && !known.spec.oidc;
    const token = cookieOf(request.header('cookie'), knownBrowserCookie);
    const browser = token !== undefined && sessions.isBrowserToken(user, token) ? token : undefined;
    return passwords.check(user, password, { address: request.remoteAddress, mayHave, browser });
  };

  return [
    {
      public: true,
      method: 'GET',
      pattern: paths.session,
      async handle({ caller, header }) {
        const session = caller && sessions.byPublicId(caller.sessionId);
        const id = cookieOf(header('cookie'), sessionCookie);
        if (session && id) return answer(session, id, { isNew: false });
        const { status } = new ApiError('Unauthorized', 'sign in first');
        return jsonResponse({ ...status, ...signedOut(directory) }, { status: 401 });
      },
    },
    {
      public: true,
      method: 'POST',
      pattern: paths.session,
      action: 'sign in',
      async handle(request) {
        const fields = new Fields(await request.json());
        const user = fields.text('user', { lengthMax: 63 });
        request.audit.user = user;
        const proof = await prove(user, fields.text('password', passwordLength), request);
        const found = directory.user(user);
        if (!proof || !found) throw wrong();
        endSessionOf(sessions, request.header('cookie'));
        const { id, session } = sessions.create({
          user,
          userUid: found.metadata?.uid ?? '',
          displayName: found.spec.displayName ?? user,
          groups: directory.groupsOf(found),
          method: 'password',
          mustChangePassword: proof.mustChange,
          address: request.remoteAddress,
          userAgent: request.header('user-agent') ?? '',
        });
        await users.noteSignIn(user, {});
        const known = setCookie(knownBrowserCookie, sessions.browserToken(user), {
          seconds: browserKnownSeconds,
        });
        const headers = { 'set-cookie': [setCookie(sessionCookie, id), known] };
        return jsonResponse(describeSession(options, session, id), { headers });
      },
    },
    {
      method: 'DELETE',
      pattern: paths.session,
      action: 'sign out',
      beforePasswordChange: true,
      async handle(request) {
        sessions.end(own(request), { code: 4401, reason: 'signed out' });
        return {
          status: 204,
          headers: { 'set-cookie': clearCookie(sessionCookie), 'clear-site-data': '"cache"' },
        };
      },
    },
    {
      method: 'POST',
      pattern: paths.password,
      action: 'change password',
      beforePasswordChange: true,
      async handle(request) {
        const session = own(request);
        const { user } = session;
        const fields = new Fields(await request.json());
        const current = fields.text('current', passwordLength);
        const next = fields.text('next', passwordLength);
        if (!(await prove(user, current, request))) {
          throw new ApiError('Forbidden', 'the current password is wrong');
        }
        if (next === current) throw new ApiError('Invalid', 'choose a password that you have not now');
        await passwords.change(user, next);
        // Whoever else is signed in may have been let in by the old one.
        endOthers(sessions, session, 'the password was changed');
        const id = sessions.rotate(session, (held) => {
          held.mustChangePassword = false;
          held.steppedUpUntilMs = clock.now() + stepUpMs;
        });
        return answer(session, id, { isNew: true });
      },
    },
    {
      method: 'POST',
      pattern: paths.stepUp,
      action: 'prove again',
      async handle(request) {
        const session = own(request);
        if (session.method !== 'password') {
          throw refusal('StepUpRequired', 'prove who you are at your identity provider');
        }
        const password = new Fields(await request.json()).text('password', passwordLength);
        if (!(await prove(session.user, password, request))) {
          throw new ApiError('Forbidden', 'the password is wrong');
        }
        const id = sessions.rotate(session, (held) => (held.steppedUpUntilMs = clock.now() + stepUpMs));
        return answer(session, id, { isNew: true });
      },
    },
    {
      method: 'GET',
      pattern: paths.sessions,
      async handle({ caller }) {
        const entries = sessions
          .of(caller.user)
          .sort((left, right) => right.lastMs - left.lastMs)
          .map((session) => entryOf(session, caller.sessionId));
        return jsonResponse(entries);
      },
    },
    {
      method: 'DELETE',
      pattern: `${paths.sessions}/:id`,
      action: 'end session',
      async handle({ caller, params, audit }) {
        audit.object = `session ${params['id']}`;
        const ending = sessions
          .of(caller.user)
          .filter(({ publicId }) =>
            params['id'] === 'others' ? publicId !== caller.sessionId : publicId === params['id'],
          );
        if (ending.length === 0 && params['id'] !== 'others') {
          throw new ApiError('NotFound', 'you have no such session');
        }
        for (const session of ending) sessions.end(session, { code: 4401, reason: 'ended by the user' });
        return noContent;
      },
    },
    {
      method: 'POST',
      pattern: paths.tickets,
      action: 'open stream',
      async handle(request) {
        const fields = new Fields(await request.json());
        const target = fields.text('target', { lengthMax: 8192 });
        request.audit.object = target.split('?')[0] ?? '';
        const ticket = tickets.issue(own(request).publicId, target);
        return jsonResponse({ ticket } satisfies contract.Ticket);
      },
    },
  ];
}

export function describeSession(
  { sessions, directory }: Pick<SessionRoutesOptions, 'sessions' | 'directory'>,
  session: Session,
  id: string,
): contract.Session {
  const { user, displayName, groups, mustChangePassword, steppedUpUntilMs } = session;
  return {
    user,
    displayName,
    groups,
    mustChangePassword,
    csrfToken: sessions.csrfToken(id),
    expires: new Date(sessions.expiresMs(session)).toISOString(),
    ...(sessions.isSteppedUp(session) ? { steppedUpUntil: new Date(steppedUpUntilMs).toISOString() } : {}),
    ...signedOut(directory),
  };
}

function signedOut(directory: Directory): contract.SignedOut {
  const providers = directory.providers
    .list()
    .map(({ metadata, spec }) => ({ id: metadata?.name ?? '', title: spec.title }));
  return { providers };
}

/** The session that the cookie still holds, which the new one replaces. */
export function endSessionOf(sessions: SessionStore, cookies: string | undefined): void {
  const id = cookieOf(cookies, sessionCookie);
  const former = id === undefined ? undefined : sessions.find(id);
  if (former) sessions.end(former.session, { code: 4401, reason: 'signed in anew' });
}

function endOthers(sessions: SessionStore, kept: Session, reason: string): void {
  for (const session of sessions.of(kept.user)) {
    if (session !== kept) sessions.end(session, { code: 4401, reason });
  }
}

function entryOf(session: Session, current: string): contract.SessionEntry {
  return {
    id: session.publicId,
    current: session.publicId === current,
    method: session.method === 'oidc' ? 'oidc' : 'password',
    created: new Date(session.createdMs).toISOString(),
    lastSeen: new Date(session.lastMs).toISOString(),
    address: session.address,
    userAgent: session.userAgent,
  };
}
