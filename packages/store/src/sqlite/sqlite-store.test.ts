import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { openSqliteStore } from '#sqlite/sqlite-store.ts';
import { describeStore } from '#testing/store-suite.ts';

const folder = mkdtempSync(join(tmpdir(), 'skerry-store-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
describeStore('the SQLite store', (options) =>
  openSqliteStore({ ...options, path: join(folder, `${files++}.db`) }),
);
