import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { mountSubPath } from '#volumes/sub-path.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-sub-path-'));
  await mkdir(join(directory, 'volume'));
  await mkdir(join(directory, 'outside'));
  await symlink(join(directory, 'outside'), join(directory, 'volume', 'link'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test.each(['../outside', '/etc', 'a/../../outside', 'link', 'link/new', 'link/new/deeper'])(
  'the part %j is refused, and nothing is made outside the volume',
  async (subPath) => {
    await expect(mountSubPath(join(directory, 'volume'), subPath, join(directory, 'target'))).rejects.toThrow(
      /leads out of its volume|must be relative/,
    );
    expect(await readdir(join(directory, 'outside'))).toEqual([]);
  },
);
