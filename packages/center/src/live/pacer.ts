/**
 * Shares out the processor among all that is shown live: whoever is about to compute says how long it took last, and is told to
 * wait until its turn fits in. Together they take a third of the time at most, so that a hundred tabs on a large cluster are each
 * told less often, and a click anywhere is still answered at once.
 */
import type { Clock } from '@skerry/base';

const share = 3;
/** What took longer most likely waited for something else. */
const costMaxMs = 1_000;

export class Pacer {
  readonly #clock: Clock;
  #freeMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds to wait before something that costs so many. */
  reserve(costMs: number): number {
    const nowMs = this.#clock.monotonic();
    const startMs = Math.max(nowMs, this.#freeMs);
    this.#freeMs = startMs + Math.min(costMs, costMaxMs) * share;
    return startMs - nowMs;
  }
}
