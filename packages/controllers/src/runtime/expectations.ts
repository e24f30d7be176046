/**
 * What a controller has created and deleted but its local copy doesn't show yet. Without it, a second look at a stale copy
 * would create the same pods again. Expectations that are not met within five minutes are given up: then the copy is right.
 */
import type { Clock } from '@skerry/base';

const timeoutMs = 5 * 60_000;

interface Expected {
  creations: number;
  deletions: Set<string>;
  atMs: number;
}

/** Whether what was seen had been expected, and whether all has been seen with it. */
export type Observed = 'one' | 'last' | undefined;

function isMet({ creations, deletions }: Expected): boolean {
  return creations === 0 && deletions.size === 0;
}

export class Expectations {
  readonly #clock: Clock;
  readonly #expected = new Map<string, Expected>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  expectCreations(key: string, count: number): void {
    const expected = this.#entry(key);
    expected.creations += count;
  }

  /** By the uid of what is being deleted, since it may be seen leaving several times. */
  expectDeletions(key: string, uids: Iterable<string>): void {
    const expected = this.#entry(key);
    for (const uid of uids) expected.deletions.add(uid);
  }

  /** Seen, or failed to come. */
  creationObserved(key: string): Observed {
    const expected = this.#expected.get(key);
    if (!expected || expected.creations === 0) return undefined;
    expected.creations--;
    return isMet(expected) ? 'last' : 'one';
  }

  deletionObserved(key: string, uid: string): Observed {
    const expected = this.#expected.get(key);
    if (!expected?.deletions.delete(uid)) return undefined;
    return isMet(expected) ? 'last' : 'one';
  }

  satisfied(key: string): boolean {
    const expected = this.#expected.get(key);
    if (!expected) return true;
    if (isMet(expected)) return true;
    return this.#clock.monotonic() - expected.atMs > timeoutMs;
  }

  forget(key: string): void {
    this.#expected.delete(key);
  }

  #entry(key: string): Expected {
    let expected = this.#expected.get(key);
    if (!expected || this.satisfied(key)) {
      expected = { creations: 0, deletions: new Set(), atMs: 0 };
      this.#expected.set(key, expected);
    }
    expected.atMs = this.#clock.monotonic();
    return expected;
  }
}
