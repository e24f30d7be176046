import { expect, test } from 'vitest';
import type { PoolNetworkStatus } from '@skerry/api';
import { overlapOf } from '#fabric/overlap.ts';

const network: PoolNetworkStatus = {
  provider: 'skerry',
  routing: 'auto',
  clusterCIDRs: ['10.12.0.0/16', 'fd00:10:12::/56'],
  members: [{ node: 'a', addresses: [], podCIDRs: ['10.12.3.0/24', 'fd00:10:12:3::/64'] }],
};

test.each([
  ['a network apart', 'eth0', '192.168.0.10', 24, undefined],
  ["another part of the cluster's range", 'eth0', '10.12.9.4', 24, undefined],
  ['the same network', 'eth0', '10.12.3.7', 24, 'eth0 (10.12.3.7/24)'],
  ['a wider network', 'bond0', '10.12.200.7', 16, 'bond0 (10.12.200.7/16)'],
  ['a single address of it', 'lo', '10.12.3.7', 32, 'lo (10.12.3.7/32)'],
  ['the same network of IPv6', 'eth0', 'fd00:10:12:3::7', 64, 'eth0 (fd00:10:12:3::7/64)'],
  ["the pods' own bridge", 'cni0', '10.12.3.1', 24, undefined],
  ["the tunnel's end", 'skerry-vxlan', '10.12.3.0', 32, undefined],
])('%s: interface %s with %s/%i', (_, ifname, local, prefixlen, expected) => {
  const links = [{ ifname, mtu: 1_500, flags: [], addr_info: [{ local, prefixlen, family: 'inet' }] }];
  const said = overlapOf(network, { nodeName: 'a', links });
  if (expected === undefined) expect(said).toBeUndefined();
  else expect(said).toContain(expected);
});
