import { expect, test } from 'vitest';
import { formatAddress, parseAddress, serviceNetwork } from '#allocation/network.ts';

const addresses: [text: string, value: bigint | undefined][] = [
  ['10.96.0.1', 174_063_617n],
  ['255.255.255.255', 4_294_967_295n],
  ['0.0.0.0', 0n],
  ['10.0.0.256', undefined],
  ['10.0.0', undefined],
  ['fd00::1', (0xfd00n << 112n) + 1n],
  ['2001:db8:0:1::', (0x20010db8n << 96n) + (1n << 64n)],
];

test.each(addresses)('%s', (text, value) => {
  const parsed = parseAddress(text);
  expect(parsed?.value).toBe(value);
  if (parsed) expect(formatAddress(parsed.family, parsed.value)).toBe(text);
});

test.each([
  ['10.96.0.0/12', '10.96.0.1', '10.111.255.254', 256n],
  ['10.96.0.0/24', '10.96.0.1', '10.96.0.254', 16n],
  ['10.96.0.16/28', '10.96.0.17', '10.96.0.30', 0n],
  ['fd00::/112', 'fd00::1', 'fd00::ffff', 256n],
  ['fd00::/64', 'fd00::1', 'fd00::ffff:ffff:ffff:ffff', 256n],
] as const)('%s has addresses from %s to %s', (cidr, first, last, lowBand) => {
  const network = serviceNetwork(cidr)!;
  expect(formatAddress(network.family, network.first)).toBe(first);
  expect(formatAddress(network.family, network.last)).toBe(last);
  expect(network.lowBand).toBe(lowBand);
});

test.each(['10.96.0.0/33', '10.96.0.0/32', 'nonsense', 'fd00::/129'])('%s is no network of any', (cidr) => {
  expect(serviceNetwork(cidr)).toBeUndefined();
});
