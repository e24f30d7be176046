/**
 * What is being written, for as long as the page is loaded: when a session ends, the sign-in stands where the screen stood, and
 * what was written there must be there again afterwards. In memory alone, since it may hold secrets.
 */
const drafts = new Map<string, unknown>();
const draftsMax = 20;

export function keepDraft(key: string, draft: unknown): void {
  drafts.delete(key);
  drafts.set(key, draft);
  const [oldest] = drafts.keys();
  if (drafts.size > draftsMax && oldest !== undefined) drafts.delete(oldest);
}

export function dropDraft(key: string): void {
  drafts.delete(key);
}

/** Whoever asks knows what was kept under the key. */
export function draftOf(key: string): unknown {
  return drafts.get(key);
}
