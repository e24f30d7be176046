import { joined } from '#answer.ts';
import type { Sink } from '#contract.ts';
import type { HeldBytes, WatchMemory } from '#watch/watch-memory.ts';

/** Bytes of frames that go out in one write: what a sink has taken is held there, beside what the bounds here count. */
const writeBytesMax = 256 * 1024;

export interface FrameQueueOptions {
  readonly framesMax: number;
  readonly bytesMax: number;
  /** Of all queues of a server. */
  readonly memory?: WatchMemory;
  /** Called before `onEnd` when the watcher was too slow. */
  readonly onOverflow?: () => void;
  readonly onEnd: () => void;
}

/**
 * Frames on their way to one watcher, as fast as it reads. What comes in a burst goes out in few writes; what it has not yet read
 * is bounded, and a watcher beyond the bound is too slow: its answer is broken off, and it begins again from the last revision it has seen.
 */
export class FrameQueue implements HeldBytes {
  readonly #sink: Sink;
  readonly #options: FrameQueueOptions;
  /** The initial events: encoded as they are taken, so that they need no room of their own. */
  #backlog: Iterator<Uint8Array> | undefined;
  #frames: Uint8Array[] = [];
  /** How many of `#frames` have been taken; they are cut off together. */
  #taken = 0;
  #bytes = 0;
  /** What the memory of all knows of it. */
  #reported = 0;
  #blocked = false;
  #ending = false;
  #ended = false;

  constructor(sink: Sink, options: FrameQueueOptions) {
    this.#sink = sink;
    this.#options = options;
    sink.onDrain(() => {
      this.#blocked = false;
      this.#pump();
    });
  }

  /** Not yet taken by the sink. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What goes before everything else. */
  begin(backlog: Iterable<Uint8Array>): void {
    this.#backlog = joined(backlog)[Symbol.iterator]();
    this.#pump();
  }

  /** False: the watcher is too slow, and its stream has been ended. */
  push(frames: readonly Uint8Array[]): boolean {
    if (this.#ending) return false;
    let bytes = 0;
    for (const frame of frames) {
      this.#frames.push(frame);
      bytes += frame.length;
    }
    this.#bytes += bytes;
    this.#pump();
    const { framesMax, bytesMax, memory } = this.#options;
    if (this.#frames.length - this.#taken > framesMax || this.#bytes > bytesMax) {
      this.drop();
      return false;
    }
    if (this.#bytes > 0) memory?.change(this, this.#unreported());
    return !this.#ended;
  }

  /** Ends after what has been pushed. */
  end(): void {
    this.#ending = true;
    this.#pump();
  }

  /** Ends now; what has not been written is dropped. */
  abort(): void {
    this.#forget();
    this.#finish();
  }

  /** Ends a watcher that is too slow. What its sink holds already would not be read either. */
  drop(): void {
    if (this.#ended) return;
    this.#options.onOverflow?.();
    this.#forget();
    if (!this.#sink.destroy) {
      this.#finish();
      return;
    }
    this.#ended = true;
    this.#sink.destroy();
    this.#options.onEnd();
  }

  #forget(): void {
    this.#ending = true;
    this.#backlog = undefined;
    this.#frames = [];
    this.#taken = 0;
    this.#bytes = 0;
    this.#report();
  }

  #pump(): void {
    while (!this.#blocked && !this.#ended) {
      const chunk = this.#next();
      if (!chunk) break;
      this.#blocked = !this.#sink.write(chunk);
    }
    this.#report();
    if (this.#ending && !this.#backlog && this.#frames.length === 0) this.#finish();
  }

  #next(): Uint8Array | undefined {
    if (this.#backlog) {
      const { value, done } = this.#backlog.next();
      if (!done) return value;
      this.#backlog = undefined;
    }
    const first = this.#frames[this.#taken];
    if (!first) return undefined;
    const start = this.#taken;
    let size = first.length;
    let end = start + 1;
    for (; end < this.#frames.length; end++) {
      const { length } = this.#frames[end]!;
      if (size + length > writeBytesMax) break;
      size += length;
    }
    const taken = this.#frames.slice(start, end);
    this.#taken = end;
    // Rarely and by a lot: a cut is linear.
    if (end === this.#frames.length) {
      this.#frames = [];
      this.#taken = 0;
    } else if (end > this.#frames.length / 2) {
      this.#frames = this.#frames.slice(end);
      this.#taken = 0;
    }
    this.#bytes -= size;
    return taken.length === 1 ? first : Buffer.concat(taken, size);
  }

  #unreported(): number {
    const difference = this.#bytes - this.#reported;
    this.#reported = this.#bytes;
    return difference;
  }

  /** Less is told at once, more only when what was pushed could not be written. */
  #report(): void {
    if (this.#bytes < this.#reported) this.#options.memory?.change(this, this.#unreported());
  }

  #finish(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#sink.end();
    this.#options.onEnd();
  }
}
