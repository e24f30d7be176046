/**
 * Gathers changes of the cache and writes them a little later, in one batch: whoever answers a request or takes an event
 * never waits for the disk. What waits is never more than the newest state of what has changed, since later changes of the
 * same thing replace earlier ones. A batch that can't be written is tried again with what has come since.
 */
import { describeError, type Clock, type Logger, type Timer } from '@skerry/base';
import type { CacheBatch, CacheFile, CoverageChange, HeldObject, Note } from '#cache/cache-file.ts';

/** A coverage as a file has it, and as it will be. */
type Read = ReturnType<CacheFile['read']>;

const delayMs = 200;
const retryMs = 5_000;

export class CacheWriter {
  readonly #file: Pick<CacheFile, 'write'>;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #onEvicted: (keys: readonly string[]) => void;
  #coverages = new Map<string, CoverageChange | undefined>();
  #notes = new Map<string, Map<string, Note | undefined>>();
  #timer: Timer | undefined;
  #writing: { readonly batch: CacheBatch; readonly done: Promise<void> } | undefined;
  #closed = false;

  constructor(options: {
    readonly file: Pick<CacheFile, 'write'>;
    readonly clock: Clock;
    readonly log: Logger;
    /** These coverages are no longer held. */
    readonly onEvicted: (keys: readonly string[]) => void;
  }) {
    this.#file = options.file;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#onEvicted = options.onEvicted;
  }

  /** What has changed since the last call; `change.whole` replaces all. */
  coverage(key: string, change: CoverageChange): void {
    const waiting = this.#coverages.get(key);
    if (!waiting || change.whole) {
      // After a drop that is still to be written, what was held must not come back.
      if (this.#coverages.has(key) && !waiting) change.whole = true;
      this.#coverages.set(key, change);
    } else {
      for (const [object, value] of change.objects) waiting.objects.set(object, value);
      waiting.revision = change.revision;
      waiting.asOfMs = change.asOfMs;
      waiting.usedMs = change.usedMs;
    }
    this.#schedule(delayMs);
  }

  drop(key: string): void {
    this.#coverages.set(key, undefined);
    this.#schedule(delayMs);
  }

  note(space: string, key: string, note: Note | undefined): void {
    let notes = this.#notes.get(space);
    if (!notes) this.#notes.set(space, (notes = new Map()));
    notes.set(key, note);
    this.#schedule(delayMs);
  }

  /** Whether a change of it is still to be begun to be written. */
  isWaiting(key: string): boolean {
    return this.#coverages.has(key);
  }

  /** A note that is still on its way to the file; undefined where none is. */
  waitingNote(space: string, key: string): { readonly note: Note | undefined } | undefined {
    for (const notes of [this.#notes, this.#writing?.batch.notes]) {
      const entries = notes?.get(space);
      if (entries?.has(key)) return { note: entries.get(key) };
    }
    return undefined;
  }

  /** What the file has of a coverage, with what is still on its way there. */
  upToDate(key: string, read: Read): Read {
    let result = read;
    for (const coverages of [this.#writing?.batch.coverages, this.#coverages]) {
      if (!coverages?.has(key)) continue;
      const change = coverages.get(key);
      result = change && changed(key, change, result);
    }
    return result;
  }

  /** Resolves when all that was given before is in the file. */
  async flush(): Promise<void> {
    while (this.#coverages.size > 0 || this.#notes.size > 0 || this.#writing) {
      this.#timer?.cancel();
      this.#timer = undefined;
      await (this.#writing?.done ?? this.#write());
      if (this.#timer && !this.#writing) return;
    }
  }

  async close(): Promise<void> {
    await this.flush();
    this.#closed = true;
    this.#timer?.cancel();
  }

  #schedule(afterMs: number): void {
    if (this.#timer || this.#closed) return;
    this.#timer = this.#clock.after(afterMs, () => {
      this.#timer = undefined;
      if (!this.#writing) void this.#write();
      else this.#schedule(delayMs);
    });
  }

  #write(): Promise<void> {
    const batch: CacheBatch = { coverages: this.#coverages, notes: this.#notes };
    this.#coverages = new Map();
    this.#notes = new Map();
    const done = this.#file
      .write(batch)
      .then((evicted) => {
        if (evicted.length > 0) this.#onEvicted(evicted);
      })
      .catch((error: unknown) => {
        this.#log.warn('cache not written', { error: describeError(error) });
        this.#putBack(batch);
        this.#schedule(retryMs);
      })
      .finally(() => {
        this.#writing = undefined;
      });
    this.#writing = { batch, done };
    return done;
  }

  /** Under what has come meanwhile. */
  #putBack({ coverages, notes }: CacheBatch): void {
    const newer = this.#coverages;
    this.#coverages = new Map(coverages);
    for (const [key, change] of newer) {
      if (change) this.coverage(key, change);
      else this.#coverages.set(key, undefined);
    }
    for (const [space, entries] of notes) {
      const merged = new Map([...entries, ...(this.#notes.get(space) ?? [])]);
      this.#notes.set(space, merged);
    }
  }
}

function changed(key: string, change: CoverageChange, before: Read): Read {
  const { kind, revision, own, asOfMs, usedMs } = change;
  const objects = new Map<string, HeldObject>();
  if (!change.whole) for (const object of before?.objects ?? []) objects.set(object.key, object);
  for (const [place, object] of change.objects) {
    if (object) objects.set(place, { key: place, ...object });
    else objects.delete(place);
  }
  return {
    held: { key, kind, revision, own, asOfMs, usedMs, bytes: before?.held.bytes ?? 0 },
    objects: [...objects.values()],
  };
}
