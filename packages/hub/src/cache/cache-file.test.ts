import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@skerry/base';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CacheFile, type CacheFileOptions, type CoverageChange } from '#cache/cache-file.ts';
import { Sealer } from '#cache/sealer.ts';

const writer = join(import.meta.dirname, '../testing/breaking-writer.ts');

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'skerry-cache-'));
  path = join(folder, 'cache', 'hub.db');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (options: Partial<CacheFileOptions> = {}) =>
  CacheFile.open({ path, sealer: new Sealer(Buffer.alloc(32, 1)), log: silentLogger, ...options });

const change = (text: string, options: Partial<CoverageChange> = {}): CoverageChange => ({
  kind: 'ConfigMap',
  own: false,
  whole: true,
  secret: false,
  revision: 1,
  asOfMs: 1,
  usedMs: 1,
  objects: new Map([['a', { revision: 1, value: Buffer.from(text) }]]),
  ...options,
});
const batch = (coverages: Record<string, CoverageChange | undefined>) => ({
  coverages: new Map(Object.entries(coverages)),
  notes: new Map(),
});
const texts = (file: CacheFile, key: string) =>
  Object.fromEntries(
    file.read(key)?.objects.map((each) => [each.key, Buffer.from(each.value).toString()]) ?? [],
  );

const states: Record<number, Record<string, string>> = {
  0: {},
  1: { a: '1', b: '1', c: '1', d: '1' },
  2: { a: '2', b: '2', c: '2', d: '2' },
  3: { a: '3', e: '3', f: '3' },
};

test('kill -9 at every step of a write leaves the state after some whole batch, no older than what was finished', () => {
  const run = (killAt: number) => {
    const args = [writer, path, String(killAt)];
    return spawnSync(process.execPath, args, { encoding: 'utf8' });
  };
  const steps = Number(/steps (\d+)/.exec(run(-1).stdout)?.[1]);
  expect(steps).toBeGreaterThan(20);
  for (let step = 0; step < steps; step++) {
    rmSync(folder, { recursive: true });
    const { stdout, signal } = run(step);
    expect(signal).toBe('SIGKILL');
    const finished = stdout.split('\n').filter((line) => line !== '').length;
    const file = open();
    try {
      const revision = file.read('c')?.held.revision ?? 0;
      expect(revision, `step ${step}`).toBeGreaterThanOrEqual(finished);
      expect(texts(file, 'c'), `step ${step}`).toEqual(states[revision]);
      expect(Buffer.from(file.note('n', 'k') ?? '0').toString()).toBe(String(revision));
    } finally {
      file.close();
    }
  }
}, 120_000);

test('Secrets lie sealed, and open with their key alone', async () => {
  const file = open();
  const notes = new Map([
    ['vault', new Map([['k', { value: Buffer.from('hidden-note'), usedMs: 1, secret: true }]])],
  ]);
  await file.write({ ...batch({ s: change('hidden-value', { secret: true }) }), notes });
  expect(texts(file, 's')).toEqual({ a: 'hidden-value' });
  file.close();
  for (const suffix of ['', '-wal']) {
    const bytes = readFileSync(`${path}${suffix}`, { flag: 'a+' });
    expect(bytes.includes('hidden')).toBe(false);
  }
  const other = open({ sealer: new Sealer(Buffer.alloc(32, 2)) });
  expect(other.read('s')).toBeUndefined();
  expect(other.note('vault', 'k')).toBeUndefined();
  other.close();
});

test('only their owner reads the files', async () => {
  const file = open();
  await file.write(batch({ c: change('x') }));
  for (const suffix of ['', '-wal', '-shm']) expect(statSync(`${path}${suffix}`).mode & 0o077).toBe(0);
  expect(statSync(join(folder, 'cache')).mode & 0o077).toBe(0);
  file.close();
});

test('what was used longest ago goes when there is no room, the node’s own last', async () => {
  const file = open({ bytesMax: 250 });
  const of = (usedMs: number, own = false) => change('x'.repeat(100), { usedMs, own });
  expect(await file.write(batch({ own: of(0, true), old: of(1) }))).toEqual([]);
  expect(await file.write(batch({ young: of(2) }))).toEqual(['old']);
  expect(await file.write(batch({ younger: of(3) }))).toEqual(['young']);
  expect(
    file
      .coverages()
      .map(({ key }) => key)
      .sort(),
  ).toEqual(['own', 'younger']);
  file.close();
});

test('a file that is none is replaced by a new one', async () => {
  open().close();
  writeFileSync(path, 'not a database, and long enough to look at'.repeat(100));
  const file = open();
  expect(file.coverages()).toEqual([]);
  await file.write(batch({ c: change('x') }));
  expect(texts(file, 'c')).toEqual({ a: 'x' });
  file.close();
});
