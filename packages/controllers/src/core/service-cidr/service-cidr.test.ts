import type { IPAddress, ServiceCIDR } from '@skerry/api';
import { resources } from '@skerry/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createServiceCidrController } from '#core/service-cidr/service-cidr.ts';
import { createHarness } from '#testing/harness.ts';
import type { Harness } from '#testing/harness.ts';

let cluster: Harness;
beforeEach(async () => {
  cluster = createHarness();
  await cluster.start(createServiceCidrController(cluster.context));
});
afterEach(async () => {
  await cluster.stop();
  expect(cluster.errors()).toEqual([]);
});

const finalizer = 'networking.k8s.io/service-cidr-finalizer';
const addRange = (name: string, ...cidrs: string[]) =>
  cluster.client.seed<ServiceCIDR>(resources.serviceCidrs, { metadata: { name }, spec: { cidrs } });
const spec = { parentRef: { resource: 'services', namespace: 'default', name: 'web' } };
const addAddress = (name: string) =>
  cluster.client.seed<IPAddress>(resources.ipAddresses, {
    metadata: { name, labels: { 'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io' } },
    spec,
  });
const remove = (name: string) => cluster.client.resource(resources.serviceCidrs).delete(name);
const range = (name: string) =>
  cluster.client.all<ServiceCIDR>(resources.serviceCidrs).find(({ metadata }) => metadata.name === name);
const condition = (name: string) => range(name)?.status?.conditions?.[0];
const graceMs = 10_000;

test('a range becomes ready, and is kept from going unseen', async () => {
  addRange('more', '10.112.0.0/24');
  await cluster.clock.advance(100);
  expect(range('more')?.metadata.finalizers).toEqual([finalizer]);
  expect(condition('more')).toMatchObject({
    type: 'Ready',
    status: 'True',
    message: 'Kubernetes Service CIDR is ready',
  });
});

test('a range goes when its last address is gone, and a moment later', async () => {
  addRange('more', '10.112.0.0/24', 'fd00::/112');
  addAddress('fd00::7');
  await cluster.clock.advance(100);
  await remove('more');
  await cluster.clock.advance(graceMs);
  expect(condition('more')).toMatchObject({ status: 'False', reason: 'Terminating' });
  cluster.client.remove(resources.ipAddresses, { name: 'fd00::7' });
  await cluster.clock.advance(100);
  expect(range('more')).toBeUndefined();
});

test('a range goes at once when another one holds its addresses', async () => {
  addRange('more', '10.112.0.0/24');
  addAddress('10.112.0.7');
  await cluster.clock.advance(100);
  await remove('more');
  await cluster.clock.advance(graceMs);
  expect(range('more')).toBeDefined();
  addRange('wider', '10.112.0.0/20');
  await cluster.clock.advance(100);
  expect(range('more')).toBeUndefined();
});

test('addresses that others look after keep no range', async () => {
  addRange('more', '10.112.0.0/24');
  cluster.client.seed<IPAddress>(resources.ipAddresses, {
    metadata: { name: '10.112.0.7' },
    spec,
  });
  await cluster.clock.advance(100);
  await remove('more');
  await cluster.clock.advance(graceMs / 2);
  expect(range('more')).toBeDefined();
  await cluster.clock.advance(graceMs);
  expect(range('more')).toBeUndefined();
});
