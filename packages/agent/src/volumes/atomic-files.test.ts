import { lstat, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeFiles, type FileSet } from '#volumes/atomic-files.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-files-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const files = (contents: Record<string, string>, mode = 0o644): FileSet =>
  new Map(Object.entries(contents).map(([path, text]) => [path, { content: Buffer.from(text), mode }]));
const read = (path: string) => readFile(join(directory, path), 'utf8');

test('files appear through one link, also in folders', async () => {
  expect(await writeFiles(directory, files({ a: '1', 'd/b': '2' }))).toBe(true);
  expect([await read('a'), await read('d/b')]).toEqual(['1', '2']);
  expect(await readlink(join(directory, 'a'))).toBe('..data/a');
  expect((await lstat(join(directory, '..data'))).isSymbolicLink()).toBe(true);
});

test('a change swaps the whole set and takes away what is gone', async () => {
  await writeFiles(directory, files({ a: '1', b: '2' }));
  const before = await readlink(join(directory, '..data'));
  expect(await writeFiles(directory, files({ a: '1', c: '3' }))).toBe(true);
  expect(await readlink(join(directory, '..data'))).not.toBe(before);
  expect((await readdir(directory)).filter((name) => !name.startsWith('..'))).toEqual(['a', 'c']);
  expect((await readdir(directory)).filter((name) => name.startsWith('..files-'))).toHaveLength(1);
});

test('nothing is written when nothing differs, but a mode is a difference', async () => {
  await writeFiles(directory, files({ a: '1' }));
  expect(await writeFiles(directory, files({ a: '1' }))).toBe(false);
  expect(await writeFiles(directory, files({ a: '1' }, 0o600))).toBe(true);
  expect(await writeFiles(directory, files({}))).toBe(true);
});

test('a data link that leads elsewhere is replaced, and what it leads to is left alone', async () => {
  const elsewhere = await mkdtemp(join(tmpdir(), 'skerry-elsewhere-'));
  try {
    await writeFile(join(elsewhere, 'kept'), 'kept');
    await writeFiles(directory, files({ a: '1' }));
    for (const target of [elsewhere, relative(directory, elsewhere), '..files-planted']) {
      await rm(join(directory, '..data'));
      await rm(join(directory, '..files-planted'), { force: true });
      await symlink(elsewhere, join(directory, '..files-planted'));
      await symlink(target, join(directory, '..data'));
      expect(await writeFiles(directory, files({ a: '2' }))).toBe(true);
      expect(await read('a')).toBe('2');
      expect(await readdir(elsewhere)).toEqual(['kept']);
    }
  } finally {
    await rm(elsewhere, { recursive: true, force: true });
  }
});

test.each(['../x', '/x', 'a/../../x', '..data', '', 'a//b'])('the path %j is refused', async (path) => {
  await expect(writeFiles(directory, files({ [path]: 'x' }))).rejects.toThrow('must stay below the volume');
  expect(await readdir(directory)).toEqual([]);
});
