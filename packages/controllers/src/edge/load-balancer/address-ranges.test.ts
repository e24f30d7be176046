import { expect, test } from 'vitest';
import { freeAddress, isInRanges, parseRanges } from '#edge/load-balancer/address-ranges.ts';
import type { IPFamily } from '#edge/load-balancer/address-ranges.ts';

/** All that the ranges have of a family, in the order in which they are given out. */
function addressesOf(text: string, family: IPFamily): string[] {
  const { ranges, faults } = parseRanges(text);
  expect(faults).toEqual([]);
  const taken: string[] = [];
  const next = () => freeAddress(ranges, family, (one) => taken.includes(one));
  for (let one = next(); one !== undefined; one = next()) taken.push(one);
  return taken;
}

test('ranges are written from one address to another, as a network, or as one address, of both families', () => {
  const text =
    '192.168.0.200-192.168.0.201, 2001:db8::fe-2001:db8::101, 192.168.1.5/30,10.0.0.7,2001:DB8:1:0::5/127';
  expect(addressesOf(text, 'IPv4')).toEqual([
    '192.168.0.200',
    '192.168.0.201',
    '192.168.1.4',
    '192.168.1.5',
    '192.168.1.6',
    '192.168.1.7',
    '10.0.0.7',
  ]);
  expect(addressesOf(text, 'IPv6')).toEqual([
    '2001:db8::fe',
    '2001:db8::ff',
    '2001:db8::100',
    '2001:db8::101',
    '2001:db8:1::4',
    '2001:db8:1::5',
  ]);
});

test.each([
  ['192.168.1.7', true],
  ['192.168.1.8', false],
  ['2001:db8:0:0::3', true],
  ['2001:db8::4', false],
  // The same number, of the other family.
  ['::c0a8:104', false],
  ['not an address', false],
])('%s is in the ranges: %s', (address, expected) => {
  const { ranges } = parseRanges('192.168.1.4/30,2001:db8::/126');
  expect(isInRanges(address, ranges)).toBe(expected);
});

const reserved = [
  { network: '10.12.0.0/16', is: 'of pods' },
  { network: 'fd00:10:96::/112', is: 'of Services' },
];

test.each([
  ['10.0.0.9-10.0.0.1', 'ends before it begins'],
  ['10.0.0.0/33', 'no prefix length from 0 to 32'],
  ['2001:db8::/129', 'no prefix length from 0 to 128'],
  ['10.0.0.0/8', 'more than 65536 addresses'],
  ['2001:db8::/64', 'more than 65536 addresses'],
  ['fd00::1%eth0', 'no range of addresses'],
  ['::ffff:10.0.0.9', 'no range of addresses'],
  ['10.0.0.0/30-10.0.0.9', 'no range of addresses'],
  ['10.0.0.4-10.0.0.5-10.0.0.6', 'no range of addresses'],
  ['10.0.0.4-fd00::5', 'begins with an IPv4 address and ends with an IPv6 address'],
  ['10.0.0.0/30', 'overlaps "10.0.0.1", which is named before it'],
  ['fe80::5', 'overlaps fe80::/10, which is link-local addresses'],
  ['127.0.0.5', 'overlaps 127.0.0.0/8'],
  ['239.1.1.1', 'overlaps 224.0.0.0/3'],
  ['10.11.255.254-10.12.0.3', 'overlaps 10.12.0.0/16, which is of pods'],
  ['fd00:10:96::f0/124', 'overlaps fd00:10:96::/112, which is of Services'],
])('%s is told to be wrong, and the rest counts', (text, fault) => {
  const { ranges, faults } = parseRanges(`10.0.0.1,${text}`, reserved);
  expect(faults).toHaveLength(1);
  expect(faults[0]).toContain(fault);
  expect(ranges).toHaveLength(1);
});
