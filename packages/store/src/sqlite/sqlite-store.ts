import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { describeError, silentLogger } from '@skerry/base';
import type { Clock, Logger, Timer } from '@skerry/base';
import { startCompaction } from '#compaction.ts';
import type { CompactionPolicy } from '#compaction.ts';
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
import { storeFailure } from '#sqlite/failure.ts';
import { FileLock } from '#sqlite/file-lock.ts';
import { LogReader } from '#sqlite/log-reader.ts';
import type { Expired, WriteOperation, WriteOutcome } from '#sqlite/protocol.ts';
import { WriterThread } from '#sqlite/writer-thread.ts';

export interface SqliteStoreOptions {
  /** The database file; its folder is made when it isn't there. Beside it: `-wal`, `-shm`, `.lock`, `.pid`. */
  readonly path: string;
  readonly clock: Clock;
  readonly log?: Logger;
  /** Unset: nothing is compacted but by `compact`. */
  readonly compaction?: CompactionPolicy;
  /** Newest events kept in memory for watches; 2,048 unless told. */
  readonly watchWindow?: number;
  /** The writer thread's script, where a bundle keeps it elsewhere than beside itself as `sqlite-writer.js`. */
  readonly writerUrl?: URL;
}

const waitingWritesMax = 20_000;
/** For those who read at once, as a server's caches do; whoever is further behind reads on disk. Each is held whole, a Node is 5 KB. */
const watchWindowDefault = 2048;
const expiryGranularityMs = 1000;
const expiryRetryMs = 30_000;

/**
 * The embedded store: one file, one process. Writes of one turn of the event loop go to the writer thread together, are joined
 * there with what else waits, and are acknowledged after their fsync (group commit). Reads run on this thread, on a connection of
 * their own, and never wait for the disk of a write. Rejects with `StoreUnavailableError`: `store-locked` names the process that has
 * the file, `store-damaged` and `store-unwritable` say what is wrong with it. A write's value must not be changed afterwards.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const { path, clock, log = silentLogger } = options;
  makeFile(path);
  const lock = FileLock.acquire(path);
  let store: SqliteStore | undefined;
  let writer: WriterThread | undefined;
  try {
    writer = await WriterThread.start({
      path,
      url: options.writerUrl,
      onDeath: (error) => {
        log.error('store writer died', { path, error: describeError(error) });
        store?.fail(error);
      },
    });
    const reader = new LogReader(path);
    store = new SqliteStore({ ...options, log, reader, writer, lock });
  } catch (error) {
    await writer?.stop();
    lock.release();
    throw storeFailure(error, `open ${path}`);
  }
  if (options.compaction) store.compactBy(startCompaction(store, { clock, log, policy: options.compaction }));
  return store;
}

/** SQLite would make the file readable by everyone; its log and index files take the mode of this one. */
function makeFile(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    closeSync(openSync(path, 'a', 0o600));
  } catch (error) {
    throw new StoreUnavailableError(
      'store-unwritable',
      `open ${path}: the file or its folder cannot be written; check owner, mode and mount`,
      { cause: error },
    );
  }
}

interface Write {
  readonly type: WriteOperation['type'];
  readonly key: string;
  readonly value: Uint8Array;
  readonly expected?: number;
  readonly expiresMs?: number;
  resolve(result: { revision: number }): void;
  reject(error: Error): void;
}

class SqliteStore implements Store {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #reader: LogReader;
  readonly #writer: WriterThread;
  readonly #lock: FileLock;
  readonly #window: EventWindow;
  #compacted: number;
  #queue: Write[] = [];
  #waiting = 0;
  #unavailable: StoreUnavailableError | undefined;
  #closing: Promise<void> | undefined;
  #compaction: { stop(): void } | undefined;
  #expiry: { atMs: number; timer: Timer } | undefined;

  constructor(parts: {
    clock: Clock;
    log: Logger;
    reader: LogReader;
    writer: WriterThread;
    lock: FileLock;
    watchWindow?: number;
  }) {
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#reader = parts.reader;
    this.#writer = parts.writer;
    this.#lock = parts.lock;
    const revision = this.#reader.newestRevision();
    this.#window = new EventWindow({ revision, lengthMax: parts.watchWindow ?? watchWindowDefault });
    this.#compacted = this.#reader.compactedRevision();
    this.#expire();
  }

  get revision(): number {
    return this.#window.revision;
  }

  get compactedRevision(): number {
    return this.#compacted;
  }

  async get(key: string, { revision }: { revision?: number } = {}): Promise<Entry | undefined> {
    this.#checkReadable(revision);
    return this.#read('get', () =>
      revision === undefined ? this.#reader.get(key) : this.#reader.getAt(key, revision),
    );
  }

  async range(prefix: string, options: RangeOptions = {}): Promise<RangeResult> {
    this.#checkReadable(options.revision);
    return this.#read('range', () => this.#reader.range(prefix, options));
  }

  create(key: string, value: Uint8Array, options?: WriteOptions): Promise<{ revision: number }> {
    return this.#write({ type: 'create', key, value, ...this.#expiryOf(options) });
  }

  update(
    key: string,
    value: Uint8Array,
    options: WriteOptions & { expectedRevision: number },
  ): Promise<{ revision: number }> {
    const expected = options.expectedRevision;
    return this.#write({ type: 'update', key, value, expected, ...this.#expiryOf(options) });
  }

  delete(key: string, { expectedRevision }: { expectedRevision: number }): Promise<{ revision: number }> {
    return this.#write({ type: 'delete', key, value: new Uint8Array(), expected: expectedRevision });
  }

  watch(options: WatchOptions): AsyncIterable<readonly StoreEvent[]> {
    return this.#window.watch(options, {
      compactedRevision: () => this.#compacted,
      // A commit may be in the file and not yet acknowledged; its event comes through the window.
      readHistory: (after, limit) =>
        this.#read('watch', () => this.#reader.readHistory(after, Math.min(limit, this.revision - after))),
    });
  }

  async compact(revision: number): Promise<void> {
    this.#checkOpen();
    if (revision > this.revision) throw this.#futureRevision(revision);
    const before = this.#compacted;
    if (revision <= before) return;
    // From here on, so that no read starts on what is about to go.
    this.#compacted = revision;
    await new Promise<void>((resolve, reject) => {
      this.#writer.request<'compacted'>(
        { type: 'compact', revision },
        {
          receive: () => resolve(),
          fail: (error) => {
            if (this.#compacted === revision) this.#compacted = before;
            reject(error);
          },
        },
      );
    });
  }

  async scrub(): Promise<void> {
    await this.compact(this.revision);
    await new Promise<void>((resolve, reject) => {
      this.#writer.request<'scrubbed'>({ type: 'scrub' }, { receive: () => resolve(), fail: reject });
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Hands over what compacts this store, to be stopped with it. */
  compactBy(compaction: { stop(): void }): void {
    this.#compaction = compaction;
  }

  /** The writer is gone: nothing more can be written, and what was read might be behind. */
  fail(error: StoreUnavailableError): void {
    this.#unavailable ??= error;
    this.#window.close(this.#unavailable);
  }

  async #close(): Promise<void> {
    this.#flush();
    this.#compaction?.stop();
    this.#expiry?.timer.cancel();
    this.#unavailable ??= new StoreUnavailableError('store-closed', 'the store is closed');
    // The writer closes last: it moves the log into the file.
    this.#reader.close();
    await new Promise<void>((resolve) => {
      this.#writer.request<'closed'>({ type: 'close' }, { receive: () => resolve(), fail: () => resolve() });
    });
    await this.#writer.stop();
    this.#window.close(this.#unavailable);
    this.#lock.release();
  }

  #write(write: Omit<Write, 'resolve' | 'reject'>): Promise<{ revision: number }> {
    return new Promise((resolve, reject) => {
      if (this.#unavailable) {
        reject(this.#unavailable);
        return;
      }
      if (this.#waiting >= waitingWritesMax) {
        reject(
          new StoreUnavailableError(
            'store-overloaded',
            `write ${write.key}: ${waitingWritesMax} writes wait for the disk; try again`,
          ),
        );
        return;
      }
      this.#waiting++;
      if (this.#queue.length === 0) setImmediate(() => this.#flush());
      this.#queue.push({ ...write, resolve, reject });
    });
  }

  #flush(): void {
    const writes = this.#queue;
    if (writes.length === 0) return;
    this.#queue = [];
    const values = new Uint8Array(writes.reduce((sum, { value }) => sum + value.length, 0));
    let start = 0;
    const operations = writes.map(({ type, key, value, expected = 0, expiresMs }): WriteOperation => {
      if (type === 'delete') return { type, key, expected };
      values.set(value, start);
      const place = { key, start, end: start + value.length, expiresMs };
      start = place.end;
      return type === 'create' ? { type, ...place } : { type, ...place, expected };
    });
    this.#writer.request<'written'>(
      { type: 'write', operations, values },
      {
        receive: ({ outcomes }) => this.#acknowledge(writes, outcomes),
        fail: (error) => {
          this.#waiting -= writes.length;
          for (const write of writes) write.reject(error);
        },
      },
      [values.buffer],
    );
  }

  #acknowledge(writes: readonly Write[], outcomes: readonly WriteOutcome[]): void {
    this.#waiting -= writes.length;
    const events: StoreEvent[] = [];
    for (const [i, { type, key, value }] of writes.entries()) {
      const outcome = outcomes[i];
      if (outcome?.type !== 'written') continue;
      events.push(type === 'delete' ? this.#deleteEvent(key, outcome) : this.#putEvent(key, value, outcome));
    }
    this.#window.append(events);
    for (const [i, write] of writes.entries()) {
      const outcome = outcomes[i] as WriteOutcome;
      if (outcome.type === 'conflict') {
        const current = outcome.current && { key: write.key, ...outcome.current };
        write.reject(new StoreConflictError(write.key, current));
      } else {
        write.resolve({ revision: outcome.revision });
        if (write.expiresMs !== undefined) this.#expireAt(write.expiresMs);
      }
    }
  }

  #putEvent(key: string, value: Uint8Array, outcome: WriteOutcome & { type: 'written' }): StoreEvent {
    const { revision, createRevision, previousRevision } = outcome;
    const event = { type: 'put' as const, key, value, createRevision, revision };
    return this.#reader.withPrevious(event, previousRevision);
  }

  #deleteEvent(key: string, outcome: WriteOutcome & { type: 'written' }): StoreEvent {
    const { revision, createRevision, previousRevision, last = new Uint8Array() } = outcome;
    const previous = { value: last, modRevision: previousRevision };
    return { type: 'delete', key, value: last, createRevision, revision, previous };
  }

  #expiryOf({ ttlSeconds }: WriteOptions = {}): { expiresMs?: number } {
    return ttlSeconds === undefined ? {} : { expiresMs: Math.ceil(this.#clock.now() + ttlSeconds * 1000) };
  }

  #expireAt(atMs: number): void {
    if (this.#unavailable || (this.#expiry && this.#expiry.atMs <= atMs)) return;
    this.#expiry?.timer.cancel();
    // Rounded up, so that what expires close together goes in one transaction.
    const roundedMs = Math.ceil(atMs / expiryGranularityMs) * expiryGranularityMs;
    const timer = this.#clock.after(roundedMs - this.#clock.now(), () => this.#expire());
    this.#expiry = { atMs: roundedMs, timer };
  }

  #expire(): void {
    this.#expiry = undefined;
    this.#writer.request<'expired'>(
      { type: 'expire', nowMs: this.#clock.now() },
      {
        receive: ({ entries, nextMs }) => {
          this.#window.append(entries.flatMap((entry) => this.#expiredEvent(entry)));
          if (nextMs !== undefined) this.#expireAt(nextMs);
        },
        fail: (error) => {
          if (this.#unavailable) return;
          this.#log.warn('removing expired entries failed', { error: describeError(error) });
          this.#expireAt(this.#clock.now() + expiryRetryMs);
        },
      },
    );
  }

  #expiredEvent({ key, outcome }: Expired): StoreEvent[] {
    return outcome.type === 'written' ? [this.#deleteEvent(key, outcome)] : [];
  }

  #checkOpen(): void {
    if (this.#unavailable) throw this.#unavailable;
  }

  #checkReadable(revision: number | undefined): void {
    this.#checkOpen();
    if (revision === undefined) return;
    if (revision > this.revision && revision > this.#reader.newestRevision()) {
      throw this.#futureRevision(revision);
    }
    if (revision < this.#compacted) throw new CompactedError(revision, this.#compacted);
  }

  #read<T>(action: string, read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw storeFailure(error, `${action} from the store`);
    }
  }

  #futureRevision(requested: number): FutureRevisionError {
    return new FutureRevisionError(
      `revision ${requested} is newer than the current revision ${this.revision}`,
    );
  }
}
