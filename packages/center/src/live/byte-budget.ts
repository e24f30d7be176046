/** How many bytes may go to a tab: a bucket that fills at a steady rate. A message may be larger than what is left of a full one. */
import type { Clock } from '@skerry/base';

export class ByteBudget {
  readonly #clock: Clock;
  readonly #perSecond: number;
  #left: number;
  #atMs: number;

  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock;
    this.#perSecond = perSecond;
    this.#left = perSecond;
    this.#atMs = clock.monotonic();
  }

  /** Takes the bytes, or nothing where they are too many for now. */
  take(bytes: number): boolean {
    const nowMs = this.#clock.monotonic();
    this.#left = Math.min(this.#perSecond, this.#left + ((nowMs - this.#atMs) / 1000) * this.#perSecond);
    this.#atMs = nowMs;
    if (bytes > this.#left && this.#left < this.#perSecond) return false;
    this.#left -= bytes;
    return true;
  }
}
