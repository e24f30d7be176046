import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, recordingLogger } from '@skerry/base/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLocalVolumes } from '#volumes/local-volumes.ts';

const name = 'pvc-11111111-2222-3333-4444-555555555555';
let dataDirectory: string;
beforeEach(async () => void (dataDirectory = await mkdtemp(join(tmpdir(), 'local-volumes-'))));
afterEach(() => rm(dataDirectory, { recursive: true, force: true }));
const open = () => createLocalVolumes({ dataDirectory, log: recordingLogger() });

test('a folder is made once, for every user, and keeps what is in it', async () => {
  const volumes = open();
  const { path } = await volumes.ensure(name, { sizeBytes: 1 });
  await writeFile(join(path, 'kept'), 'data');
  await volumes.ensure(name, { sizeBytes: 2 });
  expect(await readdir(path)).toEqual(['kept']);
  expect((await stat(path)).mode & 0o777).toBe(0o777);
});

test('a removed folder is gone at once, and removing it again is fine', async () => {
  const volumes = open();
  const { path } = await volumes.ensure(name, { sizeBytes: 1 });
  await writeFile(join(path, 'kept'), 'data');
  await volumes.remove(name);
  await volumes.remove(name);
  await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
  await eventually(async () => expect(await readdir(join(dataDirectory, 'volumes'))).toEqual([]));
});

test('what an earlier run left half removed goes at the next start', async () => {
  await mkdir(join(dataDirectory, 'volumes', `.leaving-${name}`, 'deep'), { recursive: true });
  open();
  await eventually(async () => expect(await readdir(join(dataDirectory, 'volumes'))).toEqual([]));
});

test('a folder bigger than the disk is refused, and so is a name that is none', async () => {
  const volumes = open();
  await expect(volumes.ensure(name, { sizeBytes: 1e18 })).rejects.toMatchObject({ status: 507 });
  for (const wrong of ['..', '../etc', 'pvc-1', `${name}/..`, ''])
    await expect(volumes.remove(wrong)).rejects.toMatchObject({ status: 400 });
});

test('simulated containers need no folder', async () => {
  const volumes = createLocalVolumes({ dataDirectory, hostAccess: false, log: recordingLogger() });
  const { path } = await volumes.ensure(name, { sizeBytes: 1e18 });
  await volumes.remove(name);
  await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
});
