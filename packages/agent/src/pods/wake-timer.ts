/** Wakes somebody at the earliest of the times that were asked for; later ones are asked for again by whoever then looks. */
import type { Clock, Timer } from '@skerry/base';

export class WakeTimer {
  readonly #clock: Clock;
  readonly #wake: () => void;
  #next: { readonly atMs: number; readonly timer: Timer } | undefined;
  #isOver = false;

  constructor(clock: Clock, wake: () => void) {
    this.#clock = clock;
    this.#wake = wake;
  }

  in(delayMs: number): void {
    const atMs = this.#clock.monotonic() + Math.max(delayMs, 0);
    if (this.#isOver || (this.#next && this.#next.atMs <= atMs)) return;
    this.#next?.timer.cancel();
    const timer = this.#clock.after(delayMs, () => {
      this.#next = undefined;
      this.#wake();
    });
    this.#next = { atMs, timer };
  }

  /** Wakes nobody from now on. */
  stop(): void {
    this.#isOver = true;
    this.#next?.timer.cancel();
  }
}
