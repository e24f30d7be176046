import type { ConsoleFacts } from '#compose/center.ts';

/** Who signs in first, and how; told once, when the center made that user. */
export function firstUserLines({ firstUser }: ConsoleFacts): [string, string][] {
  if (!firstUser) return [];
  return [['sign in as', `${firstUser.name}, one-time password ${firstUser.password} (shown this once)`]];
}
