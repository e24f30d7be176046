import type { Sink } from '@skerry/serving';

const waitingBytesMax = 256 * 1024;

/** A watch's sink whose bytes are read as a body. The reader sets the pace: beyond a bound the sink says that it is full. */
export class SinkBody implements Sink, AsyncIterable<Uint8Array> {
  readonly #onClose: () => void;
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #state: 'open' | 'ended' | 'broken' = 'open';
  #drained: (() => void) | undefined;
  #wake: (() => void) | undefined;

  /** `onClose`: the reader wants no more. */
  constructor(onClose: () => void) {
    this.#onClose = onClose;
  }

  write(chunk: Uint8Array): boolean {
    if (this.#state !== 'open') return true;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    this.#notify();
    return this.#bytes < waitingBytesMax;
  }

  onDrain(listener: () => void): void {
    this.#drained = listener;
  }

  end(): void {
    if (this.#state === 'open') this.#state = 'ended';
    this.#notify();
  }

  destroy(): void {
    this.#state = 'broken';
    this.#notify();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const chunks = this.#chunks;
        const wasFull = this.#bytes >= waitingBytesMax;
        this.#chunks = [];
        this.#bytes = 0;
        if (wasFull) this.#drained?.();
        yield* chunks;
        if (this.#chunks.length > 0) continue;
        if (this.#state === 'ended') return;
        if (this.#state === 'broken') throw new Error('the reader was too slow');
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      this.#onClose();
    }
  }

  #notify(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
