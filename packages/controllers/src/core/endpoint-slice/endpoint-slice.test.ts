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

test('a Service without pods has one empty slice, and pods fill it', async () => {
  addService(selecting);
  await pause();
  expect(slices()).toHaveLength(1);
  addPod('a', '10.0.0.1');
  addPod('b', '10.0.0.2', { ready: false });
  await pause();
  const [slice] = slices();
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
