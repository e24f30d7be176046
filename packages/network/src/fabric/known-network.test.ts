import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PoolNetworkStatus } from '@skerry/api';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KnownNetwork } from '#fabric/known-network.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-network-'));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

const status = (memberCount: number): PoolNetworkStatus => ({
  provider: 'skerry',
  routing: 'auto',
  clusterCIDRs: ['10.12.0.0/16'],
  members: [],
  memberCount,
});

test('what is told in quick succession is kept, the last of it for good', async () => {
  const known = new KnownNetwork(directory);
  await Promise.all([1, 2, 3, 4].map((count) => known.learn(status(count))));
  const later = new KnownNetwork(directory);
  await later.read();
  expect(later.status).toEqual(status(4));
  expect(await readdir(directory)).toEqual(['pool-network.json']);
});
