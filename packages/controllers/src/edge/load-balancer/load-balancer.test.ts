import type { EndpointSlice, Node, Service, ServiceCIDR } from '@skerry/api';
import { resources } from '@skerry/client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLoadBalancerController } from '#edge/load-balancer/load-balancer.ts';
import { placementsOf } from '#edge/load-balancer/placement.ts';
import type { NodePool } from '#edge/node-pool/definition.ts';
import { createHarness } from '#testing/harness.ts';
import type { Harness } from '#testing/harness.ts';

let cluster: Harness;
beforeEach(async () => {
  cluster = createHarness();
  await cluster.start(
    createLoadBalancerController(cluster.context, { clusterCidr: '10.12.0.0/16,fd00:10:12::/56' }),
  );
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
const addNode = (name: string, pool: string, labels: Record<string, string> = {}, ips: string[] = []) =>
  cluster.client.seed<Node>(resources.nodes, {
    metadata: { name, labels: { 'apps.openyurt.io/nodepool': pool, ...labels } },
    status: {
      conditions: [{ type: 'Ready', status: 'True' }],
      addresses: ips.map((address) => ({ type: 'InternalIP', address })),
    },
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
const addEndpoints = (service: string, pool: string, nodeName: string, addressType = 'IPv4') =>
  cluster.client.seed<EndpointSlice>(resources.endpointSlices, {
    metadata: {
      name: `${service}-${pool}-${addressType.toLowerCase()}`,
      namespace: 'default',
      labels: { 'kubernetes.io/service-name': service, 'apps.openyurt.io/nodepool': pool },
    },
    addressType,
    endpoints: [
      { addresses: [addressType === 'IPv4' ? '10.0.0.1' : 'fd00::1'], nodeName, conditions: { ready: true } },
    ],
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
    'Warning AllocationFailed: Failed to allocate IP for "default/c": no available IPs in pool "tokyo" for ipv4 IPFamily',
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
    'Warning InvalidAddressRange: network.skerry.io/load-balancer-addresses: "192.168.0.300" is no range of addresses: write 192.168.0.200-192.168.0.219, 192.168.0.192/28 or 2001:db8::/120',
  );
  expect(ingress('web')).toEqual(['192.168.0.200']);
});

describe('addresses of both families', () => {
  const range = '192.168.0.200-192.168.0.201,fd53::200-fd53::201';
  const both = { ipFamilies: ['IPv6', 'IPv4'] } satisfies Service['spec'];
  const required = { ...both, ipFamilyPolicy: 'RequireDualStack' } satisfies Service['spec'];
  const preferred = { ...both, ipFamilyPolicy: 'PreferDualStack' } satisfies Service['spec'];
  const condition = (name: string) =>
    get(name)?.status?.conditions?.find(({ type }) => type === 'network.skerry.io/LoadBalancerAddresses');
  const warnings = () => cluster.events.lines.filter((line) => line.startsWith('Warning'));

  test('a Service gets one of each family that it has, all on one machine', async () => {
    addPool('tokyo', range);
    for (const name of ['t1', 't2', 't3']) addNode(name, 'tokyo');
    add('web', required);
    add('four', { ipFamilies: ['IPv4'] });
    add('six', { ipFamilies: ['IPv6'], ipFamilyPolicy: 'SingleStack' });
    await settle();
    expect(get('web')?.status?.loadBalancer?.ingress).toEqual([
      { ip: 'fd53::200', ipMode: 'VIP' },
      { ip: '192.168.0.200', ipMode: 'VIP' },
    ]);
    expect(new Set(placements('web').map(({ node }) => node)).size).toBe(1);
    expect([ingress('four'), ingress('six')]).toEqual([['192.168.0.201'], ['fd53::201']]);
    expect(condition('web')).toMatchObject({ status: 'True', reason: 'IPAllocated' });
    expect(cluster.events.lines).toContain('Normal IPAllocated: Assigned IP ["fd53::200","192.168.0.200"]');
  });

  test('a machine without an address of IPv6 has none of a load balancer, where others have', async () => {
    addPool('tokyo', range);
    addNode('old', 'tokyo', {}, ['192.168.0.10']);
    add('web', required);
    await settle();
    expect(placements('web').map(({ node }) => node)).toEqual(['old', 'old']);
    addNode('new', 'tokyo', {}, ['192.168.0.11', 'fd53::11']);
    await settle();
    expect(placements('web').map(({ node }) => node)).toEqual(['new', 'old']);
  });

  test('where traffic stays on its machine, endpoints of the same family count', async () => {
    addPool('tokyo', range);
    for (const name of ['t1', 't2']) addNode(name, 'tokyo');
    add('web', { ...required, externalTrafficPolicy: 'Local' });
    addEndpoints('web', 'tokyo', 't1', 'IPv4');
    addEndpoints('web', 'tokyo', 't2', 'IPv6');
    await settle();
    expect(placements('web').map(({ address, node }) => [address, node])).toEqual([
      ['fd53::200', 't2'],
      ['192.168.0.200', 't1'],
    ]);
  });

  test('one family that runs out is told of by event and condition: who prefers both has the other, who needs both none', async () => {
    addPool('tokyo', '192.168.0.200-192.168.0.209,fd53::200');
    addNode('t1', 'tokyo');
    add('first', { ipFamilies: ['IPv6'] });
    await settle();
    add('prefers', preferred);
    add('needs', required);
    await settle();
    const fault = 'no available IPs in pool "tokyo" for ipv6 IPFamily';
    expect([ingress('prefers'), ingress('needs')]).toEqual([['192.168.0.200'], []]);
    expect(condition('prefers')).toMatchObject({
      status: 'False',
      reason: 'AdditionalAssignFailed',
      message: fault,
    });
    expect(condition('needs')).toMatchObject({ status: 'False', reason: 'AllocationFailed', message: fault });
    expect(warnings()).toEqual([
      `Warning AdditionalAssignFailed: cannot assign additional IP in PreferDualStack: ${fault}`,
      `Warning AllocationFailed: Failed to allocate IP for "default/needs": ${fault}`,
    ]);
    cluster.client.remove(resources.services, { namespace: 'default', name: 'first' });
    await settle();
    const ends = [ingress('prefers'), ingress('needs')].map((ips) => ips.includes('fd53::200'));
    expect(ends.filter(Boolean)).toHaveLength(1);
    const winner = ends[0] ? 'prefers' : 'needs';
    expect(condition(winner)).toMatchObject({ status: 'True', reason: 'IPAllocated' });
  });

  test('who prefers both is content with one where the pool has one, and gets the other when there is a range', async () => {
    addPool('tokyo', '192.168.0.200');
    addNode('t1', 'tokyo');
    add('web', preferred);
    add('needs', required);
    await settle();
    expect(ingress('web')).toEqual(['192.168.0.200']);
    expect(condition('web')).toMatchObject({ status: 'True' });
    expect(warnings().join()).not.toContain('AdditionalAssignFailed');
    expect(condition('needs')?.message).toContain('pool "tokyo" has no range of IPv6 addresses');
    cluster.client.edit<NodePool>(resources.nodePools, { name: 'tokyo' }, (pool) => {
      pool.metadata = {
        ...pool.metadata,
        annotations: { 'network.skerry.io/load-balancer-addresses': `192.168.0.200,fd53::200` },
      };
    });
    await settle();
    expect(ingress('web')).toEqual(['fd53::200', '192.168.0.200']);
  });

  test('addresses of either family can be asked for, in any spelling', async () => {
    addPool('tokyo', range);
    const ask = 'network.skerry.io/load-balancer-addresses';
    add('web', required, { [ask]: '192.168.0.201, FD53:0::201' });
    add('six', { ...required, loadBalancerIP: 'fd53::200' });
    add('wrong', { ipFamilies: ['IPv4'], loadBalancerIP: 'fd53::200' });
    add('twice', { ...required, loadBalancerIP: 'fd53::200' }, { [ask]: 'fd53::200' });
    add('no', required, { [ask]: 'fd53::zz' });
    await settle();
    expect(ingress('web')).toEqual(['fd53::201', '192.168.0.201']);
    expect(ingress('six')).toEqual(['fd53::200', '192.168.0.200']);
    for (const [name, fault] of [
      ['wrong', 'requested loadBalancer IP(s) ["fd53::200"] does not match the ipFamily of the service'],
      ['twice', `service can not have both ${ask} and svc.Spec.LoadBalancerIP`],
      ['no', `invalid ${ask}: "fd53::zz"`],
    ] as const) {
      expect(ingress(name)).toEqual([]);
      expect(condition(name)).toMatchObject({ status: 'False', reason: 'AllocationFailed', message: fault });
    }
  });

  test('a range that overlaps those of pods or Services counts for nothing, and an address of a machine is not given', async () => {
    cluster.client.seed<ServiceCIDR>(resources.serviceCidrs, {
      metadata: { name: 'kubernetes' },
      spec: { cidrs: ['10.96.0.0/16', 'fd00:10:96::/112'] },
    });
    addPool(
      'tokyo',
      '10.12.3.0/30,10.96.0.8/30,fd00:10:96::8/125,fd00:10:12::/120,192.168.0.10-192.168.0.11',
    );
    addNode('t1', 'tokyo', {}, ['192.168.0.10']);
    add('web', preferred);
    await settle();
    expect(ingress('web')).toEqual(['192.168.0.11']);
    const told = warnings().find((line) => line.includes('InvalidAddressRange')) ?? '';
    for (const text of [
      '"10.12.3.0/30" overlaps 10.12.0.0/16, which is the cluster\'s range of pods',
      '"10.96.0.8/30" overlaps 10.96.0.0/16, which is the cluster\'s range of Services',
      '"fd00:10:96::8/125" overlaps fd00:10:96::/112, which is the cluster\'s range of Services',
      '"fd00:10:12::/120" overlaps fd00:10:12::/56, which is the cluster\'s range of pods',
    ])
      expect(told).toContain(text);
  });

  test('a Service that is no more a load balancer loses its condition, and those of others stay', async () => {
    addPool('tokyo', range);
    add('web', required);
    await settle();
    cluster.client.edit<Service>(resources.services, { namespace: 'default', name: 'web' }, (service) => {
      if (service.spec) service.spec.type = 'ClusterIP';
      const other = { type: 'Other', status: 'True', reason: 'Is', message: '', lastTransitionTime: '' };
      service.status?.conditions?.push(other);
    });
    await settle();
    expect(get('web')?.status?.conditions?.map(({ type }) => type)).toEqual(['Other']);
  });
});
