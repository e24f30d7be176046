import type { Node, Taint } from '@skerry/api';
import { resources } from '@skerry/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createNodePoolController } from '#edge/node-pool/node-pool.ts';
import type { NodePool } from '#edge/node-pool/definition.ts';
import { createHarness } from '#testing/harness.ts';
import type { Harness } from '#testing/harness.ts';

let cluster: Harness;
beforeEach(async () => {
  cluster = createHarness();
  await cluster.start(createNodePoolController(cluster.context));
});
afterEach(async () => {
  await cluster.stop();
  expect(cluster.errors()).toEqual([]);
});

const pause = () => cluster.clock.advance(100);
const addPool = (spec: NodePool['spec']) =>
  cluster.client.seed<NodePool>(resources.nodePools, { metadata: { name: 'shop' }, spec });
const editPool = (spec: NodePool['spec']) =>
  cluster.client.edit<NodePool>(resources.nodePools, { name: 'shop' }, (pool) => void (pool.spec = spec));
const addNode = (name: string, { ready = true, labels = {}, taints = [] as Taint[] } = {}) =>
  cluster.client.seed<Node>(resources.nodes, {
    metadata: { name, labels: { 'apps.openyurt.io/nodepool': 'shop', ...labels } },
    spec: { taints },
    status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  });
const node = () => cluster.client.all<Node>(resources.nodes)[0];

test("a pool's labels, annotations and taints reach nodes that are there and nodes that come", async () => {
  addPool({
    labels: { region: 'tokyo' },
    annotations: { note: 'a' },
    taints: [{ key: 'edge', value: 'yes', effect: 'NoSchedule' }],
  });
  addNode('n1');
  await pause();
  addNode('n2');
  await pause();
  for (const { metadata, spec } of cluster.client.all<Node>(resources.nodes)) {
    expect(metadata.labels).toMatchObject({ region: 'tokyo', 'apps.openyurt.io/nodepool': 'shop' });
    expect(metadata.annotations).toMatchObject({ note: 'a' });
    expect(spec?.taints).toEqual([{ key: 'edge', value: 'yes', effect: 'NoSchedule' }]);
  }
});

test('nodes of a pool with the network of their host say so, for as long as it has', async () => {
  const label = 'nodepool.openyurt.io/hostnetwork';
  addPool({ hostNetwork: true });
  addNode('n1');
  await pause();
  expect(node()?.metadata.labels?.[label]).toBe('true');
  editPool({ hostNetwork: false });
  await pause();
  expect(node()?.metadata.labels).not.toHaveProperty([label]);
});

test('what a pool no longer has is taken back, and what others set is left alone', async () => {
  const own: Taint = { key: 'mine', effect: 'NoExecute' };
  addPool({
    labels: { region: 'tokyo', tier: 'low' },
    taints: [{ key: 'edge', effect: 'NoSchedule' }],
  });
  addNode('n1', { labels: { own: 'yes' }, taints: [own] });
  await pause();
  cluster.client.edit<Node>(resources.nodes, { name: 'n1' }, ({ metadata }) => {
    metadata.labels = { ...metadata.labels, own: 'still' };
  });
  editPool({ labels: { region: 'osaka' } });
  await pause();
  expect(node()?.metadata.labels).toEqual({
    'apps.openyurt.io/nodepool': 'shop',
    own: 'still',
    region: 'osaka',
  });
  expect(node()?.spec?.taints).toEqual([own]);
});

test('a node that leaves its pool gives everything back', async () => {
  addPool({ labels: { region: 'tokyo' }, annotations: { note: 'a' } });
  addNode('n1');
  await pause();
  cluster.client.edit<Node>(resources.nodes, { name: 'n1' }, ({ metadata }) => {
    delete metadata.labels?.['apps.openyurt.io/nodepool'];
  });
  await pause();
  expect(node()?.metadata.labels).toEqual({});
  expect(node()?.metadata.annotations).toEqual({});
});

const duration = 'node.openyurt.io/autonomy-duration';
const durationOfNode = () => node()?.metadata.annotations?.[duration];

test('nodes of an edge pool keep their pods for a day, unless pool or node say otherwise', async () => {
  addPool({});
  addNode('n1');
  await pause();
  expect(durationOfNode()).toBe('24h');
  editPool({ annotations: { [duration]: '2h' } });
  await pause();
  expect(durationOfNode()).toBe('2h');
  editPool({});
  await pause();
  cluster.client.edit<Node>(resources.nodes, { name: 'n1' }, ({ metadata }) => {
    metadata.annotations = { ...metadata.annotations, [duration]: 'none' };
  });
  await pause();
  expect(durationOfNode()).toBe('none');
});

test('nodes of a cloud pool are evicted as on any cluster', async () => {
  addPool({ type: 'Cloud' });
  addNode('n1');
  await pause();
  expect(durationOfNode()).toBeUndefined();
});

test('the status counts ready and other nodes and names them', async () => {
  addPool({ type: 'Cloud' });
  addNode('b');
  addNode('a', { ready: false });
  await pause();
  const [pool] = cluster.client.all<NodePool>(resources.nodePools);
  expect(pool?.status).toEqual({ readyNodeNum: 1, unreadyNodeNum: 1, nodes: ['a', 'b'] });
  expect(pool?.metadata?.labels).toEqual({ 'nodepool.openyurt.io/type': 'cloud' });
});
