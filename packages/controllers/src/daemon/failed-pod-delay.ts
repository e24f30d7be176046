import type { Clock } from '@skerry/base';

const baseMs = 1_000;
const maxMs = 15 * 60_000;
const entriesMax = 100_000;

/** How long a finished daemon pod of a node waits before it is replaced: nothing at first, then 1 s, doubling to 15 min. */
export class FailedPodDelay {
  readonly #clock: Clock;
  readonly #entries = new Map<string, { delayMs: number; takenAtMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Zero: replace it now, which lengthens the next delay. */
  take(key: string): number {
    const nowMs = this.#clock.monotonic();
    const entry = this.#entries.get(key);
    if (entry && nowMs < entry.takenAtMs + entry.delayMs) return entry.takenAtMs + entry.delayMs - nowMs;
    // Long after the last failure the count starts anew.
    const isFresh = !entry || nowMs > entry.takenAtMs + 2 * maxMs;
    if (!entry && this.#entries.size >= entriesMax) this.#entries.clear();
    const delayMs = isFresh ? baseMs : Math.min(entry.delayMs * 2, maxMs);
    this.#entries.set(key, { delayMs, takenAtMs: nowMs });
    return 0;
  }
}
