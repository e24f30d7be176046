import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { pruneBackups } from './prune-backups.ts';

const nowMs = Date.parse('2026-06-30T00:00:00Z');
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'skerry-prune-'));
  for (const ageDays of [0, 1, 5, 40, 400]) {
    const file = join(folder, `${ageDays}.skerry-backup`);
    writeFileSync(file, '');
    utimesSync(file, nowMs / 1000 - ageDays * 86_400, nowMs / 1000 - ageDays * 86_400);
  }
  writeFileSync(join(folder, 'notes.txt'), '');
});
afterEach(() => rmSync(folder, { recursive: true }));

test.each([
  ['all, unless told', { keep: 0, maxAgeDays: 0 }, [0, 1, 5, 40, 400]],
  ['so many of the newest', { keep: 2, maxAgeDays: 0 }, [0, 1]],
  ['those that are not too old', { keep: 0, maxAgeDays: 30 }, [0, 1, 5]],
  ['what both bounds leave', { keep: 4, maxAgeDays: 2 }, [0, 1]],
])('%s are kept', async (_, bounds, kept) => {
  await pruneBackups(folder, { ...bounds, nowMs });
  expect(readdirSync(folder).toSorted()).toEqual(
    [...kept.map((age) => `${age}.skerry-backup`), 'notes.txt'].toSorted(),
  );
});

test('the newest is kept however old it is', async () => {
  await pruneBackups(folder, { keep: 1, maxAgeDays: 1, nowMs: nowMs + 1000 * 86_400_000 });
  expect(readdirSync(folder)).toContain('0.skerry-backup');
});
