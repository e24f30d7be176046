import type { EndpointSlice, Endpoints, Service } from '@skerry/api';
import { resources } from '@skerry/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createEndpointSliceMirroringController } from '#core/endpoint-slice-mirroring/endpoint-slice-mirroring.ts';
import { createHarness } from '#testing/harness.ts';
import type { Harness } from '#testing/harness.ts';

let cluster: Harness;
beforeEach(async () => {
  cluster = createHarness();
  await cluster.start(createEndpointSliceMirroringController(cluster.context));
});
afterEach(async () => {
  await cluster.stop();
  expect(cluster.errors()).toEqual([]);
});

const pause = () => cluster.clock.advance(1_000);
const at = { namespace: 'default', name: 'db' };
const addService = (spec: Service['spec'] = { ports: [{ port: 5432 }] }) =>
  cluster.client.seed<Service>(resources.services, { metadata: { ...at }, spec });
const addEndpoints = (subsets: Endpoints['subsets'], metadata: Endpoints['metadata'] = {}) =>
  cluster.client.seed<Endpoints>(resources.endpoints, { metadata: { ...at, ...metadata }, subsets });
const slices = () => cluster.client.all<EndpointSlice>(resources.endpointSlices);
const ports = [{ name: 'sql', port: 5432, protocol: 'TCP' }];

test('Endpoints written by hand are mirrored, with their labels and annotations', async () => {
  addService();
  addEndpoints(
    [{ addresses: [{ ip: '10.9.0.1', nodeName: 'n1' }], notReadyAddresses: [{ ip: '10.9.0.2' }], ports }],
    {
      labels: { team: 'a' },
      annotations: { note: 'b', 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
    },
  );
  await pause();
  expect(slices()).toHaveLength(1);
  expect(slices()[0]).toMatchObject({
    metadata: {
      generateName: 'db-',
      labels: {
        team: 'a',
        'kubernetes.io/service-name': 'db',
        'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
      },
      annotations: { note: 'b' },
      ownerReferences: [{ kind: 'Endpoints', name: 'db', controller: true }],
    },
    addressType: 'IPv4',
    ports,
    endpoints: [
      { addresses: ['10.9.0.1'], conditions: { ready: true }, nodeName: 'n1' },
      { addresses: ['10.9.0.2'], conditions: { ready: false } },
    ],
  });
});

test('families and ports have slices of their own, and slices follow what they mirror', async () => {
  addService();
  addEndpoints([
    { addresses: [{ ip: '10.9.0.1' }, { ip: 'fd00::1' }], ports },
    { addresses: [{ ip: '10.9.0.1' }], ports: [{ port: 9187 }] },
  ]);
  await pause();
  expect(slices().map(({ addressType, ports: own }) => `${addressType} ${own?.[0]?.port}`)).toEqual([
    'IPv4 5432',
    'IPv6 5432',
    'IPv4 9187',
  ]);
  cluster.client.edit<Endpoints>(resources.endpoints, at, (edited) => {
    edited.subsets = [{ addresses: [{ ip: '10.9.0.7' }], ports }];
    edited.metadata.labels = { team: 'b' };
  });
  await pause();
  expect(
    slices().map(({ endpoints, metadata }) => [endpoints?.[0]?.addresses[0], metadata.labels?.['team']]),
  ).toEqual([['10.9.0.7', 'b']]);
});

test.each([
  ['the Service has a selector', { selector: { app: 'db' }, ports: [{ port: 5432 }] }, {}],
  ['a controller keeps them', undefined, { labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } }],
  ['they are a lock', undefined, { annotations: { 'control-plane.alpha.kubernetes.io/leader': '{}' } }],
])('nothing is mirrored where %s', async (_, spec, metadata) => {
  addService(spec);
  addEndpoints([{ addresses: [{ ip: '10.9.0.1' }], ports }], metadata);
  await pause();
  expect(slices()).toEqual([]);
});

test('mirrors go with the Service, or when it gets a selector', async () => {
  addService();
  addEndpoints([{ addresses: [{ ip: '10.9.0.1' }], ports }]);
  await pause();
  expect(slices()).toHaveLength(1);
  cluster.client.edit<Service>(resources.services, at, ({ spec }) => {
    if (spec) spec.selector = { app: 'db' };
  });
  await pause();
  expect(slices()).toEqual([]);
});

test('what is no address, or one too many, is skipped and told of', async () => {
  addService();
  const many = Array.from({ length: 1_001 }, (_, n) => ({ ip: `10.9.${n >> 8}.${n & 255}` }));
  addEndpoints([{ addresses: [{ ip: 'nowhere' }, ...many], ports }]);
  await pause();
  expect(slices().flatMap(({ endpoints }) => endpoints ?? [])).toHaveLength(1_000);
  expect([...new Set(cluster.events.lines)]).toEqual([
    'Warning InvalidIPAddress: Skipped 1 invalid IP addresses when mirroring to EndpointSlices',
    'Warning TooManyAddressesToMirror: A max of 1000 addresses can be mirrored to EndpointSlices per Endpoints subset. 2 addresses were skipped',
  ]);
});
