/**
 * The revisioned key-value log under the API server. It knows keys, bytes and revisions, and no kind.
 *
 * Promises, the same for every implementation (one suite holds them):
 * - One counter. Every successful write gets the next revision; revisions have no gaps and are never reused, also across
 *   restarts. An empty store stands at revision 1.
 * - A write that has been acknowledged is durable (for `sqlite`: after fdatasync) and visible to every later read and watch.
 * - A write names what it expects (`create`: absence; `update`/`delete`: a mod revision) or fails with `StoreConflictError`.
 * - A range at revision R sees the state exactly after R. R older than the last compaction fails with `CompactedError`,
 *   R newer than the current one with `FutureRevisionError`.
 * - A watch from revision R delivers every event with revision > R … gap-free, in order, each once; from a compacted
 *   revision it fails with `CompactedError`. A watcher that is too slow for its buffer is ended with `WatchOverflowError`.
 */
export interface Entry {
  readonly key: string;
  readonly value: Uint8Array;
  /** Revision at which the key came to be. */
  readonly createRevision: number;
  /** Revision of the last write of the key. */
  readonly modRevision: number;
}

export interface StoreEvent {
  readonly type: 'put' | 'delete';
  readonly key: string;
  /** For a delete: the last value before it. */
  readonly value: Uint8Array;
  readonly createRevision: number;
  /** The revision of this event. */
  readonly revision: number;
  /** The entry before this event, when there was one and it is not compacted. */
  readonly previous?: { readonly value: Uint8Array; readonly modRevision: number };
}

export interface RangeOptions {
  /** State as of this revision; unset: the newest. */
  readonly revision?: number;
  /** First key, inclusive, when continuing inside the prefix. */
  readonly startKey?: string;
  readonly limit?: number;
  /** Values come as empty arrays. */
  readonly keysOnly?: boolean;
}

export interface RangeResult {
  readonly entries: readonly Entry[];
  /** The revision that the result is exact at. */
  readonly revision: number;
  /** Whether keys remain behind `limit`. */
  readonly more: boolean;
  /** Keys in the whole prefix at or after `startKey`. */
  readonly count: number;
}

export interface WatchOptions {
  readonly prefix: string;
  /** Events with a revision above this one. */
  readonly afterRevision: number;
  readonly signal: AbortSignal;
}

export interface Store {
  /** Newest acknowledged revision. */
  readonly revision: number;
  /** Oldest revision that can still be ranged or watched from. */
  readonly compactedRevision: number;
  get(key: string, options?: { revision?: number }): Promise<Entry | undefined>;
  range(prefix: string, options?: RangeOptions): Promise<RangeResult>;
  create(key: string, value: Uint8Array, options?: WriteOptions): Promise<{ revision: number }>;
  update(
    key: string,
    value: Uint8Array,
    options: WriteOptions & { expectedRevision: number },
  ): Promise<{ revision: number }>;
  delete(key: string, options: { expectedRevision: number }): Promise<{ revision: number }>;
  /** Batches of events; never an empty batch. Ends when the signal is aborted. */
  watch(options: WatchOptions): AsyncIterable<readonly StoreEvent[]>;
  /** Forgets history before `revision`; the state at `revision` stays readable. */
  compact(revision: number): Promise<void>;
  /** Forgets all history and leaves no trace of it, nor of anything deleted, where the store keeps its bytes. Takes as long as copying it all. */
  scrub(): Promise<void>;
  close(): Promise<void>;
}

export interface WriteOptions {
  /**
   * Seconds until the entry is removed, as a delete with its own revision, unless written again; for Events and the like.
   * Every write decides anew: one without `ttlSeconds` makes the entry stay.
   */
  readonly ttlSeconds?: number;
}

export class StoreConflictError extends Error {
  override readonly name = 'StoreConflictError';
  readonly key: string;
  /** What is there now; undefined when the key does not exist. */
  readonly current: Entry | undefined;

  constructor(key: string, current: Entry | undefined) {
    super(current ? `${key} is at revision ${current.modRevision}` : `${key} does not exist`);
    this.key = key;
    this.current = current;
  }
}

export class CompactedError extends Error {
  override readonly name = 'CompactedError';
  readonly requested: number;
  readonly compacted: number;

  constructor(requested: number, compacted: number) {
    super(`revision ${requested} was compacted; history begins at ${compacted}`);
    this.requested = requested;
    this.compacted = compacted;
  }
}

export class FutureRevisionError extends Error {
  override readonly name = 'FutureRevisionError';
}

export class WatchOverflowError extends Error {
  override readonly name = 'WatchOverflowError';
}

/** The disk is full, the file is damaged, another process holds it: nothing was written. `code` as in docs/reference/errors.md. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError';
  readonly code:
    | 'store-full'
    | 'store-locked'
    | 'store-damaged'
    | 'store-closed'
    | 'store-unwritable'
    /** More writes wait than the store will hold; this one was not taken. */
    | 'store-overloaded';

  constructor(code: StoreUnavailableError['code'], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
