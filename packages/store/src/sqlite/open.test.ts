import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { FakeClock, eventually, recordingLogger } from '@skerry/base/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openSqliteStore } from '#sqlite/sqlite-store.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'skerry-store-'));
  path = join(folder, 'data', 'store.db');
});
afterEach(() => rmSync(folder, { recursive: true }));

const clock = new FakeClock();
const open = (at = path) => openSqliteStore({ path: at, clock });
const bytes = (text: string) => new TextEncoder().encode(text);

test('a store makes its folder, and files that only their owner reads', async () => {
  const store = await open();
  await store.create('/a', bytes('1'));
  for (const file of [path, `${path}-wal`, `${path}-shm`]) expect(statSync(file).mode & 0o077, file).toBe(0);
  expect(statSync(join(folder, 'data')).mode & 0o077).toBe(0);
  await store.close();
});

test('what was written is there when the file is opened again, history and compaction included', async () => {
  const first = await open();
  await first.create('/a', bytes('1'));
  await first.update('/a', bytes('2'), { expectedRevision: 2 });
  await first.update('/a', bytes('3'), { expectedRevision: 3 });
  await first.delete('/a', { expectedRevision: 4 });
  await first.compact(3);
  await first.close();
  const second = await open();
  expect(second.revision).toBe(5);
  expect(second.compactedRevision).toBe(3);
  expect(await second.get('/a')).toBeUndefined();
  expect(await second.get('/a', { revision: 4 })).toMatchObject({ createRevision: 2, modRevision: 4 });
  await second.compact(5);
  await second.close();
  const third = await open();
  // The newest revision was a deletion, and is still counted.
  expect((await third.create('/a', bytes('4'))).revision).toBe(6);
  await third.close();
});

test('a time to live runs on while the file is closed', async () => {
  const first = await open();
  await first.create('/event', bytes('x'), { ttlSeconds: 60 });
  await first.close();
  await clock.advance(100_000);
  const second = await open();
  await eventually(async () => expect(await second.get('/event')).toBeUndefined());
  await second.close();
});

test('compaction gives back the room of what it forgets', async () => {
  const store = await open();
  let { revision } = await store.create('/a', bytes('0'));
  for (let i = 0; i < 1500; i++) {
    const batch = await Promise.all([
      store.update('/a', bytes(String(i)), { expectedRevision: revision }),
      ...(i % 10 === 0 ? [store.create(`/other/${i}`, bytes('x'))] : []),
    ]);
    revision = batch[0].revision;
  }
  await store.compact(store.revision);
  const reader = new DatabaseSync(path, { readOnly: true });
  const count = (table: string) => Number(reader.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n);
  await eventually(() => expect([count('log'), count('value')]).toEqual([151, 151]));
  reader.close();
  expect((await store.range('')).count).toBe(151);
  await store.close();
}, 60_000);

describe('opening', () => {
  test('a file that this process has open names the process', async () => {
    const store = await open();
    await expect(open()).rejects.toMatchObject({
      code: 'store-locked',
      message: expect.stringContaining(`process ${process.pid} has it open`) as string,
    });
    // And the attempt has not loosened the lock.
    await expect(open()).rejects.toMatchObject({ code: 'store-locked' });
    await store.close();
    await (await open()).close();
  });

  test('a file that another process has open names that process, until it dies', async () => {
    const script = fileURLToPath(new URL('../testing/acknowledging-writer.ts', import.meta.url));
    const notes = join(folder, 'notes');
    const child = spawn(process.execPath, [script, path, notes, 'run', '1'], { stdio: 'inherit' });
    const exited = once(child, 'exit');
    try {
      await eventually(() => expect(readFileSync(notes, 'utf8')).not.toBe(''));
      await expect(open()).rejects.toMatchObject({
        code: 'store-locked',
        message: expect.stringContaining(`process ${child.pid} has it open`) as string,
      });
    } finally {
      child.kill('SIGKILL');
      await exited;
    }
    await (await open()).close();
  });

  test.for([
    ['text', (file: string) => writeFileSync(file, 'not a database at all'.repeat(1000)), 'store-damaged'],
    [
      'the database of something else',
      (file: string) => {
        const db = new DatabaseSync(file);
        db.exec('CREATE TABLE songs (title TEXT)');
        db.close();
      },
      'store-damaged',
    ],
    [
      'a store of a newer version',
      (file: string) => {
        const db = new DatabaseSync(file);
        db.exec('CREATE TABLE log (x); PRAGMA application_id = 1936418162; PRAGMA user_version = 99');
        db.close();
      },
      'store-damaged',
    ],
  ] as const)('%s is refused, and the file left as it was', async ([, make, code]) => {
    const file = join(folder, 'file.db');
    make(file);
    const size = statSync(file).size;
    await expect(open(file)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(file) as string,
    });
    expect(statSync(file).size).toBe(size);
    // The refusal keeps no lock.
    await expect(open(file)).rejects.toMatchObject({ code });
  });

  test('a file where no folder can be says so', async () => {
    writeFileSync(join(folder, 'plain'), '');
    await expect(open(join(folder, 'plain', 'store.db'))).rejects.toMatchObject({
      code: 'store-unwritable',
      message: expect.stringContaining('check owner, mode and mount') as string,
    });
  });

  test('with a writer that cannot start fails, and keeps no lock', async () => {
    const writerUrl = new URL('file:///nowhere/writer.js');
    const log = recordingLogger();
    await expect(openSqliteStore({ path, clock, log, writerUrl })).rejects.toMatchObject({
      code: 'store-closed',
    });
    await (await open()).close();
  });
});

test('when the writer dies, what waits and what comes fails, watches end, and opening again goes on', async () => {
  await (await open()).close();
  const log = recordingLogger();
  const writerUrl = new URL('../testing/broken-writer.ts', import.meta.url);
  const store = await openSqliteStore({ path, clock, log, writerUrl });
  const watch = store.watch({ prefix: '/', afterRevision: 1, signal: new AbortController().signal });
  const watching = watch[Symbol.asyncIterator]()
    .next()
    .catch((error: unknown) => error);
  const dead = { name: 'StoreUnavailableError', code: 'store-closed' };
  await expect(store.create('/a', bytes('1'))).rejects.toMatchObject(dead);
  await expect(store.create('/b', bytes('1'))).rejects.toMatchObject(dead);
  await expect(store.get('/a')).rejects.toMatchObject(dead);
  expect(await watching).toMatchObject(dead);
  expect(log.lines).toMatchObject([{ level: 'error', message: 'store writer died' }]);
  await store.close();
  const again = await open();
  expect((await again.create('/a', bytes('1'))).revision).toBe(2);
  await again.close();
});

test('reads go on while writes wait for the disk, and more writes than can wait are refused', async () => {
  const first = await open();
  await first.create('/a', bytes('1'));
  await first.close();
  const writerUrl = new URL('../testing/broken-writer.ts?stalled', import.meta.url);
  const store = await openSqliteStore({ path, clock, writerUrl });
  const waiting = Array.from({ length: 20_000 }, (_, i) => store.create(`/${i}`, bytes('x')));
  const settled = Promise.allSettled(waiting);
  await expect(store.create('/one-more', bytes('x'))).rejects.toMatchObject({ code: 'store-overloaded' });
  expect(await store.get('/a')).toMatchObject({ modRevision: 2 });
  expect((await store.range('')).count).toBe(1);
  await store.close();
  // What was never answered is refused in the end, not left hanging.
  expect((await settled).every(({ status }) => status === 'rejected')).toBe(true);
});
