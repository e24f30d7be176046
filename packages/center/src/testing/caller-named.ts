import type { Caller } from '#http/caller.ts';

export function callerNamed(user: string, groups: readonly string[] = []): Caller {
  return {
    user,
    groups,
    sessionId: user,
    method: 'password',
    steppedUp: () => false,
    mustChangePassword: false,
    ended: new AbortController().signal,
  };
}
