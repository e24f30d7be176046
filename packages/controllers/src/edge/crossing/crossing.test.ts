import type { Crossing, CrossingStatus, Node, PoolNetwork } from '@skerry/api';
import { resources } from '@skerry/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createCrossingController } from '#edge/crossing/crossing.ts';
import { createPoolNetworkController } from '#edge/pool-network/pool-network.ts';
import { createHarness } from '#testing/harness.ts';
import type { Harness } from '#testing/harness.ts';

let cluster: Harness;
beforeEach(async () => {
  cluster = createHarness();
  await cluster.start(
    createCrossingController(cluster.context),
    createPoolNetworkController(cluster.context, { clusterCidr: '10.12.0.0/16' }),
  );
});
afterEach(async () => {
  await cluster.stop();
  expect(cluster.errors()).toEqual([]);
});

const key = (letter: string) => `${letter.repeat(43)}=`;
let ranges = 0;
const addNode = (
  name: string,
  { pool = name.slice(0, 1), ready = true, published = true, labels = {} } = {},
) =>
  cluster.client.seed<Node>(resources.nodes, {
    metadata: {
      name,
      labels: { 'apps.openyurt.io/nodepool': pool, ...labels },
      annotations: published ? { 'network.skerry.io/gateway-key': key(pool) } : {},
    },
    spec: { podCIDR: `10.12.${ranges++}.0/24` },
    status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  });
const setReady = (name: string, status: 'True' | 'False') =>
  cluster.client.edit<Node>(resources.nodes, { name }, (node) => {
    node.status = { conditions: [{ type: 'Ready', status }] };
  });
const cross = async (spec: Partial<Crossing['spec']> = {}) => {
  cluster.client.seed<Crossing>(resources.crossings, {
    metadata: { name: 'a-b' },
    spec: { pools: ['a', 'b'], gatewaysPerPool: 2, ...spec },
  });
  await pause();
};
const pause = () => cluster.clock.advance(200);
const status = (): CrossingStatus | undefined => cluster.client.all<Crossing>(resources.crossings)[0]?.status;
const gateways = (pool: string) => status()?.gateways?.find((each) => each.pool === pool)?.nodes;
const networkOf = (pool: string) =>
  cluster.client.all<PoolNetwork>(resources.poolNetworks).find(({ metadata }) => metadata.name === pool)
    ?.status;

test('machines that are Ready and have a key are elected, no more than asked for', async () => {
  addNode('a1', { ready: false });
  addNode('a2', { published: false });
  for (const name of ['a3', 'a4', 'a5', 'b1']) addNode(name);
  await cross();
  expect(gateways('a')).toEqual(['a3', 'a4']);
  expect(gateways('b')).toEqual(['b1']);
  expect(status()?.conditions).toMatchObject([{ type: 'Ready', status: 'True', reason: 'GatewaysElected' }]);
});

test('a gateway that fails is replaced, and one that comes back displaces nobody', async () => {
  for (const name of ['a1', 'a2', 'a3', 'b1']) addNode(name);
  await cross();
  setReady('a1', 'False');
  await pause();
  expect(gateways('a')).toEqual(['a2', 'a3']);
  setReady('a1', 'True');
  await pause();
  expect(gateways('a')).toEqual(['a2', 'a3']);
});

test('a pool without one is named in the condition', async () => {
  addNode('a1');
  await cross({ gatewaySelector: { matchLabels: { role: 'gateway' } } });
  expect(status()?.conditions).toMatchObject([
    {
      type: 'Ready',
      status: 'False',
      reason: 'NoGateway',
      message: expect.stringContaining('pool a and pool b') as string,
    },
  ]);
});

test('of a gateway is told whether its kernel has WireGuard', async () => {
  addNode('a1');
  const gateway = addNode('b1');
  await cross();
  expect(networkOf('a')?.crossings?.[0]?.peerGateways).toEqual([{ node: 'b1', publicKey: key('b') }]);
  cluster.client.edit<Node>(resources.nodes, { name: 'b1' }, ({ metadata }) => {
    metadata.annotations = { ...gateway.metadata.annotations, 'network.skerry.io/wireguard': 'true' };
  });
  await pause();
  expect(networkOf('a')?.crossings?.[0]?.peerGateways).toMatchObject([{ node: 'b1', wireGuard: true }]);
});

test('of a gateway is told where it is reached without the center, and of what is no address nothing but an event', async () => {
  addNode('a1');
  addNode('b1');
  await cross();
  const say = async (endpoint: string) => {
    cluster.client.edit<Node>(resources.nodes, { name: 'b1' }, ({ metadata }) => {
      metadata.annotations = { ...metadata.annotations, 'network.skerry.io/gateway-endpoint': endpoint };
    });
    await pause();
  };
  await say('203.0.113.7:8476');
  expect(networkOf('a')?.crossings?.[0]?.peerGateways).toMatchObject([
    { node: 'b1', endpoint: '203.0.113.7:8476' },
  ]);
  expect(networkOf('b')?.members).toMatchObject([{ node: 'b1', gatewayEndpoint: '203.0.113.7:8476' }]);
  await say('gateway.example.com');
  expect(networkOf('a')?.crossings?.[0]?.peerGateways).toEqual([{ node: 'b1', publicKey: key('b') }]);
  expect(networkOf('b')?.members[0]).not.toHaveProperty('gatewayEndpoint');
  expect(cluster.events.lines).toEqual([
    'Warning InvalidGatewayEndpoint: network.skerry.io/gateway-endpoint: "gateway.example.com" is no address with a port: write 203.0.113.7:8476 or [2001:db8::7]:8476',
  ]);
});

test("both pools' machines are told of each other's ranges, gateways and keys, and of nothing when the Crossing goes", async () => {
  const first = addNode('a1');
  addNode('b1');
  addNode('c1');
  await cross();
  expect(networkOf('b')?.crossings).toEqual([
    {
      pool: 'a',
      ranges: [first.spec?.podCIDR],
      gateways: ['b1'],
      peerGateways: [{ node: 'a1', publicKey: key('a') }],
    },
  ]);
  expect(networkOf('c')?.crossings).toBeUndefined();
  cluster.client.remove(resources.crossings, { name: 'a-b' });
  await pause();
  expect(networkOf('b')?.crossings).toBeUndefined();
});
