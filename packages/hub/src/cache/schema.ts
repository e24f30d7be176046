import type { DatabaseSync } from 'node:sqlite';

/** Files of another layout are not read: what they held is read from the center again. */
export const schemaVersion = 1;

export function createSchema(db: DatabaseSync): void {
  db.exec(`
    CREATE TABLE coverage (
      id INTEGER PRIMARY KEY,
      key TEXT NOT NULL UNIQUE,
      kind TEXT NOT NULL,
      revision INTEGER NOT NULL,
      own INTEGER NOT NULL,
      as_of_ms INTEGER NOT NULL,
      used_ms INTEGER NOT NULL,
      bytes INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE object (
      coverage INTEGER NOT NULL,
      key TEXT NOT NULL,
      revision INTEGER NOT NULL,
      sealed INTEGER NOT NULL,
      value BLOB NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX object_place ON object (coverage, key);
    CREATE TABLE note (
      space TEXT NOT NULL,
      key TEXT NOT NULL,
      sealed INTEGER NOT NULL,
      used_ms INTEGER NOT NULL,
      value BLOB NOT NULL,
      PRIMARY KEY (space, key)
    ) STRICT;
    PRAGMA user_version = ${schemaVersion};
  `);
}
