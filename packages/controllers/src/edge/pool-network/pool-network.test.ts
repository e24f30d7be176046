import type { Node, PoolNetwork } from '@skerry/api';
import { resources } from '@skerry/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createPoolNetworkController } from '#edge/pool-network/pool-network.ts';
import type { NodePool } from '#edge/node-pool/definition.ts';
import { createHarness } from '#testing/harness.ts';
import type { Harness } from '#testing/harness.ts';

let cluster: Harness;
beforeEach(async () => {
  cluster = createHarness();
  await cluster.start(createPoolNetworkController(cluster.context, { clusterCidr: '10.12.0.0/16' }));
});
afterEach(async () => {
  await cluster.stop();
  expect(cluster.errors()).toEqual([]);
});

const pause = () => cluster.clock.advance(100);
const addPool = (pool: Partial<NodePool> = {}) =>
  cluster.client.seed<NodePool>(resources.nodePools, {
    metadata: { name: 'shop', ...pool.metadata },
    ...pool,
  });
const addNode = (name: string, podCIDR: string, address: string) =>
  cluster.client.seed<Node>(resources.nodes, {
    metadata: { name, labels: { 'apps.openyurt.io/nodepool': 'shop' } },
    spec: { podCIDR },
    status: { addresses: [{ type: 'InternalIP', address }] },
  });
const networks = () => cluster.client.all<PoolNetwork>(resources.poolNetworks);
const status = () => networks()[0]?.status;

test('the machines of a pool are told of each other, and of those that come and go', async () => {
  addPool();
  addNode('b', '10.12.1.0/24', '192.168.0.11');
  await pause();
  addNode('a', '10.12.0.0/24', '192.168.0.10');
  await pause();
  expect(status()).toEqual({
    provider: 'skerry',
    routing: 'auto',
    clusterCIDRs: ['10.12.0.0/16'],
    members: [
      { node: 'a', addresses: ['192.168.0.10'], podCIDRs: ['10.12.0.0/24'] },
      { node: 'b', addresses: ['192.168.0.11'], podCIDRs: ['10.12.1.0/24'] },
    ],
    memberCount: 2,
  });
  cluster.client.remove(resources.nodes, { name: 'b' });
  await pause();
  expect(status()?.members.map(({ node }) => node)).toEqual(['a']);
});

test('what nodes report otherwise changes nothing for their pool', async () => {
  addPool();
  addNode('a', '10.12.0.0/24', '192.168.0.10');
  await pause();
  const before = networks()[0]?.metadata.resourceVersion;
  cluster.client.edit<Node>(resources.nodes, { name: 'a' }, (node) => {
    node.status = { ...node.status, conditions: [{ type: 'Ready', status: 'True' }] };
  });
  await pause();
  expect(networks()[0]?.metadata.resourceVersion).toBe(before);
});

test.each<[Partial<NodePool>, object]>([
  [{ spec: { hostNetwork: true } }, { provider: 'host' }],
  [
    { metadata: { name: 'shop', annotations: { 'network.skerry.io/provider': 'external' } } },
    { provider: 'external' },
  ],
  [
    { metadata: { name: 'shop', annotations: { 'network.skerry.io/routing': 'vxlan' } } },
    { routing: 'vxlan' },
  ],
  [
    { metadata: { name: 'shop', annotations: { 'network.skerry.io/routing': 'pigeon' } } },
    { routing: 'auto' },
  ],
])('a pool with %o has %o', async (pool, expected) => {
  addPool(pool);
  await pause();
  expect(status()).toMatchObject(expected);
});

test('the network of a pool goes with its last machine and its NodePool', async () => {
  addPool();
  await pause();
  expect(networks()).toHaveLength(1);
  cluster.client.remove(resources.nodePools, { name: 'shop' });
  await pause();
  expect(networks()).toEqual([]);
});
