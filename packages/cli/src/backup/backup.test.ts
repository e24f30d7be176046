import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { silentLogger, systemClock } from '@skerry/base';
import { openSqliteStore } from '@skerry/store';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { prepareInstallation } from '#compose/installation.ts';
import { type DataDirectory, dataDirectory } from '#data-directory.ts';
import { makeBackup, restoreBackup } from './backup.ts';

const compaction = { keepMs: 60_000, revisionsMax: 1000 };
const bytes = (text: string) => new TextEncoder().encode(text);

let root: string;
let data: DataDirectory;
let file: string;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'skerry-backup-'));
  data = dataDirectory(join(root, 'center'));
  file = join(root, 'saved.skerry-backup');
  await prepareInstallation(data, { flags: {}, clock: systemClock });
});
afterEach(() => rmSync(root, { recursive: true }));

const openStore = (path: string) =>
  openSqliteStore({ path, clock: systemClock, log: silentLogger, compaction });
const save = () => makeBackup({ data, what: 'cluster', cluster: 'default', file, clock: systemClock });

test('a backup of a store that is being written to is whole, and holds the keys', async () => {
  const store = await openStore(data.database);
  for (let n = 0; n < 50; n++) await store.create(`/registry/before/${n}`, bytes('x'));
  const writing = Promise.all(
    Array.from({ length: 50 }, (_, n) => store.create(`/registry/during/${n}`, bytes('y'))),
  );
  await save();
  await writing;
  await store.close();
  expect(statSync(file).mode & 0o777).toBe(0o600);

  const restored = dataDirectory(join(root, 'again'));
  await restoreBackup(file, restored.path);
  const again = await openStore(restored.database);
  expect((await again.range('/registry/before/')).count).toBe(50);
  await again.close();
  for (const name of ['ca.key', 'ca.crt', 'sa.key', 'secrets.keys']) {
    const at = (folder: DataDirectory) => readFileSync(join(folder.pki, name), 'utf8');
    expect(at(restored), name).toBe(at(data));
    expect(statSync(join(restored.pki, name)).mode & 0o077, name).toBe(0);
  }
});

describe('restoring refuses', () => {
  test('a folder that is not empty, and leaves it as it was', async () => {
    await save();
    writeFileSync(join(root, 'precious'), 'mine');
    await expect(restoreBackup(file, root)).rejects.toMatchObject({ code: 'restore-not-empty' });
    expect(readFileSync(join(root, 'precious'), 'utf8')).toBe('mine');
  });

  test.each([
    ['half a file', (whole: Buffer) => whole.subarray(0, whole.length / 2)],
    ['no archive', () => Buffer.from('hello')],
    [
      'a changed key',
      (whole: Buffer) => {
        const tar = gunzipSync(whole);
        const at = tar.indexOf('PRIVATE KEY-----\n') + 20;
        tar[at] = (tar[at] ?? 0) ^ 1;
        return gzipSync(tar);
      },
    ],
    [
      'a path that leads out of the folder',
      (whole: Buffer) => {
        const tar = gunzipSync(whole);
        tar.write('../../escaped\0', 0);
        tar.write('        ', 148);
        const sum = tar.subarray(0, 512).reduce((total, byte) => total + byte, 0);
        tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
        return gzipSync(tar);
      },
    ],
  ])('%s, and leaves nothing', async (_, damage) => {
    await save();
    writeFileSync(file, damage(readFileSync(file)));
    const folder = join(root, 'again');
    await expect(restoreBackup(file, folder)).rejects.toMatchObject({ code: 'backup-invalid' });
    expect(() => statSync(folder)).toThrow(/ENOENT/);
    expect(() => statSync(join(root, '../escaped'))).toThrow(/ENOENT/);
  });
});

test('what is no file is refused as a backup', async () => {
  for (const none of [root, join(root, 'nowhere')])
    await expect(restoreBackup(none, join(root, 'again'))).rejects.toMatchObject({ code: 'backup-invalid' });
});

test('a backup never replaces a file that is there', async () => {
  writeFileSync(file, 'older');
  await expect(save()).rejects.toMatchObject({ code: 'backup-exists' });
  expect(readFileSync(file, 'utf8')).toBe('older');
});
