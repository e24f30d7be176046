import { silentLogger } from '@skerry/base';
import { expect, test } from 'vitest';
import { AddressError, ServiceAddresses } from '#allocation/service-addresses.ts';
import { ObjectTable } from '#testing/object-table.ts';

const refs = {
  addresses: { group: 'networking.k8s.io', resource: 'ipaddresses' },
  ranges: { group: 'networking.k8s.io', resource: 'servicecidrs' },
  services: { group: '', resource: 'services' },
};
const owner = { namespace: 'default', name: 'web' };
const kept = { dryRun: false };

function start(...cidrs: string[]) {
  const table = new ObjectTable();
  const addresses = new ServiceAddresses({ cidrs, random: () => 0, log: silentLogger, access: table });
  const names = () => table.read.list(refs.addresses).map(({ metadata }) => metadata?.name);
  return { table, addresses, names };
}

test('addresses are taken until none is left, and come again when they are released', async () => {
  const { addresses, names } = start('10.96.0.0/29');
  const taken = new Set<string>();
  for (let n = 0; n < 5; n++) taken.add(await addresses.take('IPv4', owner, kept));
  expect([...taken].toSorted()).toEqual(['10.96.0.2', '10.96.0.3', '10.96.0.4', '10.96.0.5', '10.96.0.6']);
  await expect(addresses.take('IPv4', owner, kept)).rejects.toThrow('range is full');
  await addresses.release('10.96.0.4');
  expect(await addresses.take('IPv4', owner, kept)).toBe('10.96.0.4');
  expect(names()).toHaveLength(5);
});

test('the first one is for the API server alone', async () => {
  const { addresses } = start('fd00::/112');
  await expect(addresses.claim('fd00::1', owner, kept)).rejects.toThrow(AddressError);
  await addresses.claim('fd00::1', { namespace: 'default', name: 'kubernetes' }, kept);
});

test('further ranges are used once they are ready', async () => {
  const { table, addresses } = start('10.96.0.0/29');
  const range = { metadata: { name: 'more' }, spec: { cidrs: ['10.112.0.0/29', 'fd00::/112'] } };
  const made = await table.write.create(refs.ranges, range);
  await expect(addresses.claim('10.112.0.3', owner, kept)).rejects.toThrow(
    'does not match the current range',
  );
  const status = { conditions: [{ type: 'Ready', status: 'True' }] };
  await table.write.update(refs.ranges, { ...made, status });
  await addresses.claim('10.112.0.3', owner, kept);
  for (let n = 0; n < 10; n++) await addresses.take('IPv4', owner, kept);
  await expect(addresses.take('IPv4', owner, kept)).rejects.toThrow('range is full');
});

test('a repair makes what Services lack, and removes what none has', async () => {
  const { table, addresses, names } = start('10.96.0.0/24', 'fd00::/112');
  await table.write.create(refs.services, {
    metadata: owner,
    spec: { clusterIP: '10.96.0.9', clusterIPs: ['10.96.0.9', 'fd00::9'] },
  });
  await table.write.create(refs.services, {
    metadata: { namespace: 'default', name: 'headless' },
    spec: { clusterIP: 'None', clusterIPs: ['None'] },
  });
  await addresses.take('IPv4', { namespace: 'default', name: 'gone' }, kept);
  await table.write.create(refs.addresses, {
    metadata: { name: '10.96.0.77' },
    spec: { parentRef: { group: 'example.com', resource: 'things', name: 'x' } },
  });
  await addresses.repair();
  expect(new Set(names())).toEqual(new Set(['10.96.0.77', '10.96.0.9', 'fd00::9']));
  expect(table.read.get(refs.addresses, 'fd00::9')).toMatchObject({
    metadata: { labels: { 'ipaddress.kubernetes.io/ip-family': 'IPv6' } },
    spec: { parentRef: { resource: 'services', ...owner } },
  });
});

test.each([[[]], [['10.96.0.0/30']], [['10.96.0.0/24', '10.97.0.0/24']], [['nonsense']]])(
  'no server starts on %j',
  (cidrs) => {
    expect(() => start(...cidrs)).toThrow(/service network/);
  },
);
