import type { EndpointSlice, Service } from '@skerry/api';
import { expect, test } from 'vitest';
import { serviceState } from '#services/service-state.ts';
import { draining, service, slice } from '#testing/service-objects.ts';

const node = { name: 'n1', pool: 'tokyo', zone: undefined, reachablePools: { has: () => false } };
const two = slice([{ addresses: ['10.0.0.1'] }, { addresses: ['10.0.0.2'], nodeName: 'n2' }], {
  pool: 'tokyo',
});
const far = slice([{ addresses: ['10.0.0.2'], nodeName: 'n2' }], { pool: 'tokyo' });

/** Chains by their kind, and elements, with the hash taken out of names. */
function rules(of: Service, slices: readonly EndpointSlice[]) {
  const text = JSON.stringify(serviceState(of, slices, node)?.contents.ip ?? null).replaceAll(
    /-[0-9a-f]{8}-/g,
    '-',
  );
  return JSON.parse(text) as {
    chains: Record<string, string[]>;
    sets: Record<string, string>;
    elements: Record<string, Record<string, string>>;
  };
}
const name = (kind: string) => `${kind}-default/web/tcp/http`;
const spread =
  'meta l4proto tcp dnat to numgen random mod 2 map { 0 : 10.0.0.1 . 8080, 1 : 10.0.0.2 . 8080 }';
const single = (address: string) => `meta l4proto tcp dnat to ${address}:8080`;

test('a cluster address leads to the endpoints by turns of chance', () => {
  const { chains, elements } = rules(service(), [two]);
  expect(chains).toEqual({ [name('service')]: [spread] });
  expect(elements).toEqual({
    'cluster-ips': { '10.96.0.9': '' },
    'service-ips': { '10.96.0.9 . tcp . 80': `goto ${name('service')}` },
    'hairpin-endpoints': { '10.0.0.1 . 10.0.0.1': '' },
  });
});

test('without endpoints a client is refused', () => {
  const { chains, elements } = rules(
    service({ type: 'NodePort', ports: [{ name: 'http', port: 80, nodePort: 30080 }] }),
    [],
  );
  expect(chains).toEqual({});
  expect(elements).toMatchObject({
    'no-endpoint-services': { '10.96.0.9 . tcp . 80': 'goto reject-chain' },
    'no-endpoint-nodeports': { 'tcp . 30080': 'goto reject-chain' },
  });
  expect(elements['service-ips']).toBeUndefined();
});

test.each([
  ['headless', service({ clusterIP: 'None', clusterIPs: ['None'] })],
  ['ExternalName', service({ type: 'ExternalName', clusterIP: '', externalName: 'example.com' })],
])('a Service that is %s is none of the proxy', (_, of) => {
  expect(serviceState(of, [two], node)).toBeUndefined();
});

test('a node port is masqueraded, or stays on the node with the sender as it is', () => {
  const ports = [{ name: 'http', port: 80, nodePort: 30080 }];
  const open = rules(service({ type: 'NodePort', ports }), [two]);
  expect(open.chains[name('external')]).toEqual(['jump mark-for-masquerade', `goto ${name('service')}`]);
  expect(open.elements['service-nodeports']).toEqual({ 'tcp . 30080': `goto ${name('external')}` });
  const local = rules(service({ type: 'NodePort', ports, externalTrafficPolicy: 'Local' }), [two]);
  expect(local.chains[name('external')]).toEqual([
    `ip saddr @pod-ranges goto ${name('service')}`,
    'fib saddr type local jump mark-for-masquerade',
    `fib saddr type local goto ${name('service')}`,
    `goto ${name('local')}`,
  ]);
  expect(local.chains[name('local')]).toEqual([single('10.0.0.1')]);
});

test('with only far endpoints, what must stay on the node is dropped from outside and served from inside', () => {
  const ports = [{ name: 'http', port: 80, nodePort: 30080 }];
  const { chains, elements } = rules(service({ type: 'NodePort', ports, externalTrafficPolicy: 'Local' }), [
    far,
  ]);
  expect(elements['no-endpoint-nodeports']).toEqual({ 'tcp . 30080': 'drop' });
  expect(chains[name('external')]?.at(-1)).toBe(`fib saddr type local goto ${name('service')}`);
});

test('internal traffic that must stay on the node is dropped where the node has no endpoint', () => {
  const of = service({ internalTrafficPolicy: 'Local' });
  expect(rules(of, [far]).elements['no-endpoint-services']).toEqual({ '10.96.0.9 . tcp . 80': 'drop' });
  expect(rules(of, [two]).chains).toEqual({ [name('local')]: [single('10.0.0.1')] });
});

test('affinity remembers a client per endpoint for as long as it says', () => {
  const of = service({
    sessionAffinity: 'ClientIP',
    sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } },
  });
  const { chains, sets } = rules(of, [two]);
  const endpoint = (address: string) => `endpoint-default/web/tcp/http__${address}/8080`;
  const set = (address: string) => `affinity-default/web/tcp/http__${address}/8080`;
  expect(chains[name('service')]).toEqual([
    `ip saddr @${set('10.0.0.1')} goto ${endpoint('10.0.0.1')}`,
    `ip saddr @${set('10.0.0.2')} goto ${endpoint('10.0.0.2')}`,
    `numgen random mod 2 vmap { 0 : goto ${endpoint('10.0.0.1')}, 1 : goto ${endpoint('10.0.0.2')} }`,
  ]);
  expect(chains[endpoint('10.0.0.1')]).toEqual([
    `update @${set('10.0.0.1')} { ip saddr }`,
    single('10.0.0.1'),
  ]);
  expect(sets[set('10.0.0.1')]).toBe('type ipv4_addr; flags dynamic,timeout; timeout 60s;');
});

test('external addresses, and those of a load balancer that leads traffic to nodes, are served', () => {
  const of = service({ type: 'LoadBalancer', externalIPs: ['203.0.113.1'] });
  of.status = {
    loadBalancer: {
      ingress: [
        { ip: '192.0.2.1', ipMode: 'VIP' },
        { ip: '192.0.2.2', ipMode: 'Proxy' },
      ],
    },
  };
  expect(Object.keys(rules(of, [two]).elements['service-ips'] ?? {})).toEqual([
    '10.96.0.9 . tcp . 80',
    '203.0.113.1 . tcp . 80',
    '192.0.2.1 . tcp . 80',
  ]);
});

test("a load balancer's address takes only senders of its ranges, each range once", () => {
  const of = service({
    type: 'LoadBalancer',
    loadBalancerSourceRanges: ['10.0.0.0/8', ' 10.1.0.0/16', '192.0.2.0/24', '10.0.0.0/8'],
  });
  of.status = { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } };
  const { chains, elements } = rules(of, [two]);
  expect(chains[name('firewall')]).toEqual(['ip saddr { 10.0.0.0/8, 192.0.2.0/24 } return', 'drop']);
  expect(elements['firewall-ips']).toEqual({ '192.0.2.1 . tcp . 80': `goto ${name('firewall')}` });
});

test("an address of another pool's network is not this node's to serve", () => {
  const placements = JSON.stringify([
    { pool: 'osaka', address: '192.168.0.200', node: 'o1' },
    { pool: 'tokyo', address: '192.168.0.201', node: 't1' },
  ]);
  const of = service(
    { type: 'LoadBalancer' },
    { annotations: { 'network.skerry.io/load-balancer': placements } },
  );
  of.status = { loadBalancer: { ingress: [{ ip: '192.168.0.200' }, { ip: '192.168.0.201' }] } };
  const keys = Object.keys(rules(of, [two]).elements['service-ips'] ?? {});
  expect(keys).toEqual(['10.96.0.9 . tcp . 80', '192.168.0.201 . tcp . 80']);
});

test.each([
  [undefined, true],
  ['tokyo', true],
  ['osaka', false],
  ['*', true],
  ['*,-tokyo', false],
  ['osaka, tokyo', true],
])('node ports listen on %s: %s', (value, expected) => {
  const ports = [{ name: 'http', port: 80, nodePort: 30080 }];
  const annotations: Record<string, string> =
    value === undefined ? {} : { 'nodeport.openyurt.io/listen': value };
  const { elements } = rules(service({ type: 'NodePort', ports }, { annotations }), [two]);
  expect(elements['service-nodeports'] !== undefined).toBe(expected);
});

test('families keep apart', () => {
  const of = service({ clusterIPs: ['10.96.0.9', 'fd00::9'] });
  const slices = [two, slice([{ addresses: ['fd01::1'] }], { pool: 'tokyo', name: 'six' })];
  const contents = serviceState(of, slices, node)?.contents;
  expect(JSON.stringify(contents?.ip)).not.toContain('fd0');
  expect(Object.values(contents?.ip6.chains ?? {})).toEqual([['meta l4proto tcp dnat to [fd01::1]:8080']]);
});

test("a load balancer's addresses, and who may reach them, are those of each family", () => {
  const placed = ['192.168.0.200', 'fd53::200'].map((address) => ({ pool: 'tokyo', node: 'n1', address }));
  const of = service(
    {
      type: 'LoadBalancer',
      clusterIPs: ['10.96.0.9', 'fd00::9'],
      loadBalancerSourceRanges: ['192.168.0.0/24', 'fd53::/64', 'fd53::/120'],
    },
    { annotations: { 'network.skerry.io/load-balancer': JSON.stringify(placed) } },
  );
  of.status = { loadBalancer: { ingress: placed.map(({ address }) => ({ ip: address })) } };
  const slices = [two, slice([{ addresses: ['fd01::1'] }], { pool: 'tokyo', name: 'six' })];
  const contents = serviceState(of, slices, node)?.contents;
  for (const [family, address, range] of [
    ['ip', '192.168.0.200', 'ip saddr { 192.168.0.0/24 } return'],
    ['ip6', 'fd53::200', 'ip6 saddr { fd53::/64 } return'],
  ] as const) {
    const { elements = {}, chains = {} } = contents?.[family] ?? {};
    expect(elements['load-balancer-ips']).toEqual({ [address]: '' });
    expect(Object.keys(elements['firewall-ips'] ?? {})).toEqual([`${address} . tcp . 80`]);
    expect(Object.values(chains)).toContainEqual([range, 'drop']);
  }
});

test('what is no address or range is left out', () => {
  const of = service({ externalIPs: ['1.2.3.4; drop', 'fe80::1%eth0', '10.0.0.300'] });
  const bad = slice([{ addresses: ['evil } accept'] }], { pool: 'tokyo', name: 'b' });
  expect(JSON.stringify(rules(of, [bad]))).not.toMatch(/drop|%|300|accept/);
});

test('health checks count the ready endpoints of the node', () => {
  const of = service({ type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 31000 });
  const health = (slices: EndpointSlice[]) => serviceState(of, slices, node)?.health?.localEndpoints;
  expect(health([two])).toBe(1);
  expect(health([far])).toBe(0);
  expect(health([slice([{ conditions: draining }], { pool: 'tokyo' })])).toBe(0);
});
