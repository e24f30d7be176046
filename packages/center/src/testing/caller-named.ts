import type { Caller } from '#http/caller.ts';

export function callerNamed(user: string, groups: readonly string[] = []): Caller {
  return {
    user,
    groups,
    sessionId: user,
    method: 'password',
    steppedUpUntilMs: 0,
    ended: new AbortController().signal,
  };
}
