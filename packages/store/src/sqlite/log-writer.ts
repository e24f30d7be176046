import { DatabaseSync } from 'node:sqlite';
import type { StatementSync } from 'node:sqlite';
import type { CurrentEntry, Expired, WriteOperation, WriteOutcome } from '#sqlite/protocol.ts';
import { firstRevision, prepareFile } from '#sqlite/schema.ts';

const expiredMax = 500;
const sweepMax = 1000;

/**
 * The only writer of a file; lives in the writer thread. Expectations are checked against the open transaction, so writers of
 * one group see each other in the order in which they came. A conflict writes nothing and leaves its group alone; an error of
 * the disk rolls the whole group back, and the revision counter with it.
 */
export class LogWriter {
  readonly #db: DatabaseSync;
  #revision: number;
  readonly #find: StatementSync;
  readonly #insertLog: StatementSync;
  readonly #insertValue: StatementSync;
  readonly #insertCurrent: StatementSync;
  readonly #updateCurrent: StatementSync;
  readonly #deleteCurrent: StatementSync;
  readonly #readValue: StatementSync;

  constructor(path: string) {
    const db = new DatabaseSync(path, { timeout: 5000 });
    this.#db = db;
    try {
      prepareFile(db, path);
      // FULL: the log is on the disk when COMMIT returns, which is what an acknowledgement promises.
      db.exec('PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 1000; PRAGMA cache_size = -16384');
      const newest = Number(db.prepare('SELECT max(rev) AS rev FROM log').get()?.rev ?? 0);
      this.#revision = Math.max(newest, firstRevision);
      this.#find = db.prepare('SELECT rev, create_rev FROM current WHERE key = ?');
      this.#insertLog = db.prepare(
        'INSERT INTO log (rev, key, create_rev, prev_rev, deleted) VALUES (?, ?, ?, ?, ?)',
      );
      this.#insertValue = db.prepare('INSERT INTO value (rev, value) VALUES (?, ?)');
      this.#insertCurrent = db.prepare(
        'INSERT INTO current (key, rev, create_rev, expires_ms) VALUES (?, ?, ?, ?)',
      );
      this.#updateCurrent = db.prepare('UPDATE current SET rev = ?, expires_ms = ? WHERE key = ?');
      this.#deleteCurrent = db.prepare('DELETE FROM current WHERE key = ?');
      this.#readValue = db.prepare('SELECT value FROM value WHERE rev = ?');
    } catch (error) {
      db.close();
      throw error;
    }
  }

  /** Runs `work` and makes it durable, or throws and leaves the file as it was. */
  transaction<T>(work: () => T): T {
    const revision = this.#revision;
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#db.exec('COMMIT');
      return result;
    } catch (error) {
      this.#revision = revision;
      // SQLite has rolled back by itself after some errors of the disk.
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  /** Inside a transaction. */
  write(operation: WriteOperation, values: Uint8Array): WriteOutcome {
    const { key } = operation;
    const found = this.#find.get(key);
    const current = found && { revision: Number(found.rev), createRevision: Number(found.create_rev) };
    const expected = operation.type === 'create' ? undefined : operation.expected;
    if (current?.revision !== expected) return { type: 'conflict', ...this.#current(current) };
    if (operation.type === 'delete') return this.#delete(key, current);

    const revision = ++this.#revision;
    const createRevision = current?.createRevision ?? revision;
    const previousRevision = current?.revision ?? 0;
    const expiresMs = operation.expiresMs ?? null;
    this.#insertLog.run(revision, key, createRevision, previousRevision, 0);
    this.#insertValue.run(revision, values.subarray(operation.start, operation.end));
    if (current) this.#updateCurrent.run(revision, expiresMs, key);
    else this.#insertCurrent.run(key, revision, createRevision, expiresMs);
    return { type: 'written', revision, createRevision, previousRevision };
  }

  /** Deletes what has expired, a bounded number at a time. */
  expire(nowMs: number): { entries: Expired[]; nextMs?: number } {
    const due = this.#db
      .prepare('SELECT key, rev, create_rev FROM current WHERE expires_ms <= ? ORDER BY expires_ms LIMIT ?')
      .all(nowMs, expiredMax);
    const entries = due.map((row) => {
      const key = String(row.key);
      const current = { revision: Number(row.rev), createRevision: Number(row.create_rev) };
      return { key, outcome: this.#delete(key, current) };
    });
    const next = this.#db
      .prepare('SELECT min(expires_ms) AS next FROM current WHERE expires_ms IS NOT NULL')
      .get();
    return { entries, ...(typeof next?.next === 'number' ? { nextMs: next.next } : {}) };
  }

  /** Makes everything before `revision` unreadable; `sweep` frees its room. */
  setCompacted(revision: number): void {
    this.#db.prepare('UPDATE history SET compacted_rev = max(compacted_rev, ?)').run(revision);
  }

  /**
   * Frees some rows that compaction has made unreadable: what was replaced up to the compacted revision, and deletions. Returns
   * whether more are left. The newest row stays, even a deletion: it carries the revision counter.
   */
  sweep(): boolean {
    const history = this.#db.prepare('SELECT compacted_rev, swept_rev FROM history').get();
    const compacted = Number(history?.compacted_rev);
    const from = Number(history?.swept_rev);
    const to = Math.min(compacted, from + sweepMax);
    if (to <= from) return false;
    const replaced = 'SELECT prev_rev FROM log WHERE rev > ? AND rev <= ? AND prev_rev > 0';
    this.#db.prepare(`DELETE FROM value WHERE rev IN (${replaced})`).run(from, to);
    this.#db.prepare(`DELETE FROM log WHERE rev IN (${replaced})`).run(from, to);
    const swept = Math.min(to, this.#revision - 1);
    this.#db.prepare('DELETE FROM log WHERE rev > ? AND rev <= ? AND deleted = 1').run(from, swept);
    this.#db.prepare('UPDATE history SET swept_rev = ?').run(swept);
    return to < compacted;
  }

  /**
   * Writes the file anew with nothing but what can be read, and empties the write-ahead log: freed pages of both still hold
   * what was deleted. Others can't write meanwhile; they can read.
   */
  scrub(): void {
    while (this.transaction(() => this.sweep()));
    this.#db.exec('VACUUM; PRAGMA wal_checkpoint(TRUNCATE)');
  }

  close(): void {
    this.#db.close();
  }

  #delete(key: string, current: { revision: number; createRevision: number } | undefined): WriteOutcome {
    if (!current) return { type: 'conflict' };
    const { revision: previousRevision, createRevision } = current;
    const last = this.#valueAt(previousRevision);
    const revision = ++this.#revision;
    this.#insertLog.run(revision, key, createRevision, previousRevision, 1);
    this.#deleteCurrent.run(key);
    return { type: 'written', revision, createRevision, previousRevision, last };
  }

  #current(current: { revision: number; createRevision: number } | undefined): { current?: CurrentEntry } {
    if (!current) return {};
    const { revision, createRevision } = current;
    return { current: { value: this.#valueAt(revision), createRevision, modRevision: revision } };
  }

  #valueAt(revision: number): Uint8Array {
    return this.#readValue.get(revision)?.value as Uint8Array;
  }
}
