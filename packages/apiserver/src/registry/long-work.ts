/**
 * Writes of objects that are large enough to keep everyone else waiting: a map of tens of thousands of keys is read, judged,
 * owned and written in steps of tens of milliseconds each. Between its steps such a write stands back, and of all that stand
 * back one goes on in each round of the event loop, in the order in which they came: who asks for little is answered in
 * between, however many large ones are under way. Those who wait hold their seats, which bounds them.
 */
export class LongWork {
  readonly #defer: (fn: () => void) => void;
  #waiting: (() => void)[] = [];
  #deferred = false;

  constructor(defer: (fn: () => void) => void = (fn) => void setImmediate(fn)) {
    this.#defer = defer;
  }

  /** For a write of an object of so many bytes: resolves when its next step may be taken. Undefined: now. */
  next(bytes: number): Promise<void> | undefined {
    if (bytes < longBytes) return undefined;
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#nextRound();
    });
  }

  #nextRound(): void {
    if (this.#deferred) return;
    this.#deferred = true;
    this.#defer(() => {
      this.#deferred = false;
      this.#waiting.shift()?.();
      if (this.#waiting.length > 0) this.#nextRound();
    });
  }
}

const longBytes = 128 * 1024;
