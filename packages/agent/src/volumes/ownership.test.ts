import { chmod, mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { giveToGroup } from '#volumes/ownership.ts';

const group = 4321;

describe.skipIf(process.getuid?.() !== 0)('ownership of volumes', () => {
  let root: string;
  let outside: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'owned-'));
    outside = await mkdtemp(join(tmpdir(), 'outside-'));
    await mkdir(join(root, 'deep'));
    await writeFile(join(root, 'deep', 'file'), '', { mode: 0o600 });
    await writeFile(join(outside, 'file'), '', { mode: 0o600 });
    await symlink(join(outside, 'file'), join(root, 'link'));
  });
  afterEach(async () => {
    await rm(root, { recursive: true });
    await rm(outside, { recursive: true });
  });
  const look = async (path: string) => {
    const { gid, mode } = await stat(path);
    return { gid, mode: (mode & 0o7777).toString(8) };
  };

  test('the group may write everything, what is made later is its own too, and links lead nowhere', async () => {
    await giveToGroup(root, { group });
    expect(await look(join(root, 'deep', 'file'))).toEqual({ gid: group, mode: '660' });
    expect(await look(join(root, 'deep'))).toEqual({ gid: group, mode: '2775' });
    expect((await look(root)).gid).toBe(group);
    expect((await look(join(outside, 'file'))).gid).toBe(0);
  });

  test('a root that is the group’s already is enough where the pod says so', async () => {
    await giveToGroup(root, { group });
    await chmod(join(root, 'deep', 'file'), 0o600);
    await giveToGroup(root, { group, onRootMismatch: true });
    expect((await look(join(root, 'deep', 'file'))).mode).toBe('600');
    await giveToGroup(root, { group });
    expect((await look(join(root, 'deep', 'file'))).mode).toBe('660');
  });
});
