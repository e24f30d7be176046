import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { addressesUsedUp } from '#network/pod-addresses.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-addresses-'));
  await mkdir(join(directory, 'skerry'));
  for (const file of ['lock', 'last_reserved_ip.0']) await writeFile(join(directory, 'skerry', file), '');
});

afterEach(() => rm(directory, { recursive: true, force: true }));

test('addresses are used up when as many are given out as pods can have', async () => {
  for (const last of [2, 3, 4, 5]) await writeFile(join(directory, 'skerry', `10.1.0.${last}`), 'pod');
  expect(await addressesUsedUp(directory, '10.1.0.0/29')).toBeUndefined();
  await writeFile(join(directory, 'skerry', '10.1.0.6'), 'pod');
  expect(await addressesUsedUp(directory, '10.1.0.0/29')).toBe(
    'no pod addresses left: all 5 of 10.1.0.0/29 are in use',
  );
});

test.each(['10.1.0.0/24', 'fd00::/64', 'nonsense'])(
  'of %s nothing is said before a pod has one',
  async (range) => {
    expect(await addressesUsedUp(join(directory, 'none'), range)).toBeUndefined();
  },
);
