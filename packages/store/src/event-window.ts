import { assert } from '@skerry/base';
import { CompactedError, WatchOverflowError } from '#contract.ts';
import type { StoreEvent, StoreUnavailableError, WatchOptions } from '#contract.ts';

/**
 * The newest events in memory, and the watches that follow them. Revisions have no gaps, so the event of a revision is
 * found by subtraction. Watches pull: each is a position and a wake-up, not a queue of its own, so a thousand watches cost no
 * copies. A watch that starts behind the window is brought up to it from `readHistory`; one that was inside and fell out
 * of it is too slow and ends with `WatchOverflowError`.
 */
export interface EventHistory {
  compactedRevision(): number;
  /** Events with a revision above `after`, in order, at most `limit`; what lies before the window. */
  readHistory(after: number, limit: number): readonly StoreEvent[];
}

const batchMax = 1000;

export class EventWindow {
  readonly #lengthMax: number;
  #events: StoreEvent[] = [];
  /** Revision before the first event held. */
  #base: number;
  #waiters = new Set<() => void>();
  #closed: Error | undefined;

  constructor({ revision, lengthMax }: { revision: number; lengthMax: number }) {
    this.#base = revision;
    this.#lengthMax = lengthMax;
  }

  /** Revision of the newest event. */
  get revision(): number {
    return this.#base + this.#events.length;
  }

  append(events: readonly StoreEvent[]): void {
    for (const event of events) {
      assert(event.revision === this.revision + 1, `event ${event.revision} after ${this.revision}`);
      this.#events.push(event);
    }
    // Cut rarely and by a lot: moving the array is linear.
    if (this.#events.length > this.#lengthMax * 2) {
      const cut = this.#events.length - this.#lengthMax;
      this.#events = this.#events.slice(cut);
      this.#base += cut;
    }
    if (events.length > 0) this.#wake();
  }

  close(error: StoreUnavailableError): void {
    this.#closed = error;
    this.#wake();
  }

  async *watch(
    { prefix, afterRevision, signal }: WatchOptions,
    history: EventHistory,
  ): AsyncGenerator<readonly StoreEvent[]> {
    let position = afterRevision;
    let entered = false;
    while (!signal.aborted) {
      if (this.#closed) throw this.#closed;
      if (position >= this.revision) {
        entered = true;
        await this.#next(signal);
        continue;
      }
      const compacted = history.compactedRevision();
      if (!entered && position < compacted) throw new CompactedError(position, compacted);
      const inside = position >= this.#base;
      if (!inside && entered) {
        throw new WatchOverflowError(`a watch at revision ${position} fell behind ${this.#base}`);
      }
      entered ||= inside;
      const events = inside
        ? this.#events.slice(position - this.#base, position - this.#base + batchMax)
        : history.readHistory(position, batchMax);
      const last = events.at(-1);
      assert(last, `no history after revision ${position}`);
      position = last.revision;
      const matching = events.filter((event) => event.key.startsWith(prefix));
      if (matching.length > 0) yield matching;
    }
  }

  #next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiters.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiters.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }

  #wake(): void {
    for (const wake of this.#waiters) wake();
  }
}
