/** Who is signed in. The cookie is out of scripts' reach; what is kept here is the token against forged requests alone. */
import { paths, type Session, type SignedOut, type SignIn } from '@skerry/center/contract';
import { useQuery } from '@tanstack/react-query';
import { queryClient } from './queries.ts';
import { request, sessionHooks } from './request.ts';
import { StatusError } from './status-error.ts';

export type SessionState =
  | { readonly state: 'in'; readonly session: Session }
  | { readonly state: 'out'; readonly providers: SignedOut['providers'] };

const key = ['session'] as const;

export function useSession() {
  return useQuery({ queryKey: key, queryFn: fetchSession, staleTime: 60_000, refetchInterval: 300_000 });
}

/** For screens behind the sign-in. */
export function useSignedIn(): Session {
  const { data } = useSession();
  if (data?.state !== 'in') throw new Error('nobody is signed in');
  return data.session;
}

export async function signIn(credentials: SignIn): Promise<void> {
  acceptSession(await request<Session>(paths.session, { method: 'POST', body: credentials }));
  await queryClient.invalidateQueries({ predicate: (query) => query.queryKey[0] !== key[0] });
}

export async function signOut(): Promise<void> {
  await request(paths.session, { method: 'DELETE' });
  queryClient.clear();
  await queryClient.invalidateQueries({ queryKey: key });
  location.assign('/');
}

export async function refreshSession(): Promise<void> {
  await queryClient.invalidateQueries({ queryKey: key });
}

sessionHooks.ended = () => {
  if (queryClient.getQueryData<SessionState>(key)?.state !== 'out') void refreshSession();
};

async function fetchSession(): Promise<SessionState> {
  const response = await fetch(paths.session, {
    headers: { accept: 'application/json' },
    credentials: 'same-origin',
  });
  if (response.status === 401) {
    const body = (await response.json()) as Partial<SignedOut>;
    return { state: 'out', providers: body.providers ?? [] };
  }
  if (!response.ok) throw new StatusError({ code: response.status, reason: 'Unreachable' });
  const session = (await response.json()) as Session;
  sessionHooks.csrfToken = session.csrfToken;
  return { state: 'in', session };
}

/** The session as the backend has renewed it: with a new token against forged requests. */
export function acceptSession(session: Session): void {
  sessionHooks.csrfToken = session.csrfToken;
  const state: SessionState = { state: 'in', session };
  queryClient.setQueryData(key, state);
}
