import type { DatabaseSync } from 'node:sqlite';
import { StoreUnavailableError } from '#contract.ts';

/**
 * The file. `log` has one small row per revision and `value` the bytes of each put, both appended to in order of revision, so
 * that a commit touches the end of two trees and one leaf of `current`, and so that walking the history reads no values.
 * `current` is the state now. A row of `log` names the revision it replaced (`prev_rev`, 0: none), which is what
 * compaction and reads of the past follow; keys need no index in the history.
 */
const applicationId = 0x736b6572; // "sker"
const schemaVersion = 1;

const definition = `
  CREATE TABLE log (
    rev INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    create_rev INTEGER NOT NULL,
    prev_rev INTEGER NOT NULL,
    deleted INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE value (rev INTEGER PRIMARY KEY, value BLOB NOT NULL) STRICT;
  CREATE TABLE current (
    key TEXT PRIMARY KEY,
    rev INTEGER NOT NULL,
    create_rev INTEGER NOT NULL,
    expires_ms INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX current_expiry ON current (expires_ms) WHERE expires_ms IS NOT NULL;
  -- One row. Nothing below compacted_rev may be read; rows up to swept_rev that this frees are gone.
  CREATE TABLE history (compacted_rev INTEGER NOT NULL, swept_rev INTEGER NOT NULL) STRICT;
  INSERT INTO history VALUES (1, 1);
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${schemaVersion};
`;

/** Revision of a store that has never been written to. */
export const firstRevision = 1;

/** Makes the tables in a new file, and refuses a file of something else or of a newer version. */
export function prepareFile(db: DatabaseSync, path: string): void {
  const mode = db.prepare('PRAGMA journal_mode = WAL').get();
  if (mode?.journal_mode !== 'wal') {
    throw new StoreUnavailableError(
      'store-unwritable',
      `open ${path}: its file system can't hold a write-ahead log; keep the store on a local disk`,
    );
  }
  const tables = db.prepare('SELECT count(*) AS count FROM sqlite_schema').get()?.count;
  if (tables === 0) {
    db.exec(`BEGIN IMMEDIATE; ${definition} COMMIT`);
    return;
  }
  const id = db.prepare('PRAGMA application_id').get()?.application_id;
  if (id !== applicationId) {
    throw new StoreUnavailableError('store-damaged', `open ${path}: a SQLite database, but not of Skerry`);
  }
  const version = Number(db.prepare('PRAGMA user_version').get()?.user_version);
  if (version > schemaVersion) {
    throw new StoreUnavailableError(
      'store-damaged',
      `open ${path}: written by a newer Skerry (format ${version}, known ${schemaVersion}); use that version`,
    );
  }
}
