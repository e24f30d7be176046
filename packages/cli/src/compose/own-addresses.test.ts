import { expect, test } from 'vitest';
import { ipv6AddressBeside } from './own-addresses.ts';

const held = (...cidrs: string[]) =>
  cidrs.map((cidr) => {
    const [address = ''] = cidr.split('/');
    const family = address.includes(':') ? ('IPv6' as const) : ('IPv4' as const);
    return { address, netmask: '', family, mac: '', internal: false, cidr, scopeid: 0 };
  }) as never[];

test.each<[string, string[], string | undefined]>([
  ['the one in a network', ['192.168.0.10/24', 'fe80::1/64', 'fd53::10/64'], 'fd53::10'],
  ['not that of a load balancer', ['192.168.0.10/24', 'fd53::200/128', 'fd53::10/64'], 'fd53::10'],
  ['nor where it is the only one', ['192.168.0.10/24', 'fd53::200/128'], undefined],
  ['but one from DHCP', ['192.168.0.10/24', 'fd53::200/128', 'fd53::7/128'], 'fd53::7'],
  ['none of another interface', ['192.168.0.11/24', 'fd53::10/64'], undefined],
])("a machine's own IPv6 address is %s", (_, cidrs, expected) => {
  const interfaces = { lo: held('127.0.0.1/8'), eth0: held(...cidrs) };
  expect(ipv6AddressBeside('192.168.0.10', () => new Set(['fd53::200']), interfaces)).toBe(expected);
});
