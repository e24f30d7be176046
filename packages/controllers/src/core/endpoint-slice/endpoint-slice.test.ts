import type { EndpointSlice, Endpoints, Node, Pod, Service } from '@skerry/api';
import { resources } from '@skerry/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createEndpointSliceController } from '#core/endpoint-slice/endpoint-slice.ts';
import { createHarness } from '#testing/harness.ts';
import type { Harness } from '#testing/harness.ts';

let cluster: Harness;
beforeEach(async () => {
  cluster = createHarness();
  cluster.client.seed<Node>(resources.nodes, {
    metadata: { name: 'n1', labels: { 'topology.kubernetes.io/zone': 'tokyo' } },
  });
  await cluster.start(createEndpointSliceController(cluster.context));
});
afterEach(async () => {
  await cluster.stop();
  expect(cluster.errors()).toEqual([]);
});

const pause = () => cluster.clock.advance(1_000);
const addService = (spec: Service['spec']) =>
  cluster.client.seed<Service>(resources.services, {
    metadata: { name: 'web', namespace: 'default', labels: { team: 'a' } },
    spec,
  });
const selecting = { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 'web' }] };
const addPod = (name: string, ip: string, { ready = true, port = 8080 } = {}) =>
  cluster.client.seed<Pod>(resources.pods, {
    metadata: { name, namespace: 'default', labels: { app: 'web' } },
    spec: {
      nodeName: 'n1',
      containers: [{ name: 'c', ports: [{ name: 'web', containerPort: port }] }],
    },
    status: {
      phase: 'Running',
      podIP: ip,
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    },
  });
const slices = () => cluster.client.all<EndpointSlice>(resources.endpointSlices);
const addresses = () => slices().flatMap(({ endpoints }) => endpoints?.map((e) => e.addresses[0]) ?? []);

test('a Service without pods has one empty slice, and pods fill that one', async () => {
  addService(selecting);
  await pause();
  expect(slices()).toHaveLength(1);
  const uid = slices()[0]?.metadata.uid;
  addPod('a', '10.0.0.1');
  addPod('b', '10.0.0.2', { ready: false });
  await pause();
  const [slice] = slices();
  expect(slice?.metadata.uid).toBe(uid);
  expect(slices()).toHaveLength(1);
  expect(slice).toMatchObject({
    addressType: 'IPv4',
    metadata: {
      labels: {
        team: 'a',
        'kubernetes.io/service-name': 'web',
        'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
      },
      ownerReferences: [{ kind: 'Service', name: 'web', controller: true, blockOwnerDeletion: true }],
    },
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: [
      {
        addresses: ['10.0.0.1'],
        conditions: { ready: true, serving: true, terminating: false },
        nodeName: 'n1',
        zone: 'tokyo',
        targetRef: { kind: 'Pod', name: 'a' },
      },
      { addresses: ['10.0.0.2'], conditions: { ready: false, serving: false } },
    ],
  });
  const [old] = cluster.client.all<Endpoints>(resources.endpoints);
  expect(old?.subsets).toMatchObject([
    {
      addresses: [{ ip: '10.0.0.1' }],
      notReadyAddresses: [{ ip: '10.0.0.2' }],
      ports: [{ name: 'http', port: 8080 }],
    },
  ]);
});

test('a pod that stops serves no longer, and one that is gone is out', async () => {
  addService(selecting);
  addPod('a', '10.0.0.1');
  addPod('b', '10.0.0.2');
  await pause();
  await cluster.client.resource(resources.pods).delete('a', { namespace: 'default' });
  await pause();
  expect(slices()[0]?.endpoints?.[0]?.conditions).toEqual({
    ready: false,
    serving: true,
    terminating: true,
  });
  cluster.client.remove(resources.pods, { namespace: 'default', name: 'a' });
  await pause();
  expect(addresses()).toEqual(['10.0.0.2']);
});

test('pods with other numbers for a named port get slices of their own', async () => {
  addService(selecting);
  addPod('a', '10.0.0.1');
  addPod('b', '10.0.0.2', { port: 9090 });
  await pause();
  expect(new Set(slices().map(({ ports }) => ports?.[0]?.port))).toEqual(new Set([8080, 9090]));
});

test('slices hold 100 endpoints, and a change touches one of them', async () => {
  addService(selecting);
  for (let n = 0; n < 250; n++) addPod(`p${n}`, `10.0.${Math.floor(n / 100)}.${n % 100}`);
  await pause();
  expect(
    slices()
      .map(({ endpoints }) => endpoints?.length ?? 0)
      .toSorted((a, b) => b - a),
  ).toEqual([100, 100, 50]);
  const before = new Set(slices().map(({ metadata }) => metadata.resourceVersion));
  cluster.client.remove(resources.pods, { namespace: 'default', name: 'p7' });
  addPod('new', '10.0.9.9');
  await pause();
  const changed = slices().filter(({ metadata }) => !before.has(metadata.resourceVersion));
  expect(changed).toHaveLength(1);
  expect(new Set(addresses()).size).toBe(250);
});

test('a Service without selector is left to others, and a deleted one leaves no Endpoints', async () => {
  addService({ ports: [{ port: 80 }] });
  await pause();
  expect(slices()).toEqual([]);
  cluster.client.edit<Service>(resources.services, { namespace: 'default', name: 'web' }, (service) => {
    service.spec = selecting;
  });
  await pause();
  expect(cluster.client.all(resources.endpoints)).toHaveLength(1);
  cluster.client.remove(resources.services, { namespace: 'default', name: 'web' });
  await pause();
  expect(cluster.client.all(resources.endpoints)).toEqual([]);
});

const addNode = (name: string, labels: Record<string, string>, cpu = '2') =>
  cluster.client.seed<Node>(resources.nodes, {
    metadata: { name, labels },
    status: { allocatable: { cpu }, conditions: [{ type: 'Ready', status: 'True' }] },
  });
const pool = (name: string) => ({ 'apps.openyurt.io/nodepool': name });
const zone = (name: string) => ({ 'topology.kubernetes.io/zone': name });
function addPodOn(node: string, name: string, ip: string): void {
  addPod(name, ip);
  cluster.client.edit<Pod>(resources.pods, { namespace: 'default', name }, (pod) => {
    pod.spec = { ...pod.spec, containers: pod.spec?.containers ?? [], nodeName: node };
  });
}
const poolsOfSlices = () =>
  Object.fromEntries(
    slices().map(({ metadata, endpoints }) => [
      metadata.labels?.['apps.openyurt.io/nodepool'] ?? 'none',
      endpoints?.map(({ addresses: [ip] }) => ip),
    ]),
  );
const hints = () =>
  slices()
    .flatMap(({ endpoints }) => endpoints ?? [])
    .toSorted((a, b) => ((a.addresses[0] ?? '') < (b.addresses[0] ?? '') ? -1 : 1))
    .map(({ hints: given }) => given);

test('pods of each pool have slices of their own, and the older Endpoints has all of them', async () => {
  addNode('t', pool('tokyo'));
  addNode('o', pool('osaka'));
  addService(selecting);
  addPodOn('t', 'a', '10.0.0.1');
  addPodOn('o', 'b', '10.0.0.2');
  addPodOn('n1', 'c', '10.0.0.3');
  await pause();
  expect(poolsOfSlices()).toEqual({ tokyo: ['10.0.0.1'], osaka: ['10.0.0.2'], none: ['10.0.0.3'] });
  const [old] = cluster.client.all<Endpoints>(resources.endpoints);
  expect(old?.subsets).toHaveLength(1);
  expect(old?.subsets?.[0]?.addresses?.map(({ ip }) => ip)).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.3']);
});

test('a node that is taken into a pool takes its endpoints along', async () => {
  addNode('t', {});
  addService(selecting);
  addPodOn('t', 'a', '10.0.0.1');
  await pause();
  expect(poolsOfSlices()).toEqual({ none: ['10.0.0.1'] });
  cluster.client.edit<Node>(resources.nodes, { name: 't' }, (node) => {
    node.metadata.labels = pool('tokyo');
  });
  await pause();
  expect(poolsOfSlices()).toEqual({ tokyo: ['10.0.0.1'] });
});

test("a Service's own label of that name is not taken for the pool of its endpoints", async () => {
  cluster.client.seed<Service>(resources.services, {
    metadata: { name: 'web', namespace: 'default', labels: pool('osaka') },
    spec: selecting,
  });
  addPod('a', '10.0.0.1');
  await pause();
  expect(poolsOfSlices()).toEqual({ none: ['10.0.0.1'] });
});

test.each([
  ['PreferClose', { forZones: [{ name: 'tokyo' }] }],
  ['PreferSameZone', { forZones: [{ name: 'tokyo' }] }],
  ['PreferSameNode', { forNodes: [{ name: 'n1' }], forZones: [{ name: 'tokyo' }] }],
])(
  '%s gives ready endpoints hints, and taking it back takes the hints away',
  async (trafficDistribution, expected) => {
    addService({ ...selecting, trafficDistribution });
    addPod('a', '10.0.0.1');
    addPod('b', '10.0.0.2', { ready: false });
    await pause();
    expect(hints()).toEqual([expected, undefined]);
    cluster.client.edit<Service>(resources.services, { namespace: 'default', name: 'web' }, ({ spec }) => {
      delete spec?.trafficDistribution;
    });
    await pause();
    expect(hints()).toEqual([undefined, undefined]);
  },
);

test('topology mode Auto shares endpoints out over the zones by their CPUs, and says why it does not', async () => {
  cluster.client.remove(resources.nodes, { name: 'n1' });
  addNode('t', zone('tokyo'));
  addService(selecting);
  cluster.client.edit<Service>(resources.services, { namespace: 'default', name: 'web' }, ({ metadata }) => {
    metadata.annotations = { 'service.kubernetes.io/topology-mode': 'Auto' };
  });
  for (const number of [1, 2, 3, 4]) addPodOn('t', `p${number}`, `10.0.0.${number}`);
  await pause();
  expect(hints()).toEqual([undefined, undefined, undefined, undefined]);
  expect(cluster.events.lines.at(-1)).toBe(
    'Warning TopologyAwareHintsDisabled: Insufficient Node information: allocatable CPU or zone not specified on one or more nodes, addressType: IPv4',
  );
  addNode('o', zone('osaka'));
  await pause();
  expect(
    hints()
      .map((given) => given?.forZones?.[0]?.name ?? '')
      .toSorted((a, b) => (a < b ? -1 : 1)),
  ).toEqual(['osaka', 'osaka', 'tokyo', 'tokyo']);
  expect(cluster.events.lines.at(-1)).toBe(
    'Normal TopologyAwareHintsEnabled: Topology Aware Hints has been enabled, addressType: IPv4',
  );
});

test('the older Endpoints holds 1,000 addresses, ready ones first, and says that there are more', async () => {
  addService(selecting);
  for (let n = 0; n < 600; n++) addPod(`r${n}`, `10.1.${Math.floor(n / 100)}.${n % 100}`);
  for (let n = 0; n < 600; n++) addPod(`w${n}`, `10.2.${Math.floor(n / 100)}.${n % 100}`, { ready: false });
  await pause();
  const old = () => cluster.client.all<Endpoints>(resources.endpoints)[0];
  expect(old()?.subsets?.[0]?.addresses).toHaveLength(600);
  expect(old()?.subsets?.[0]?.notReadyAddresses).toHaveLength(400);
  expect(old()?.metadata.annotations).toEqual({ 'endpoints.kubernetes.io/over-capacity': 'truncated' });
  for (let n = 0; n < 600; n++)
    cluster.client.remove(resources.pods, { namespace: 'default', name: `w${n}` });
  await pause();
  expect(old()?.metadata.annotations).toEqual({});
});
