import type { EndpointSlice, Node, Service } from '@skerry/api';
import { resources } from '@skerry/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLoadBalancerController } from '#edge/load-balancer/load-balancer.ts';
import { placementsOf } from '#edge/load-balancer/placement.ts';
import type { NodePool } from '#edge/node-pool/definition.ts';
import { createHarness } from '#testing/harness.ts';
import type { Harness } from '#testing/harness.ts';

let cluster: Harness;
beforeEach(async () => {
  cluster = createHarness();
  await cluster.start(createLoadBalancerController(cluster.context));
});
afterEach(async () => {
  await cluster.stop();
  expect(cluster.errors()).toEqual([]);
});

const settle = () => cluster.clock.advance(5_000);
const addPool = (name: string, addresses?: string) =>
  cluster.client.seed<NodePool>(resources.nodePools, {
    metadata: {
      name,
      ...(addresses ? { annotations: { 'network.skerry.io/load-balancer-addresses': addresses } } : {}),
    },
  });
const addNode = (name: string, pool: string, labels: Record<string, string> = {}) =>
  cluster.client.seed<Node>(resources.nodes, {
    metadata: { name, labels: { 'apps.openyurt.io/nodepool': pool, ...labels } },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  });
const setReady = (name: string, status: string) =>
  cluster.client.edit<Node>(resources.nodes, { name }, (node) => {
    node.status = { conditions: [{ type: 'Ready', status }] };
  });
const add = (name: string, spec: Service['spec'] = {}, annotations: Record<string, string> = {}) =>
  cluster.client.seed<Service>(resources.services, {
    metadata: { name, namespace: 'default', annotations },
    spec: { type: 'LoadBalancer', ports: [{ port: 80 }], ...spec },
  });
const addEndpoints = (service: string, pool: string, nodeName: string) =>
  cluster.client.seed<EndpointSlice>(resources.endpointSlices, {
    metadata: {
      name: `${service}-${pool}`,
      namespace: 'default',
      labels: { 'kubernetes.io/service-name': service, 'apps.openyurt.io/nodepool': pool },
    },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.0.0.1'], nodeName, conditions: { ready: true } }],
    ports: [],
  });
const get = (name: string) =>
  cluster.client.all<Service>(resources.services).find(({ metadata }) => metadata.name === name);
const ingress = (name: string) => get(name)?.status?.loadBalancer?.ingress?.map(({ ip }) => ip) ?? [];
const placements = (name: string) => {
  const service = get(name);
  return service ? placementsOf(service) : [];
};

test('a Service gets an address of the pool, a machine that answers for it, and events that say so', async () => {
  addPool('tokyo', '192.168.0.200-192.168.0.201');
  addNode('t1', 'tokyo');
  add('web');
  await settle();
  expect(get('web')?.status?.loadBalancer?.ingress).toEqual([{ ip: '192.168.0.200', ipMode: 'VIP' }]);
  expect(placements('web')).toEqual([{ pool: 'tokyo', address: '192.168.0.200', node: 't1' }]);
  expect(cluster.events.lines).toEqual([
    'Normal IPAllocated: Assigned IP ["192.168.0.200"]',
    'Normal nodeAssigned: announcing from node "t1" with protocol "layer2"',
  ]);
});

test('no address is given twice, what runs out is told of once, and goes on when one is free', async () => {
  addPool('tokyo', '192.168.0.200-192.168.0.201');
  addNode('t1', 'tokyo');
  for (const name of ['a', 'b', 'c']) add(name);
  await settle();
  expect([...ingress('a'), ...ingress('b')].toSorted((x, y) => ((x ?? '') < (y ?? '') ? -1 : 1))).toEqual([
    '192.168.0.200',
    '192.168.0.201',
  ]);
  expect(ingress('c')).toEqual([]);
  const failed = () => cluster.events.lines.filter((line) => line.includes('AllocationFailed'));
  expect(failed()).toEqual([
    'Warning AllocationFailed: Failed to allocate IP for "default/c": no available IPs in pool "tokyo"',
  ]);
  cluster.client.remove(resources.services, { namespace: 'default', name: 'a' });
  await settle();
  expect(ingress('c')).toHaveLength(1);
  expect(failed()).toHaveLength(1);
});

test('an address moves when its machine fails, stays when all fail, and does not move back', async () => {
  addPool('tokyo', '192.168.0.200');
  addNode('t1', 'tokyo');
  addNode('t2', 'tokyo');
  add('web');
  await settle();
  const first = placements('web')[0]?.node ?? '';
  const second = first === 't1' ? 't2' : 't1';
  setReady(first, 'Unknown');
  await settle();
  expect(placements('web')).toEqual([{ pool: 'tokyo', address: '192.168.0.200', node: second }]);
  setReady(second, 'Unknown');
  await settle();
  expect(placements('web')[0]?.node).toBe(second);
  setReady(first, 'True');
  await settle();
  expect(placements('web')[0]?.node).toBe(first);
});

test('where traffic stays on its node, a machine with an endpoint answers', async () => {
  addPool('tokyo', '192.168.0.200');
  for (const name of ['t1', 't2', 't3']) addNode(name, 'tokyo');
  add('web', { externalTrafficPolicy: 'Local' });
  addEndpoints('web', 'tokyo', 't3');
  await settle();
  expect(placements('web')[0]?.node).toBe('t3');
});

test('machines that are to be left out have no address', async () => {
  addPool('tokyo', '192.168.0.200');
  addNode('t1', 'tokyo', { 'node.kubernetes.io/exclude-from-external-load-balancers': '' });
  add('web');
  await settle();
  expect(placements('web')).toEqual([{ pool: 'tokyo', address: '192.168.0.200' }]);
});

test('of several pools those are chosen that have its pods, or that it names; two pools may have the same range', async () => {
  for (const pool of ['tokyo', 'osaka']) addPool(pool, '192.168.0.200-192.168.0.201');
  addNode('t1', 'tokyo');
  addNode('o1', 'osaka');
  await settle();
  add('web');
  add('api', {}, { 'network.skerry.io/load-balancer-pools': 'osaka' });
  await settle();
  expect(ingress('web')).toEqual([]);
  expect(placements('api')).toEqual([{ pool: 'osaka', address: '192.168.0.200', node: 'o1' }]);
  addEndpoints('web', 'tokyo', 't1');
  await settle();
  expect(placements('web')).toEqual([{ pool: 'tokyo', address: '192.168.0.200', node: 't1' }]);
});

test('an address can be asked for, where it is of the range and free', async () => {
  addPool('tokyo', '192.168.0.200-192.168.0.210');
  add('a', { loadBalancerIP: '192.168.0.205' });
  add('b', { loadBalancerIP: '192.168.0.205' });
  add('c', { loadBalancerIP: '10.0.0.1' });
  await settle();
  expect(ingress('a')).toEqual(['192.168.0.205']);
  expect(ingress('b')).toEqual([]);
  expect(cluster.events.lines).toContain(
    'Warning AllocationFailed: Failed to allocate IP for "default/b": "192.168.0.205" is used by another service',
  );
  expect(cluster.events.lines).toContain(
    'Warning AllocationFailed: Failed to allocate IP for "default/c": "10.0.0.1" is not allowed in config',
  );
});

test('a Service of another class, and what others wrote, is left alone; one that is no more loses what is ours', async () => {
  addPool('tokyo', '192.168.0.200');
  const other = add('other', { loadBalancerClass: 'example.com/lb' });
  await settle();
  expect(ingress('other')).toEqual([]);
  expect(get('other')?.metadata.resourceVersion).toBe(other.metadata.resourceVersion);
  add('web');
  await settle();
  expect(ingress('web')).toEqual(['192.168.0.200']);
  cluster.client.edit<Service>(resources.services, { namespace: 'default', name: 'web' }, ({ spec }) => {
    if (spec) spec.type = 'ClusterIP';
  });
  await settle();
  expect(ingress('web')).toEqual([]);
  expect(get('web')?.metadata.annotations).toEqual({});
});

test('a range that is taken away takes its addresses along', async () => {
  addPool('tokyo', '192.168.0.200');
  addNode('t1', 'tokyo');
  add('web');
  await settle();
  cluster.client.edit<NodePool>(resources.nodePools, { name: 'tokyo' }, (pool) => {
    pool.metadata = {
      ...pool.metadata,
      annotations: { 'network.skerry.io/load-balancer-addresses': '10.1.1.1' },
    };
  });
  await settle();
  expect(placements('web')).toEqual([{ pool: 'tokyo', address: '10.1.1.1', node: 't1' }]);
  expect(ingress('web')).toEqual(['10.1.1.1']);
});

test('a range that is no range is told of on its pool', async () => {
  addPool('tokyo', '192.168.0.200, 192.168.0.300');
  add('web');
  await settle();
  expect(cluster.events.lines).toContain(
    'Warning InvalidAddressRange: network.skerry.io/load-balancer-addresses: "192.168.0.300" is no range of IPv4 addresses: write 192.168.0.200-192.168.0.219 or 192.168.0.192/28',
  );
  expect(ingress('web')).toEqual(['192.168.0.200']);
});
