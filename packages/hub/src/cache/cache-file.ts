/**
 * What a node keeps of the API on its disk: objects by the coverage that they were read for, and notes (decisions, tokens,
 * documents), in one SQLite file that only its owner reads.
 *
 * It is a cache: the last moments before a crash may be missing, but never half of one. A batch is one transaction of the
 * write-ahead log, so that the file is at every moment, after `kill -9` and after a power cut too, what it was after some
 * whole batch. Nothing is forced to the disk per batch (`synchronous=NORMAL`); a batch is written in slices with the event
 * loop's turns between them, and readers have a connection of their own, so answers wait for no write. A thread of its own
 * would wait for the disk instead of us, and costs more memory than a small machine has to give.
 *
 * One file per object, as others do it, costs a forced write each, a rewrite of folders for each list, and has no moment at
 * which all of it is consistent.
 */
import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describeError, type Logger } from '@skerry/base';
import { createSchema, schemaVersion } from '#cache/schema.ts';
import type { Sealer } from '#cache/sealer.ts';

/** What is known of a coverage without reading its objects. */
export interface HeldCoverage {
  /** As of `coverageText`. */
  readonly key: string;
  readonly kind: string;
  /** The revision at which the objects are what the center had. */
  readonly revision: number;
  /** Whether it is the node's own, which goes last where room is short. */
  readonly own: boolean;
  /** When it was last known to be what the center has, on the wall clock. */
  readonly asOfMs: number;
  readonly usedMs: number;
  readonly bytes: number;
}

export interface HeldObject {
  /** `namespace/name` or `name`. */
  readonly key: string;
  readonly revision: number;
  readonly value: Uint8Array;
}

/** How a coverage is to be changed. */
export interface CoverageChange {
  readonly kind: string;
  readonly own: boolean;
  /** Whether what is held of it goes first. */
  whole: boolean;
  /** Whether values are sealed. */
  readonly secret: boolean;
  revision: number;
  asOfMs: number;
  usedMs: number;
  /** Undefined: the object is gone. */
  readonly objects: Map<string, { readonly revision: number; readonly value: Uint8Array } | undefined>;
}

export interface Note {
  readonly value: Uint8Array;
  readonly usedMs: number;
  readonly secret?: boolean;
}

/** One transaction. */
export interface CacheBatch {
  /** By `coverageText`; undefined: it is dropped. */
  readonly coverages: ReadonlyMap<string, CoverageChange | undefined>;
  /** By space and key; undefined: it is dropped. */
  readonly notes: ReadonlyMap<string, ReadonlyMap<string, Note | undefined>>;
}

export interface CacheFileOptions {
  readonly path: string;
  readonly sealer: Sealer;
  readonly log: Logger;
  /** Objects beyond this go, those of the coverages used longest ago first. */
  readonly bytesMax?: number;
  readonly coveragesMax?: number;
  /** Of each space; those used longest ago go first. */
  readonly notesMax?: number;
  /** Told of every step of a write, for tests that break it off there. */
  readonly onStep?: (step: string) => void;
}

const bytesMaxDefault = 256 << 20;
const coveragesMaxDefault = 8_192;
const notesMaxDefault = 4_096;
const rowsPerTurn = 64;

export class CacheFile {
  readonly #options: CacheFileOptions;
  #writer: DatabaseSync;
  #reader: DatabaseSync;

  private constructor(options: CacheFileOptions, db: { writer: DatabaseSync; reader: DatabaseSync }) {
    this.#options = options;
    this.#writer = db.writer;
    this.#reader = db.reader;
  }

  /** Opens the file, or begins a new one where there is none or it can't be used. */
  static open(options: CacheFileOptions): CacheFile {
    const { path, log } = options;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    try {
      return new CacheFile(options, connect(path));
    } catch (error) {
      log.error('cache unreadable, beginning a new one', { path, error: describeError(error) });
      removeFile(path);
      return new CacheFile(options, connect(path));
    }
  }

  coverages(): HeldCoverage[] {
    const rows = this.#reader
      .prepare('SELECT key, kind, revision, own, as_of_ms, used_ms, bytes FROM coverage')
      .all();
    return rows.map((row) => ({
      key: String(row['key']),
      kind: String(row['kind']),
      revision: Number(row['revision']),
      own: row['own'] === 1,
      asOfMs: Number(row['as_of_ms']),
      usedMs: Number(row['used_ms']),
      bytes: Number(row['bytes']),
    }));
  }

  /** The coverage with all of its objects at one moment; undefined when there is none, or part of it can't be opened. */
  read(key: string): { readonly held: HeldCoverage; readonly objects: HeldObject[] } | undefined {
    const rows = this.#reader
      .prepare(
        `SELECT c.kind, c.revision, c.own, c.as_of_ms, c.used_ms, c.bytes,
           o.key AS object_key, o.revision AS object_revision, o.sealed, o.value
         FROM coverage c LEFT JOIN object o ON o.coverage = c.id WHERE c.key = ?`,
      )
      .all(key);
    const [first] = rows;
    if (!first) return undefined;
    try {
      return {
        held: {
          key,
          kind: String(first['kind']),
          revision: Number(first['revision']),
          own: first['own'] === 1,
          asOfMs: Number(first['as_of_ms']),
          usedMs: Number(first['used_ms']),
          bytes: Number(first['bytes']),
        },
        objects: rows
          .filter((row) => row['object_key'] !== null)
          .map((row) => {
            const objectKey = String(row['object_key']);
            return {
              key: objectKey,
              revision: Number(row['object_revision']),
              value: this.#opened(row, `${key}\n${objectKey}`),
            };
          }),
      };
    } catch (error) {
      this.#options.log.warn('a part of the cache does not open, left out', {
        coverage: key,
        error: describeError(error),
      });
      return undefined;
    }
  }

  /** All notes of a space, those used longest ago first. Those that don't open are left out. */
  notes(space: string): Map<string, Note> {
    const rows = this.#reader
      .prepare('SELECT key, sealed, used_ms, value FROM note WHERE space = ? ORDER BY used_ms')
      .all(space);
    const notes = new Map<string, Note>();
    for (const row of rows) {
      const key = String(row['key']);
      try {
        const value = this.#opened(row, `${space}\n${key}`);
        notes.set(key, { value, usedMs: Number(row['used_ms']), secret: row['sealed'] === 1 });
      } catch (error) {
        this.#options.log.warn('a note of the cache does not open', { space, error: describeError(error) });
      }
    }
    return notes;
  }

  /** One note; undefined where there is none, or it does not open. */
  note(space: string, key: string): Uint8Array | undefined {
    const row = this.#reader
      .prepare('SELECT sealed, value FROM note WHERE space = ? AND key = ?')
      .get(space, key);
    try {
      return row && this.#opened(row, `${space}\n${key}`);
    } catch (error) {
      this.#options.log.warn('a note of the cache does not open', { space, error: describeError(error) });
      return undefined;
    }
  }

  /** Writes the batch, all of it or nothing. One at a time. @returns keys of coverages that had to go for want of room. */
  async write(batch: CacheBatch): Promise<string[]> {
    const step = this.#options.onStep ?? (() => undefined);
    const db = this.#writer;
    step('begin');
    db.exec('BEGIN IMMEDIATE');
    try {
      let rows = 0;
      for (const write of this.#statements(batch)) {
        write();
        step('row');
        if (++rows % rowsPerTurn === 0) await nextTurn();
      }
      const evicted = this.#evict();
      step('commit');
      db.exec('COMMIT');
      step('committed');
      return evicted;
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  }

  close(): void {
    this.#reader.close();
    this.#writer.close();
  }

  #opened(row: Record<string, unknown>, place: string): Uint8Array {
    const value = row['value'] as Uint8Array;
    return row['sealed'] === 1 ? this.#options.sealer.open(value, place) : value;
  }

  *#statements({ coverages, notes }: CacheBatch): Generator<() => void> {
    const db = this.#writer;
    const idOf = db.prepare('SELECT id FROM coverage WHERE key = ?');
    const clear = db.prepare('DELETE FROM object WHERE coverage = ?');
    const drop = db.prepare('DELETE FROM coverage WHERE id = ?');
    const head = db.prepare(
      `INSERT INTO coverage (key, kind, revision, own, as_of_ms, used_ms, bytes) VALUES (?, ?, ?, ?, ?, ?, 0)
       ON CONFLICT (key) DO UPDATE SET kind = excluded.kind, revision = excluded.revision, own = excluded.own,
         as_of_ms = excluded.as_of_ms, used_ms = excluded.used_ms`,
    );
    const put = db.prepare(
      `INSERT INTO object (coverage, key, revision, sealed, value) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (coverage, key) DO UPDATE SET revision = excluded.revision, sealed = excluded.sealed, value = excluded.value`,
    );
    const remove = db.prepare('DELETE FROM object WHERE coverage = ? AND key = ?');
    const weigh = db.prepare(
      'UPDATE coverage SET bytes = (SELECT coalesce(sum(length(value)), 0) FROM object WHERE coverage = ?1) WHERE id = ?1',
    );
    const known = (key: string) => Number(idOf.get(key)?.['id'] ?? 0);
    for (const [key, change] of coverages) {
      if (!change) {
        const id = known(key);
        yield () => void clear.run(id);
        yield () => void drop.run(id);
        continue;
      }
      const { kind, revision, own, asOfMs, usedMs, whole, secret, objects } = change;
      yield () => void head.run(key, kind, revision, own ? 1 : 0, Math.round(asOfMs), Math.round(usedMs));
      const id = known(key);
      if (whole) yield () => void clear.run(id);
      for (const [objectKey, object] of objects) {
        yield () => {
          if (!object) remove.run(id, objectKey);
          else {
            const value = secret
              ? this.#options.sealer.seal(object.value, `${key}\n${objectKey}`)
              : object.value;
            put.run(id, objectKey, object.revision, secret ? 1 : 0, value);
          }
        };
      }
      if (whole || objects.size > 0) yield () => void weigh.run(id);
    }
    yield* this.#noteStatements(notes);
  }

  *#noteStatements(notes: CacheBatch['notes']): Generator<() => void> {
    const put = this.#writer.prepare(
      `INSERT INTO note (space, key, sealed, used_ms, value) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (space, key) DO UPDATE SET sealed = excluded.sealed, used_ms = excluded.used_ms, value = excluded.value`,
    );
    const remove = this.#writer.prepare('DELETE FROM note WHERE space = ? AND key = ?');
    const trim = this.#writer.prepare(
      `DELETE FROM note WHERE space = ?1 AND key IN
         (SELECT key FROM note WHERE space = ?1 ORDER BY used_ms DESC LIMIT -1 OFFSET ?2)`,
    );
    const { notesMax = notesMaxDefault, sealer } = this.#options;
    for (const [space, entries] of notes) {
      for (const [key, note] of entries) {
        yield () => {
          if (!note) remove.run(space, key);
          else {
            const value = note.secret ? sealer.seal(note.value, `${space}\n${key}`) : note.value;
            put.run(space, key, note.secret ? 1 : 0, Math.round(note.usedMs), value);
          }
        };
      }
      yield () => void trim.run(space, notesMax);
    }
  }

  /** Makes room within the transaction: whole coverages, those of the node itself last. */
  #evict(): string[] {
    const { bytesMax = bytesMaxDefault, coveragesMax = coveragesMaxDefault } = this.#options;
    const sums = this.#writer
      .prepare('SELECT count(*) AS count, coalesce(sum(bytes), 0) AS bytes FROM coverage')
      .get();
    let count = Number(sums?.['count']);
    let bytes = Number(sums?.['bytes']);
    if (count <= coveragesMax && bytes <= bytesMax) return [];
    const evicted: string[] = [];
    const oldest = this.#writer.prepare('SELECT id, key, bytes FROM coverage ORDER BY own, used_ms');
    const clear = this.#writer.prepare('DELETE FROM object WHERE coverage = ?');
    const drop = this.#writer.prepare('DELETE FROM coverage WHERE id = ?');
    for (const row of oldest.all()) {
      if (count <= coveragesMax && bytes <= bytesMax) break;
      clear.run(row['id'] as number);
      drop.run(row['id'] as number);
      evicted.push(String(row['key']));
      count--;
      bytes -= Number(row['bytes']);
    }
    return evicted;
  }
}

function connect(path: string): { writer: DatabaseSync; reader: DatabaseSync } {
  // Made before SQLite makes it, which would let everybody read it.
  closeSync(openSync(path, 'a', 0o600));
  const writer = new DatabaseSync(path, { timeout: 5_000 });
  try {
    writer.exec('PRAGMA journal_mode = WAL');
    writer.exec('PRAGMA synchronous = NORMAL');
    writer.exec('PRAGMA cache_size = -1024');
    const version = Number(writer.prepare('PRAGMA user_version').get()?.['user_version']);
    if (version === 0) inTransaction(writer, () => createSchema(writer));
    else if (version !== schemaVersion) throw new Error(`the file has layout ${version}`);
    writer.prepare('SELECT count(*) FROM coverage').get();
    const reader = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
    reader.exec('PRAGMA cache_size = -1024');
    return { writer, reader };
  } catch (error) {
    writer.close();
    throw error;
  }
}

function inTransaction(db: DatabaseSync, work: () => void): void {
  db.exec('BEGIN IMMEDIATE');
  work();
  db.exec('COMMIT');
}

function removeFile(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
}
