import { DatabaseSync } from 'node:sqlite';
import type { SQLOutputValue, StatementSync } from 'node:sqlite';
import type { Entry, RangeOptions, RangeResult, StoreEvent } from '#contract.ts';
import { ReplacingEvent } from '#sqlite/replacing-event.ts';
import { prefixEnd } from '#key-range.ts';
import { firstRevision } from '#sqlite/schema.ts';

/** Sorts behind every key; the end of an unbounded range. */
const lastKey = '\u{10ffff}';

/**
 * Reads a file that another connection writes. Each call is one snapshot, sees whole commits only, and never waits for the
 * writer's fsync: readers of a write-ahead log don't block.
 */
export class LogReader {
  readonly #db: DatabaseSync;
  readonly #newest: StatementSync;
  readonly #compacted: StatementSync;
  readonly #get: StatementSync;
  readonly #value: StatementSync;
  readonly #entryAt: StatementSync;
  readonly #count: StatementSync;
  readonly #range: StatementSync;
  readonly #rangeKeys: StatementSync;
  readonly #changed: StatementSync;
  readonly #events: StatementSync;

  constructor(path: string) {
    const db = new DatabaseSync(path, { readOnly: true, timeout: 5000 });
    this.#db = db;
    db.exec('PRAGMA cache_size = -16384');
    this.#newest = db.prepare('SELECT max(rev) AS rev FROM log');
    this.#compacted = db.prepare('SELECT compacted_rev FROM history');
    this.#get = db.prepare(
      'SELECT c.key, c.rev, c.create_rev, v.value FROM current c JOIN value v ON v.rev = c.rev WHERE c.key = ?',
    );
    this.#value = db.prepare('SELECT value FROM value WHERE rev = ?');
    this.#entryAt = db.prepare(
      'SELECT l.key, l.rev, l.create_rev, v.value FROM log l JOIN value v ON v.rev = l.rev WHERE l.rev = ?',
    );
    this.#count = db.prepare('SELECT count(*) AS count FROM current WHERE key >= ? AND key < ?');
    this.#range = db.prepare(
      `SELECT c.key, c.rev, c.create_rev, v.value FROM current c JOIN value v ON v.rev = c.rev
       WHERE c.key >= ? AND c.key < ? ORDER BY c.key LIMIT ?`,
    );
    this.#rangeKeys = db.prepare(
      'SELECT key, rev, create_rev FROM current WHERE key >= ? AND key < ? ORDER BY key LIMIT ?',
    );
    // With a bare column beside min(), SQLite takes it from the row that has the minimum: the first change after the revision.
    this.#changed = db.prepare(
      `SELECT key, min(rev) AS rev, prev_rev, EXISTS (SELECT 1 FROM current c WHERE c.key = log.key) AS is_there
       FROM log WHERE rev > ? AND key >= ? AND key < ? GROUP BY key`,
    );
    this.#events = db.prepare(
      `SELECT l.rev, l.key, l.create_rev, l.prev_rev, l.deleted, v.value FROM log l
       LEFT JOIN value v ON v.rev = iif(l.deleted, l.prev_rev, l.rev) WHERE l.rev > ? ORDER BY l.rev LIMIT ?`,
    );
  }

  newestRevision(): number {
    return Number(this.#newest.get()?.rev ?? firstRevision);
  }

  compactedRevision(): number {
    return Number(this.#compacted.get()?.compacted_rev);
  }

  get(key: string): Entry | undefined {
    const row = this.#get.get(key);
    return row && entryOf(row);
  }

  getAt(key: string, revision: number): Entry | undefined {
    return this.#snapshot(() => {
      const [changed] = this.#changed.all(revision, key, `${key}\0`);
      if (!changed) return this.get(key);
      const previous = Number(changed.prev_rev);
      return previous === 0 ? undefined : this.#entry(previous);
    });
  }

  range(prefix: string, options: RangeOptions): RangeResult {
    const { startKey = prefix, limit = -1, keysOnly = false } = options;
    const first = startKey > prefix ? startKey : prefix;
    const end = prefixEnd(prefix) ?? lastKey;
    return this.#snapshot(() => {
      const newest = this.newestRevision();
      if (options.revision !== undefined && options.revision < newest) {
        return this.#rangeAt(first, end, options.revision, limit, keysOnly);
      }
      const count = Number(this.#count.get(first, end)?.count);
      const rows = (keysOnly ? this.#rangeKeys : this.#range).all(first, end, limit);
      return { entries: rows.map(entryOf), revision: newest, more: rows.length < count, count };
    });
  }

  readHistory(after: number, limit: number): StoreEvent[] {
    return this.#events.all(after, limit).map((row) => {
      const deleted = row.deleted === 1;
      const value = (row.value as Uint8Array | null) ?? new Uint8Array();
      const event: StoreEvent = {
        type: deleted ? 'delete' : 'put',
        key: String(row.key),
        value,
        createRevision: Number(row.create_rev),
        revision: Number(row.rev),
      };
      return this.withPrevious(event, Number(row.prev_rev));
    });
  }

  withPrevious(event: StoreEvent, previousRevision: number): StoreEvent {
    if (previousRevision === 0) return event;
    return new ReplacingEvent(event, previousRevision, this.#valueAt);
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close();
  }

  /** The range now with what has changed since undone; a page reads its own rows and no others. */
  #rangeAt(first: string, end: string, revision: number, limit: number, keysOnly: boolean): RangeResult {
    const changed = new Map<string, { previous: number; isThere: boolean }>();
    for (const row of this.#changed.all(revision, first, end))
      changed.set(String(row.key), { previous: Number(row.prev_rev), isThere: row.is_there === 1 });
    const states = [...changed.values()];
    const cameSince = states.filter(({ previous, isThere }) => isThere && previous === 0).length;
    const goneSince = [...changed].filter(([, { previous, isThere }]) => !isThere && previous !== 0);
    // As many rows more as may have to be left out, so that a full page comes of it.
    const rowsMax = limit < 0 ? -1 : limit + cameSince;
    const rows = (keysOnly ? this.#rangeKeys : this.#range).all(first, end, rowsMax);
    const found: { key: string; read: () => Entry }[] = goneSince.map(([key, { previous }]) => ({
      key,
      read: () => this.#entry(previous),
    }));
    for (const row of rows) {
      const key = String(row.key);
      const previous = changed.get(key)?.previous;
      if (previous === 0) continue;
      found.push({ key, read: () => (previous === undefined ? entryOf(row) : this.#entry(previous)) });
    }
    if (goneSince.length > 0) found.sort((a, b) => (a.key < b.key ? -1 : 1));
    const chosen = limit < 0 ? found : found.slice(0, limit);
    const entries = chosen.map(({ read }) => (keysOnly ? { ...read(), value: new Uint8Array() } : read()));
    const count = Number(this.#count.get(first, end)?.count) - cameSince + goneSince.length;
    return { entries, revision, more: chosen.length < count, count };
  }

  /** Of a revision that history still has. */
  #entry(revision: number): Entry {
    return entryOf(this.#entryAt.get(revision)!);
  }

  /** One for all events, which hold it. */
  readonly #valueAt = (revision: number): Uint8Array | undefined => {
    if (!this.#db.isOpen) return undefined;
    return this.#value.get(revision)?.value as Uint8Array | undefined;
  };

  #snapshot<T>(read: () => T): T {
    this.#db.exec('BEGIN');
    try {
      return read();
    } finally {
      this.#db.exec('COMMIT');
    }
  }
}

function entryOf(row: Record<string, SQLOutputValue>): Entry {
  return {
    key: String(row.key),
    value: (row.value as Uint8Array | undefined) ?? new Uint8Array(),
    createRevision: Number(row.create_rev),
    modRevision: Number(row.rev),
  };
}
