import type { PoolMember, PoolNetworkStatus } from '@skerry/api';
import { describe, expect, test } from 'vitest';
import { difference, type KernelState } from '#fabric/apply.ts';
import { planFabric } from '#fabric/plan.ts';
import type { CrossingWay } from '#crossing/crossing.ts';
import type { Link, Route } from '#kernel/links.ts';

const member = (node: string, index: number, address = `192.168.0.${10 + index}`): PoolMember => ({
  node,
  addresses: [address],
  podCIDRs: [`10.12.${index}.0/24`],
});
const network: PoolNetworkStatus = {
  provider: 'skerry',
  routing: 'auto',
  clusterCIDRs: ['10.12.0.0/16'],
  members: [member('a', 1), member('b', 2), member('c', 3, '172.16.0.3')],
};
const eth0: Link = {
  ifname: 'eth0',
  mtu: 1500,
  flags: ['UP'],
  addr_info: [{ local: '192.168.0.11', prefixlen: 24, family: 'inet' }],
};
const ways = new Map<string, Route>([
  ['192.168.0.12', { dst: '192.168.0.12', dev: 'eth0', flags: [] }],
  ['172.16.0.3', { dst: '172.16.0.3', gateway: '192.168.0.1', dev: 'eth0', flags: [] }],
]);
const plan = (status: Partial<PoolNetworkStatus> = {}, crossingWays: readonly CrossingWay[] = []) =>
  planFabric({ ...network, ...status }, { nodeName: 'a', links: [eth0], ways, crossingWays, hasIpv6: true });
const bare: KernelState = { links: [eth0], routes: [], behind: new Map() };

const direct = '10.12.2.0/24 via 192.168.0.12 dev eth0 protocol 83';
const tunnelled = (index: number) =>
  `10.12.${index}.0/24 via 10.12.${index}.0 dev skerry-vxlan protocol 83 onlink`;

test.each<[PoolNetworkStatus['routing'], readonly string[], number]>([
  ['auto', [direct, tunnelled(3)], 1450],
  ['vxlan', [tunnelled(2), tunnelled(3)], 1450],
  ['host-gw', [direct], 1500],
])('with %s the pods of other machines are reached by %j', (routing, routes, mtu) => {
  const commands = difference(plan({ routing }), bare);
  expect(commands.routes).toEqual([
    ...routes.map((route) => `route add ${route}`),
    'route add unreachable 10.12.0.0/16 protocol 83',
  ]);
  expect(plan({ routing }).podMtu).toBe(mtu);
});

test.each([
  [9_000, 8_950],
  [1_400, 1_350],
  [1_300, 1_280],
])('over an uplink of %i bytes pods and the tunnel have %i', (mtu, expected) => {
  const links = [{ ...eth0, mtu }];
  const { podMtu, tunnels } = planFabric(network, {
    nodeName: 'a',
    links,
    ways,
    crossingWays: [],
    hasIpv6: true,
  });
  expect([podMtu, tunnels[0]?.mtu]).toEqual([expected, expected]);
});

test('the tunnel learns nothing from packets: whoever is behind it is told to the kernel', () => {
  const { ip, bridge } = difference(plan(), bare);
  expect(ip).toEqual([
    'link add name skerry-vxlan address 0e:53:0a:0c:01:00 mtu 1450 type vxlan id 5363 dstport 8472 local 192.168.0.11 nolearning',
    'address replace 10.12.1.0/32 dev skerry-vxlan',
    'link set dev skerry-vxlan up',
    'neighbour replace 10.12.3.0 lladdr 0e:53:0a:0c:03:00 dev skerry-vxlan nud permanent',
  ]);
  expect(bridge).toEqual(['fdb append 0e:53:0a:0c:03:00 dev skerry-vxlan dst 172.16.0.3 self permanent']);
});

/** The kernel as it is after the plan for `network` was applied. */
const held: KernelState = {
  links: [
    eth0,
    {
      ifname: 'skerry-vxlan',
      mtu: 1450,
      flags: ['UP'],
      address: '0e:53:0a:0c:01:00',
      linkinfo: {
        info_kind: 'vxlan',
        info_data: { id: 5363, port: 8472, local: '192.168.0.11', learning: false },
      },
      addr_info: [{ local: '10.12.1.0', prefixlen: 32, family: 'inet' }],
    },
  ],
  routes: [
    { dst: '10.12.2.0/24', gateway: '192.168.0.12', dev: 'eth0', flags: [] },
    { dst: '10.12.3.0/24', gateway: '10.12.3.0', dev: 'skerry-vxlan', flags: ['onlink'] },
    { type: 'unreachable', dst: '10.12.0.0/16', flags: [] },
  ],
  behind: new Map([
    [
      'skerry-vxlan',
      {
        neighbours: [{ address: '10.12.3.0', mac: '0e:53:0a:0c:03:00' }],
        forwarding: [{ mac: '0e:53:0a:0c:03:00', remote: '172.16.0.3' }],
      },
    ],
  ]),
};

test('what is right already is not touched', () => {
  expect(difference(plan(), held)).toEqual({ ip: [], bridge: [], routes: [] });
});

test('a machine that leaves takes its routes, neighbour and forwarding with it', () => {
  const { ip, bridge, routes } = difference(plan({ members: network.members.slice(0, 1) }), held);
  expect(ip).toEqual(['neighbour delete 10.12.3.0 dev skerry-vxlan']);
  expect(bridge).toEqual(['fdb delete 0e:53:0a:0c:03:00 dev skerry-vxlan dst 172.16.0.3 self']);
  expect(routes).toEqual(['route delete 10.12.2.0/24 protocol 83', 'route delete 10.12.3.0/24 protocol 83']);
});

test('a machine that has another address now is reached there', () => {
  const moved = [member('a', 1), member('b', 2), member('c', 3, '172.16.0.4')];
  expect(difference(plan({ members: moved }), held)).toEqual({
    ip: [],
    bridge: [
      'fdb delete 0e:53:0a:0c:03:00 dev skerry-vxlan dst 172.16.0.3 self',
      'fdb append 0e:53:0a:0c:03:00 dev skerry-vxlan dst 172.16.0.4 self permanent',
    ],
    routes: [],
  });
});

test('a device that is not as it should be is made anew, with all that was on it', () => {
  const links = held.links.map((link) =>
    link.ifname === 'eth0' ? link : { ...link, linkinfo: { info_kind: 'vxlan', info_data: { id: 1 } } },
  );
  const { ip, bridge, routes } = difference(plan(), { ...held, links });
  expect(ip[0]).toBe('link delete skerry-vxlan');
  expect(bridge).toHaveLength(1);
  expect(routes).toEqual([`route add ${tunnelled(3)}`]);
});

test.each<Partial<PoolNetworkStatus>>([{ provider: 'host' }, { provider: 'external' }, { members: [] }])(
  'with %o nothing of ours stays',
  (status) => {
    const { ip, routes } = difference(plan(status), held);
    expect(ip).toContain('link delete skerry-vxlan');
    expect(routes).toContain('route delete 10.12.2.0/24 protocol 83');
    expect(routes).toContain('route delete unreachable 10.12.0.0/16 protocol 83');
  },
);

test.each<[string, string | undefined, readonly string[]]>([
  [
    'through a machine on the same link layer',
    'b',
    ['10.13.0.0/24 via 192.168.0.12 dev eth0 protocol 83 src 10.12.1.0'],
  ],
  [
    'through a machine behind the tunnel',
    'c',
    ['10.13.0.0/24 via 10.12.3.0 dev skerry-vxlan protocol 83 src 10.12.1.0 onlink'],
  ],
  [
    'from a gateway itself',
    'a',
    ['10.13.0.0/24 via 169.254.83.1 dev skerry-cross protocol 83 src 10.12.1.0 onlink'],
  ],
  ['not while no gateway is well', undefined, []],
])("another pool's pods are reached %s", (_, gateway, routes) => {
  const crossingWays = [{ ranges: ['10.13.0.0/24'], gateway }];
  const crossings = [{ pool: 'other', ranges: [], gateways: gateway ? [gateway] : [], peerGateways: [] }];
  const added = difference(plan({ crossings }, crossingWays), bare).routes.filter((route) =>
    route.includes('10.13.'),
  );
  expect(added).toEqual(routes.map((route) => `route add ${route}`));
});

test('a gateway whose kernel has WireGuard sends through the device of the other gateway', () => {
  const crossings = [{ pool: 'other', ranges: [], gateways: ['a'], peerGateways: [] }];
  const ways = [{ ranges: ['10.13.0.0/24'], gateway: 'a', device: 'skerry-wg0' }];
  const { routes } = difference(plan({ crossings }, ways), bare);
  expect(routes).toContain('route add 10.13.0.0/24 dev skerry-wg0 protocol 83 src 10.12.1.0');
  const there = { dst: '10.13.0.0/24', dev: 'skerry-wg0', prefsrc: '10.12.1.0', flags: [] };
  const again = difference(plan({ crossings }, ways), { ...bare, routes: [there] });
  expect(again.routes.join()).not.toContain('10.13.0.0');
});

test("a gateway's packets for other pools leave the kernel for this process", () => {
  const crossings = [{ pool: 'other', ranges: [], gateways: ['a'], peerGateways: [] }];
  const { ip, bridge } = difference(plan({ crossings }), bare);
  expect(ip).toContain(
    'link add name skerry-cross address 0e:53:ff:00:00:01 mtu 1500 type vxlan id 5364 dstport 8473 local 127.0.0.1 nolearning',
  );
  expect(bridge).toContain(
    'fdb append 0e:53:ff:00:00:02 dev skerry-cross dst 127.255.255.255 port 8474 self permanent',
  );
});

describe('where pods have addresses of both families', () => {
  const wide = (index: number) => ({
    ...member(String.fromCharCode(96 + index), index, index === 3 ? '172.16.0.3' : undefined),
    podCIDRs: [`10.12.${index}.0/24`, `fd00:10:12:${index}::/64`],
  });
  const both: PoolNetworkStatus = {
    ...network,
    clusterCIDRs: ['10.12.0.0/16', 'fd00:10:12::/56'],
    members: [wide(1), wide(2), wide(3)],
  };
  const wideTunnel = (index: number) =>
    `route add fd00:10:12:${index}::/64 via fe80::a0c:${index}00 dev skerry-vxlan protocol 83 onlink`;
  const planned = (hasIpv6: boolean, { members = both.members, more = {} } = {}) =>
    difference(
      planFabric(
        { ...both, members, ...more },
        {
          nodeName: 'a',
          links: [eth0],
          ways: new Map([...ways, ['fd01::12', { dst: 'fd01::12', dev: 'eth0', flags: [] }]]),
          crossingWays: [{ ranges: ['10.13.0.0/24', 'fd00:10:13::/64'], gateway: 'a' }],
          hasIpv6,
        },
      ),
      bare,
    );

  test('both go through the tunnel, and to a machine whose IPv6 address is near by a plain route', () => {
    const { ip, bridge, routes } = planned(true);
    expect(ip).toContain('address replace fd00:10:12:1::/128 dev skerry-vxlan nodad');
    expect(ip).toContain(
      'neighbour replace fe80::a0c:300 lladdr 0e:53:0a:0c:03:00 dev skerry-vxlan nud permanent',
    );
    expect(bridge).toEqual([
      'fdb append 0e:53:0a:0c:03:00 dev skerry-vxlan dst 172.16.0.3 self permanent',
      'fdb append 0e:53:0a:0c:02:00 dev skerry-vxlan dst 192.168.0.12 self permanent',
    ]);
    expect(routes).toEqual(expect.arrayContaining([`route add ${direct}`, wideTunnel(2), wideTunnel(3)]));
    expect(routes).toContain('route add unreachable fd00:10:12::/56 protocol 83');
    const [a, b, c] = both.members;
    const near = { ...b!, addresses: [...b!.addresses, 'fd01::12'] };
    expect(planned(true, { members: [a!, near, c!] }).routes).toContain(
      'route add fd00:10:12:2::/64 via fd01::12 dev eth0 protocol 83',
    );
  });

  test("another pool's are reached in both", () => {
    const crossings = [{ pool: 'other', ranges: [], gateways: ['a'], peerGateways: [] }];
    const { ip, routes } = planned(true, { more: { crossings } });
    expect(ip).toContain(
      'neighbour replace fe80::53 lladdr 0e:53:ff:00:00:02 dev skerry-cross nud permanent',
    );
    expect(routes).toContain(
      'route add fd00:10:13::/64 via fe80::53 dev skerry-cross protocol 83 src fd00:10:12:1:: onlink',
    );
  });

  test('a machine without IPv6 has those of IPv4 alone', () => {
    expect(JSON.stringify(planned(false))).not.toContain('fd00');
  });
});
