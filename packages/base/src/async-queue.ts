/**
 * A bounded first-in first-out queue between one producer and one consumer. `push` returns false when the queue is full
 * or closed, so that the producer decides what is lost; nothing is ever dropped in silence.
 */
export class AsyncQueue<T> implements AsyncIterable<T> {
  readonly #lengthMax: number;
  #items: T[] = [];
  #wake: (() => void) | undefined;
  #closed = false;
  #error: unknown;

  constructor({ lengthMax }: { lengthMax: number }) {
    this.#lengthMax = lengthMax;
  }

  get length(): number {
    return this.#items.length;
  }

  get closed(): boolean {
    return this.#closed;
  }

  push(item: T): boolean {
    if (this.#closed || this.#items.length >= this.#lengthMax) return false;
    this.#items.push(item);
    this.#signal();
    return true;
  }

  /** Ends iteration after the queued items; with an error, iteration throws it instead of ending. */
  close(error?: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#error = error;
    this.#signal();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    try {
      for (;;) {
        const batch = this.#items;
        this.#items = [];
        for (const item of batch) yield item;
        if (this.#items.length > 0) continue;
        if (this.#closed) {
          if (this.#error !== undefined) throw this.#error;
          return;
        }
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      this.#closed = true;
      this.#items = [];
    }
  }

  #signal(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
