import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { addValueKey, loadOrCreateValueKeys } from '#value-keys.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'skerry-keys-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('the first key is made once, and is for its owner alone', async () => {
  const [key] = await loadOrCreateValueKeys(folder);
  expect(key.secret).toHaveLength(32);
  expect(await loadOrCreateValueKeys(folder)).toEqual([key]);
  expect((await stat(join(folder, 'secrets.keys'))).mode & 0o777).toBe(0o600);
});

test('an added key comes first, and the older ones stay', async () => {
  const [before] = await loadOrCreateValueKeys(folder);
  const id = await addValueKey(folder);
  const keys = await loadOrCreateValueKeys(folder);
  expect(keys.map((key) => key.id)).toEqual([id, before.id]);
  expect(keys[1]).toEqual(before);
});

test.each([
  ['an empty file', ''],
  ['half a line', 'abc AAAA'],
])('%s is told, and never replaced by a new key', async (_what, text) => {
  await writeFile(join(folder, 'secrets.keys'), text);
  await expect(loadOrCreateValueKeys(folder)).rejects.toMatchObject({ code: 'value-keys-invalid' });
  await expect(addValueKey(folder)).rejects.toMatchObject({ code: 'value-keys-invalid' });
});
