import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '@skerry/base';
import { eventually } from '@skerry/base/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Store } from '#contract.ts';
import { openSqliteStore } from '#sqlite/sqlite-store.ts';

const script = fileURLToPath(new URL('../testing/acknowledging-writer.ts', import.meta.url));
const bytes = (text: string) => new TextEncoder().encode(text);

let folder: string;
let path: string;
let acknowledgements: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'skerry-store-'));
  path = join(folder, 'store.db');
  acknowledgements = join(folder, 'acknowledged');
  writeFileSync(acknowledgements, '');
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = (at = path) => openSqliteStore({ path: at, clock: systemClock });

function acknowledged(): { key: string; revision: number }[] {
  return readFileSync(acknowledgements, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [key = '', revision] = line.split(' ');
      return { key, revision: Number(revision) };
    });
}

test('every acknowledged write outlives kill -9 at any moment, and no revision is lost or used twice', async () => {
  const runs = 25;
  for (let run = 0; run < runs; run++) {
    const enough = acknowledged().length + 1 + Math.floor(Math.random() * 1500);
    const child = spawn(process.execPath, [script, path, acknowledgements, `run${run}`, '32'], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const exited = once(child, 'exit');
    try {
      await eventually(() => expect(acknowledged().length).toBeGreaterThanOrEqual(enough), { everyMs: 3 });
    } finally {
      child.kill('SIGKILL');
      await exited;
    }
    const store = await open();
    try {
      const { entries } = await store.range('', { keysOnly: true });
      const found = new Map(entries.map((entry) => [entry.key, entry.modRevision]));
      const lost = acknowledged().filter(({ key, revision }) => found.get(key) !== revision);
      expect(lost, `run ${run}`).toEqual([]);
      // Only creates: as many keys as revisions, each once.
      expect(new Set(found.values()).size).toBe(entries.length);
      expect(store.revision).toBe(entries.length + 1);
    } finally {
      await store.close();
    }
  }
}, 180_000);

const hasStrace = spawnSync('strace', ['-V']).status === 0;

describe.skipIf(!hasStrace)('seen from the kernel', () => {
  interface Call {
    readonly name: string;
    readonly line: string;
  }

  /** System calls in the order in which they ended, of all threads. */
  function trace(writers: number, writes: number): Call[] {
    const output = join(folder, 'trace');
    const command = [process.execPath, script, path, acknowledgements, 'run', `${writers}`, `${writes}`];
    const calls = 'trace=pwrite64,write,fdatasync,fsync';
    const result = spawnSync('strace', ['-f', '-y', '-e', calls, '-o', output, ...command], {
      encoding: 'utf8',
    });
    expect(result.status, result.stderr).toBe(0);
    const unfinished = new Map<string, string>();
    return readFileSync(output, 'utf8')
      .split('\n')
      .flatMap((line): Call[] => {
        const [, thread = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
        if (rest.endsWith('<unfinished ...>')) {
          unfinished.set(thread, rest);
          return [];
        }
        const whole = rest.startsWith('<...') ? `${unfinished.get(thread)}${rest}` : rest;
        const name = /^(\w+)\(/.exec(whole)?.[1];
        return name ? [{ name, line: whole }] : [];
      });
  }
  const isSync = ({ name, line }: Call) => /^f(data)?sync$/.test(name) && line.includes('.db-wal');
  const isLogWrite = ({ name, line }: Call) => name === 'pwrite64' && line.includes('.db-wal');
  const isAcknowledgement = ({ name, line }: Call) => name === 'write' && line.includes('/acknowledged');

  test('a commit is forced to the disk between its last write and its acknowledgement', () => {
    const calls = trace(1, 30);
    const acknowledgedAt = calls.flatMap((call, index) => (isAcknowledgement(call) ? [index] : []));
    expect(acknowledgedAt).toHaveLength(30);
    let since = 0;
    for (const at of acknowledgedAt) {
      const commit = calls.slice(since, at);
      const written = commit.findLastIndex(isLogWrite);
      const synced = commit.findLastIndex(isSync);
      expect(written).toBeGreaterThanOrEqual(0);
      expect(synced).toBeGreaterThan(written);
      since = at;
    }
  }, 60_000);

  test('writers of one turn share one forced write', () => {
    const calls = trace(200, 2);
    expect(calls.filter(isAcknowledgement)).toHaveLength(400);
    // Two rounds of two hundred writes; the first fills the file's tables too.
    expect(calls.filter(isSync).length).toBeLessThan(20);
  }, 60_000);
});

test('a copy whose log is cut anywhere opens at the last whole commit', async () => {
  const store = await open();
  const sizes: number[] = [];
  for (let i = 0; i < 12; i++) {
    await store.create(`/${i}`, bytes('x'.repeat((i * 1619) % 9000)));
    sizes.push(statSync(`${path}-wal`).size);
  }
  const whole = join(folder, 'whole.db');
  copyFileSync(path, whole);
  copyFileSync(`${path}-wal`, `${whole}-wal`);
  await store.close();

  const end = sizes.at(-1) ?? 0;
  const cuts = [0, 1, 31, 32, 33, end - 1, end, ...sizes.flatMap((size) => [size - 1, size, size + 1])];
  for (let i = 0; i < 20; i++) cuts.push(Math.floor(Math.random() * end));
  for (const [index, cut] of cuts.entries()) {
    const copy = join(folder, `cut${index}.db`);
    copyFileSync(whole, copy);
    copyFileSync(`${whole}-wal`, `${copy}-wal`);
    if (cut < end) truncateSync(`${copy}-wal`, cut);
    const commits = sizes.filter((size) => size <= cut).length;
    const opened = await open(copy);
    try {
      expect(opened.revision, `cut at ${cut}`).toBe(commits + 1);
      expect((await opened.range('')).count).toBe(commits);
      // And it goes on from there.
      expect((await opened.create('/next', bytes('x'))).revision).toBe(commits + 2);
    } finally {
      await opened.close();
    }
  }
}, 120_000);

const mayMount = process.getuid?.() === 0 && spawnSync('mount', ['--version']).status === 0;

describe.skipIf(!mayMount)('on a full disk', () => {
  let disk: string;
  let mounted = false;
  let store: Store;
  beforeEach(() => {
    disk = mkdtempSync(join(folder, 'disk-'));
    mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk]).status === 0;
  });
  afterEach(async () => {
    if (mounted) await store.close();
    if (mounted) spawnSync('umount', [disk]);
  });

  test('writes fail with store-full and leave nothing behind, and work again when there is room', async (context) => {
    if (!mounted) context.skip();
    const filler = join(disk, 'filler');
    writeFileSync(filler, Buffer.alloc(1_500_000));
    path = join(disk, 'store.db');
    store = await open();
    const written = new Map<string, number>();
    let failure: unknown;
    for (let round = 0; round < 500 && !failure; round++) {
      const keys = Array.from({ length: 8 }, (_, i) => `/${round}/${i}`);
      const results = await Promise.allSettled(keys.map((key) => store.create(key, Buffer.alloc(2000, 1))));
      for (const [i, result] of results.entries()) {
        if (result.status === 'fulfilled') written.set(keys[i] ?? '', result.value.revision);
        else failure = result.reason;
      }
    }
    expect(failure).toMatchObject({ name: 'StoreUnavailableError', code: 'store-full' });
    expect(String(failure)).toContain(path);
    const state = async () => {
      const entries = (await store.range('', { keysOnly: true })).entries;
      return new Map(entries.map((entry) => [entry.key, entry.modRevision]));
    };
    expect(await state()).toEqual(written);
    await expect(store.create('/still', Buffer.alloc(100_000))).rejects.toMatchObject({ code: 'store-full' });
    rmSync(filler);
    const { revision } = await store.create('/again', Buffer.alloc(100_000));
    expect(revision).toBe(written.size + 2);
    written.set('/again', revision);
    await store.close();
    store = await open();
    expect(await state()).toEqual(written);
  }, 60_000);
});
