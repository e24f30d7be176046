import { joined } from '#answer.ts';
import type { Sink } from '#contract.ts';

/**
 * Frames on their way to one watcher, as fast as it reads. What comes in a burst goes out in few writes; what it has not yet read
 * is bounded, and a watcher beyond the bound is too slow: it is ended, and begins again from the last revision it has seen.
 */
export class FrameQueue {
  readonly #sink: Sink;
  readonly #framesMax: number;
  readonly #bytesMax: number;
  /** The initial events: encoded as they are taken, so that they need no room of their own. */
  #backlog: Iterator<Uint8Array> | undefined;
  #frames: Uint8Array[] = [];
  #bytes = 0;
  #blocked = false;
  #ending = false;
  #ended = false;
  readonly #onEnd: () => void;

  constructor(
    sink: Sink,
    { framesMax, bytesMax, onEnd }: { framesMax: number; bytesMax: number; onEnd: () => void },
  ) {
    this.#sink = sink;
    this.#framesMax = framesMax;
    this.#bytesMax = bytesMax;
    this.#onEnd = onEnd;
    sink.onDrain(() => {
      this.#blocked = false;
      this.#pump();
    });
  }

  /** What goes before everything else. */
  begin(backlog: Iterable<Uint8Array>): void {
    this.#backlog = joined(backlog)[Symbol.iterator]();
    this.#pump();
  }

  /** False: the watcher is too slow, and its stream has been ended. */
  push(frames: readonly Uint8Array[]): boolean {
    if (this.#ending) return false;
    for (const frame of frames) {
      this.#frames.push(frame);
      this.#bytes += frame.length;
    }
    this.#pump();
    if (this.#frames.length <= this.#framesMax && this.#bytes <= this.#bytesMax) return true;
    this.abort();
    return false;
  }

  /** Ends after what has been pushed. */
  end(): void {
    this.#ending = true;
    this.#pump();
  }

  /** Ends now; what has not been written is dropped. */
  abort(): void {
    this.#ending = true;
    this.#backlog = undefined;
    this.#frames = [];
    this.#bytes = 0;
    this.#finish();
  }

  #pump(): void {
    while (!this.#blocked && !this.#ended) {
      const chunk = this.#next();
      if (!chunk) break;
      this.#blocked = !this.#sink.write(chunk);
    }
    if (this.#ending && !this.#backlog && this.#frames.length === 0) this.#finish();
  }

  #next(): Uint8Array | undefined {
    if (this.#backlog) {
      const { value, done } = this.#backlog.next();
      if (!done) return value;
      this.#backlog = undefined;
    }
    if (this.#frames.length === 0) return undefined;
    const frames = this.#frames;
    const bytes = this.#bytes;
    this.#frames = [];
    this.#bytes = 0;
    return frames.length === 1 ? frames[0] : Buffer.concat(frames, bytes);
  }

  #finish(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#sink.end();
    this.#onEnd();
  }
}
