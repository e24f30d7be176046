/**
 * The gate of the console's server: who asks, by session cookie or API token, and whether the request is theirs. A request
 * with an Authorization header is judged by it alone.
 */
import { ApiError, isApiError } from '@skerry/api';
import type { ClusterAccess } from '#access/cluster-access.ts';
import { csrfHeader } from '#contract/paths.ts';
import { refusal } from '#http/answer.ts';
import type { Caller } from '#http/caller.ts';
import type { Credentials, Gate } from '#http/gate.ts';
import type { ApiTokens } from '#people/api-tokens.ts';
import { cookieOf, sessionCookie } from '#sessions/cookies.ts';
import { checkOrigin } from '#sessions/request-origin.ts';
import type { Session, SessionStore } from '#sessions/session-store.ts';
import type { Tickets } from '#sessions/tickets.ts';

export function createGate({
  sessions,
  tickets,
  tokens,
  access,
}: {
  readonly sessions: SessionStore;
  readonly tickets: Tickets;
  readonly tokens: ApiTokens;
  readonly access: Pick<ClusterAccess, 'may'>;
}): Gate {
  const signedIn = (request: Credentials) => {
    const id = cookieOf(request.header('cookie'), sessionCookie);
    const found = id === undefined ? undefined : sessions.find(id, request.header('user-agent') ?? '');
    return found && id !== undefined ? { ...found, id } : undefined;
  };
  const callerOf = (session: Session, former: boolean, ended: AbortSignal): Caller => ({
    user: session.user,
    groups: session.groups,
    sessionId: session.publicId,
    method: session.method,
    mustChangePassword: session.mustChangePassword,
    steppedUp: () => !former && sessions.isSteppedUp(session),
    ended,
  });
  return {
    checkOrigin,

    async caller(request) {
      const authorization = request.header('authorization');
      if (authorization !== undefined) return tokens.authenticate(authorization);
      const found = signedIn(request);
      if (!found) return undefined;
      const { session, id, former } = found;
      if (request.method !== 'GET' && !sessions.isCsrfToken(id, request.header(csrfHeader) ?? '')) {
        throw refusal('CsrfRefused', `the request lacks the session's ${csrfHeader}`);
      }
      return callerOf(session, former, session.ended.signal);
    },

    checkReady(caller, route) {
      if (caller.mustChangePassword && !route.beforePasswordChange) {
        throw refusal('PasswordChangeRequired', 'choose a password of your own first');
      }
      if (caller.scope) checkScope(caller.scope, route);
      if (route.stepUp) requireStepUp(caller);
    },

    async redeem(request, { ticket, target }) {
      const authorization = request.header('authorization');
      if (authorization !== undefined) return tokens.authenticate(authorization);
      const found = signedIn(request);
      if (!found) throw new ApiError('Unauthorized', 'sign in first');
      const { session, former } = found;
      if (!tickets.redeem(ticket, { sessionId: session.publicId, target })) {
        throw new ApiError('Unauthorized', 'the ticket is not good for this, was used or is too old');
      }
      const ended = AbortSignal.any([session.ended.signal, session.rights.signal]);
      return callerOf(session, former, ended);
    },

    async stillMay(caller, cluster, question) {
      try {
        return await access.may(caller, cluster, question);
      } catch (error) {
        return !isApiError(error, 'NotFound');
      }
    },

    touch({ sessionId }) {
      const session = sessions.byPublicId(sessionId);
      if (session) sessions.touch(session);
    },
  };
}

/** Throws 403 `StepUpRequired`; for what routes can only tell once they know what is asked. */
export function requireStepUp(caller: Caller): void {
  if (caller.steppedUp()) return;
  if (caller.method === 'token') {
    throw new ApiError('Forbidden', "an API token can't be used for this: it needs somebody's fresh proof");
  }
  throw refusal('StepUpRequired', 'prove again who you are');
}

function checkScope(
  { readOnly, clusters }: NonNullable<Caller['scope']>,
  { method, cluster }: { readonly method?: string; readonly cluster?: string | undefined },
): void {
  if (readOnly && method !== 'GET') throw new ApiError('Forbidden', 'this API token may only read');
  if (clusters && (cluster === undefined || !clusters.includes(cluster))) {
    throw new ApiError('Forbidden', 'this API token is for other clusters');
  }
}
