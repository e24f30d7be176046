import { expect, test } from 'vitest';
import { ensureKubernetesService } from '#bootstrap/kubernetes-service.ts';
import { ensureServiceRange } from '#bootstrap/service-range.ts';
import { ObjectTable } from '#testing/object-table.ts';

const endpoints = { group: '', resource: 'endpoints' };
const slices = { group: 'discovery.k8s.io', resource: 'endpointslices' };
const ranges = { group: 'networking.k8s.io', resource: 'servicecidrs' };

test('the server is found by its Service, and where it went when it has another address', async () => {
  const table = new ObjectTable();
  for (const address of ['192.0.2.1', '192.0.2.2']) {
    await ensureKubernetesService(table, { address, port: 6443, clusterIP: '10.96.0.1' });
    expect(table.read.get(endpoints, 'kubernetes', 'default')).toMatchObject({
      subsets: [{ addresses: [{ ip: address }], ports: [{ name: 'https', port: 6443, protocol: 'TCP' }] }],
    });
    expect(table.read.get(slices, 'kubernetes', 'default')).toMatchObject({
      endpoints: [{ addresses: [address] }],
      ports: [{ name: 'https', port: 6443 }],
    });
  }
});

test.each([undefined, '127.0.0.1'])('a server at %s is listed nowhere', async (address) => {
  const table = new ObjectTable();
  await ensureKubernetesService(table, { address, port: 6443, clusterIP: '10.96.0.1' });
  expect(table.read.get(endpoints, 'kubernetes', 'default')).toMatchObject({ subsets: [] });
  expect(table.read.get(slices, 'kubernetes', 'default')).toMatchObject({ endpoints: [] });
});

test('the range of Services is there to be read, and is written once', async () => {
  const table = new ObjectTable();
  await ensureServiceRange(table, { cidrs: ['10.96.0.0/16'], now: '2026-01-01T00:00:00Z' });
  await ensureServiceRange(table, { cidrs: ['10.97.0.0/16', 'fd00::/112'], now: '2026-01-02T00:00:00Z' });
  expect(table.read.get(ranges, 'kubernetes')).toMatchObject({
    spec: { cidrs: ['10.96.0.0/16'] },
    status: { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }] },
  });
});

test('a second family comes to the range of Services', async () => {
  const table = new ObjectTable();
  const now = '2026-01-01T00:00:00Z';
  await ensureServiceRange(table, { cidrs: ['10.96.0.0/16'], now });
  await ensureServiceRange(table, { cidrs: ['10.96.0.0/16', 'fd00::/112'], now });
  expect(table.read.get(ranges, 'kubernetes')).toMatchObject({
    spec: { cidrs: ['10.96.0.0/16', 'fd00::/112'] },
    status: { conditions: [{ type: 'Ready' }] },
  });
});
