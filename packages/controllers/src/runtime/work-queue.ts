/**
 * Keys that need work, each at most once in the queue and never in two hands.
 *
 * Promises, as client-go's: a key added while it waits is one key; a key added while it is worked on is given out again
 * after `done`; a failing key waits 5 ms, doubling to 1000 s, until `forget`. Bounded by the number of distinct keys, which
 * are those of objects in a local copy: nothing can be dropped without losing work.
 */
import type { Clock, Timer } from '@skerry/base';
import type { QueueMeter } from '#runtime/metrics.ts';

export interface WorkQueueOptions {
  readonly clock: Clock;
  readonly failureBaseMs?: number;
  readonly failureMaxMs?: number;
  /** Who counts. */
  readonly meter?: QueueMeter;
}

export class WorkQueue {
  readonly #clock: Clock;
  readonly #failureBaseMs: number;
  readonly #failureMaxMs: number;
  readonly #meter: QueueMeter | undefined;
  readonly #waiting = new Set<string>();
  readonly #working = new Set<string>();
  readonly #again = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #timers = new Map<string, { atMs: number; timer: Timer }>();
  readonly #takers: ((key: string | undefined) => void)[] = [];
  #closed = false;

  constructor({ clock, failureBaseMs = 5, failureMaxMs = 1_000_000, meter }: WorkQueueOptions) {
    this.#clock = clock;
    this.#meter = meter;
    this.#failureBaseMs = failureBaseMs;
    this.#failureMaxMs = failureMaxMs;
  }

  /** Keys that wait to be taken now. */
  get length(): number {
    return this.#waiting.size;
  }

  add(key: string): void {
    if (this.#closed) return;
    if (this.#working.has(key)) {
      this.#again.add(key);
      return;
    }
    if (this.#waiting.has(key)) return;
    this.#meter?.added(key);
    const taker = this.#takers.shift();
    if (!taker) {
      this.#waiting.add(key);
      return;
    }
    this.#working.add(key);
    this.#meter?.taken(key);
    taker(key);
  }

  /** Adds later; of several delays of one key the earliest counts. */
  addAfter(key: string, delayMs: number): void {
    if (this.#closed) return;
    if (delayMs <= 0) {
      this.add(key);
      return;
    }
    const atMs = this.#clock.monotonic() + delayMs;
    const pending = this.#timers.get(key);
    if (pending && pending.atMs <= atMs) return;
    pending?.timer.cancel();
    const timer = this.#clock.after(delayMs, () => {
      this.#timers.delete(key);
      this.add(key);
    });
    this.#timers.set(key, { atMs, timer });
  }

  /** Adds after a delay that doubles with each failure of this key. */
  addRateLimited(key: string): void {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    this.#meter?.retried();
    this.addAfter(key, Math.min(this.#failureBaseMs * 2 ** Math.min(failures, 40), this.#failureMaxMs));
  }

  failuresOf(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key, or undefined once the queue is closed. Each key taken must be handed to `done`. */
  async take(): Promise<string | undefined> {
    if (this.#closed) return undefined;
    for (const key of this.#waiting) {
      this.#waiting.delete(key);
      this.#working.add(key);
      this.#meter?.taken(key);
      return key;
    }
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  done(key: string): void {
    if (this.#working.delete(key)) this.#meter?.done(key);
    if (this.#again.delete(key)) this.add(key);
  }

  close(): void {
    this.#closed = true;
    this.#waiting.clear();
    this.#again.clear();
    for (const { timer } of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    for (const taker of this.#takers.splice(0)) taker(undefined);
  }
}
