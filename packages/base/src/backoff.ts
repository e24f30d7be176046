export interface BackoffOptions {
  readonly baseMs: number;
  readonly maxMs: number;
  /** Growth per failure; 2 unless told. */
  readonly factor?: number;
  /** Share of the delay that is random, 0..1; 0 unless told. */
  readonly jitter?: number;
  /** Needed when `jitter` is above 0. Returns a number in [0, 1). */
  readonly random?: () => number;
}

/** Exponential delays: base, base×factor, … up to max; `reset` after a success. */
export class Backoff {
  readonly #options: BackoffOptions;
  #failures = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  get failures(): number {
    return this.#failures;
  }

  /** The delay in milliseconds before the next try; counts one more failure. */
  next(): number {
    const { baseMs, maxMs, factor = 2, jitter = 0, random = () => 0.5 } = this.#options;
    const delayMs = Math.min(baseMs * factor ** Math.min(this.#failures, 64), maxMs);
    this.#failures++;
    return delayMs * (1 - jitter) + delayMs * jitter * random();
  }

  reset(): void {
    this.#failures = 0;
  }
}
