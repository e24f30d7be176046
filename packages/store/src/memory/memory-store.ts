import { type Clock, firstIndex, type Timer } from '@skerry/base';
import { CompactedError, FutureRevisionError, StoreConflictError, StoreUnavailableError } from '#contract.ts';
import type {
  Entry,
  RangeOptions,
  RangeResult,
  Store,
  StoreEvent,
  WatchOptions,
  WriteOptions,
} from '#contract.ts';
import { EventWindow } from '#event-window.ts';

/**
 * The store without a disk: for tests, simulation, and data that may be lost with the process. Same promises as the others
 * but durability. Values are kept by reference, so callers don't change what they have written.
 */
export function openMemoryStore(options: { clock: Clock; watchWindow?: number }): Store {
  return new MemoryStore(options);
}

interface Held extends Entry {
  /** `clock.monotonic()` at which it goes. */
  readonly expiresMs?: number;
}

class MemoryStore implements Store {
  readonly #clock: Clock;
  readonly #window: EventWindow;
  readonly #entries = new Map<string, Held>();
  #keys: string[] = [];
  /** Events with revisions from `#logBase + 1` on. */
  #log: StoreEvent[] = [];
  #logBase = 1;
  #compacted = 1;
  #closed = false;
  #expiry: { atMs: number; timer: Timer } | undefined;

  constructor({ clock, watchWindow = 8192 }: { clock: Clock; watchWindow?: number }) {
    this.#clock = clock;
    this.#window = new EventWindow({ revision: 1, lengthMax: watchWindow });
  }

  get revision(): number {
    return this.#window.revision;
  }

  get compactedRevision(): number {
    return this.#compacted;
  }

  async get(key: string, { revision }: { revision?: number } = {}): Promise<Entry | undefined> {
    this.#checkReadable(revision);
    if (revision === undefined || revision === this.revision) return entryOf(this.#entries.get(key));
    const changed = this.#stateBefore(revision, (candidate) => candidate === key);
    return changed.has(key) ? changed.get(key) : entryOf(this.#entries.get(key));
  }

  async range(prefix: string, options: RangeOptions = {}): Promise<RangeResult> {
    const { startKey = prefix, limit, keysOnly = false } = options;
    this.#checkReadable(options.revision);
    const revision = options.revision ?? this.revision;
    const first = startKey > prefix ? startKey : prefix;
    const entries = new Map<string, Entry>();
    for (let i = firstIndex(this.#keys, (key) => key >= first); i < this.#keys.length; i++) {
      const key = this.#keys[i] as string;
      if (!key.startsWith(prefix)) break;
      entries.set(key, this.#entries.get(key) as Entry);
    }
    if (revision < this.revision) {
      const changed = this.#stateBefore(revision, (key) => key >= first && key.startsWith(prefix));
      for (const [key, entry] of changed) {
        if (entry) entries.set(key, entry);
        else entries.delete(key);
      }
    }
    const all = [...entries.keys()].sort();
    const chosen = limit === undefined ? all : all.slice(0, limit);
    return {
      entries: chosen.map((key) => {
        const entry = entryOf(entries.get(key)) as Entry;
        return keysOnly ? { ...entry, value: new Uint8Array() } : entry;
      }),
      revision,
      more: chosen.length < all.length,
      count: all.length,
    };
  }

  async create(key: string, value: Uint8Array, options?: WriteOptions): Promise<{ revision: number }> {
    this.#checkOpen();
    const current = this.#entries.get(key);
    if (current) throw new StoreConflictError(key, entryOf(current));
    return this.#put(key, value, undefined, options);
  }

  async update(
    key: string,
    value: Uint8Array,
    options: WriteOptions & { expectedRevision: number },
  ): Promise<{ revision: number }> {
    this.#checkOpen();
    return this.#put(key, value, this.#expect(key, options.expectedRevision), options);
  }

  async delete(
    key: string,
    { expectedRevision }: { expectedRevision: number },
  ): Promise<{ revision: number }> {
    this.#checkOpen();
    return this.#remove(this.#expect(key, expectedRevision));
  }

  watch(options: WatchOptions): AsyncIterable<readonly StoreEvent[]> {
    return this.#window.watch(options, {
      compactedRevision: () => this.#compacted,
      readHistory: (after, limit) => this.#log.slice(after - this.#logBase, after - this.#logBase + limit),
    });
  }

  scrub(): Promise<void> {
    return this.compact(this.revision);
  }

  async compact(revision: number): Promise<void> {
    this.#checkOpen();
    if (revision > this.revision) throw futureRevision(revision, this.revision);
    if (revision <= this.#compacted) return;
    this.#compacted = revision;
    this.#log = this.#log.slice(revision - this.#logBase);
    this.#logBase = revision;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#expiry?.timer.cancel();
    this.#window.close(closedError());
  }

  #checkOpen(): void {
    if (this.#closed) throw closedError();
  }

  #checkReadable(revision: number | undefined): void {
    this.#checkOpen();
    if (revision === undefined) return;
    if (revision > this.revision) throw futureRevision(revision, this.revision);
    if (revision < this.#compacted) throw new CompactedError(revision, this.#compacted);
  }

  #expect(key: string, expectedRevision: number): Held {
    const current = this.#entries.get(key);
    if (!current || current.modRevision !== expectedRevision) {
      throw new StoreConflictError(key, entryOf(current));
    }
    return current;
  }

  #put(
    key: string,
    value: Uint8Array,
    previous: Held | undefined,
    { ttlSeconds }: WriteOptions = {},
  ): { revision: number } {
    const revision = this.revision + 1;
    const createRevision = previous?.createRevision ?? revision;
    const expiresMs = ttlSeconds === undefined ? undefined : this.#clock.monotonic() + ttlSeconds * 1000;
    this.#entries.set(key, { key, value, createRevision, modRevision: revision, expiresMs });
    if (!previous)
      this.#keys.splice(
        firstIndex(this.#keys, (other) => other >= key),
        0,
        key,
      );
    this.#append({ type: 'put', key, value, createRevision, revision, ...previousOf(previous) });
    if (expiresMs !== undefined) this.#expireAt(expiresMs);
    return { revision };
  }

  #remove(entry: Held): { revision: number } {
    const revision = this.revision + 1;
    const { key, value, createRevision } = entry;
    this.#entries.delete(key);
    this.#keys.splice(
      firstIndex(this.#keys, (other) => other >= key),
      1,
    );
    this.#append({ type: 'delete', key, value, createRevision, revision, ...previousOf(entry) });
    return { revision };
  }

  #append(event: StoreEvent): void {
    this.#log.push(event);
    this.#window.append([event]);
  }

  /** What the keys that changed after `revision` were at it; undefined: absent then. */
  #stateBefore(revision: number, wanted: (key: string) => boolean): Map<string, Entry | undefined> {
    const state = new Map<string, Entry | undefined>();
    for (const event of this.#log.slice(revision - this.#logBase)) {
      if (state.has(event.key) || !wanted(event.key)) continue;
      const { key, createRevision, previous } = event;
      state.set(key, previous && { key, createRevision, ...previous });
    }
    return state;
  }

  #expireAt(atMs: number): void {
    if (this.#expiry && this.#expiry.atMs <= atMs) return;
    this.#expiry?.timer.cancel();
    const delayMs = atMs - this.#clock.monotonic();
    this.#expiry = { atMs, timer: this.#clock.after(delayMs, () => this.#expire()) };
  }

  #expire(): void {
    this.#expiry = undefined;
    if (this.#closed) return;
    let nextMs: number | undefined;
    for (const entry of this.#entries.values()) {
      if (entry.expiresMs === undefined) continue;
      if (entry.expiresMs <= this.#clock.monotonic()) this.#remove(entry);
      else nextMs = Math.min(nextMs ?? Infinity, entry.expiresMs);
    }
    if (nextMs !== undefined) this.#expireAt(nextMs);
  }
}

function entryOf(held: Entry | undefined): Entry | undefined {
  if (!held) return undefined;
  const { key, value, createRevision, modRevision } = held;
  return { key, value, createRevision, modRevision };
}

function previousOf(entry: Entry | undefined): Pick<StoreEvent, 'previous'> {
  return entry ? { previous: { value: entry.value, modRevision: entry.modRevision } } : {};
}

function closedError(): StoreUnavailableError {
  return new StoreUnavailableError('store-closed', 'the store is closed');
}

function futureRevision(requested: number, current: number): FutureRevisionError {
  return new FutureRevisionError(`revision ${requested} is newer than the current revision ${current}`);
}
