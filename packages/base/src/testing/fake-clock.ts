import type { Clock, Timer } from '../clock.ts';

/** A clock that stands still until `advance` moves it; timers fire in order of their deadline. */
export class FakeClock implements Clock {
  #nowMs: number;
  #elapsedMs = 0;
  #timers: { atMs: number; fn: () => void }[] = [];

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  monotonic(): number {
    return this.#elapsedMs;
  }

  after(delayMs: number, fn: () => void): Timer {
    const entry = { atMs: this.#elapsedMs + Math.max(delayMs, 0), fn };
    this.#timers.push(entry);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((t) => t !== entry);
      },
    };
  }

  /** As if someone set the machine's clock: `now` changes by `ms`, and no time passes. */
  jump(ms: number): void {
    this.#nowMs += ms;
  }

  /** How many timers wait; zero after everything under test has stopped. */
  get pendingTimers(): number {
    return this.#timers.length;
  }

  /** Moves time by `ms`, firing due timers in order and letting promises settle between them. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#elapsedMs + ms;
    for (;;) {
      await settle();
      const due = this.#timers.filter((t) => t.atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (!due) break;
      this.#timers = this.#timers.filter((t) => t !== due);
      this.#moveTo(Math.max(due.atMs, this.#elapsedMs));
      due.fn();
    }
    this.#moveTo(endMs);
    await settle();
  }

  #moveTo(elapsedMs: number): void {
    this.#nowMs += elapsedMs - this.#elapsedMs;
    this.#elapsedMs = elapsedMs;
  }
}

async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}
