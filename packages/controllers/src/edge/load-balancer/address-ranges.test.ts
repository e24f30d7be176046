import { expect, test } from 'vitest';
import { freeAddress, isInRanges, parseRanges } from '#edge/load-balancer/address-ranges.ts';

test('ranges are written from one address to another, as a network, or as one address', () => {
  const { ranges, faults } = parseRanges('192.168.0.200-192.168.0.201, 192.168.1.5/30,10.0.0.7');
  expect(faults).toEqual([]);
  const taken = new Set<string>();
  const all: string[] = [];
  for (let next = freeAddress(ranges, (one) => taken.has(one)); next;) {
    all.push(next);
    taken.add(next);
    next = freeAddress(ranges, (one) => taken.has(one));
  }
  expect(all).toEqual([
    '192.168.0.200',
    '192.168.0.201',
    '192.168.1.4',
    '192.168.1.5',
    '192.168.1.6',
    '192.168.1.7',
    '10.0.0.7',
  ]);
  expect(isInRanges('192.168.1.7', ranges)).toBe(true);
  expect(isInRanges('192.168.1.8', ranges)).toBe(false);
});

test.each([
  ['10.0.0.9-10.0.0.1', 'ends before it begins'],
  ['10.0.0.0/33', 'no prefix length'],
  ['10.0.0.0/8', 'more than 65536 addresses'],
  ['fd00::1', 'no range of IPv4 addresses'],
  ['10.0.0.0/30-10.0.0.9', 'no range of IPv4 addresses'],
])('%s is told to be wrong, and the rest counts', (text, fault) => {
  const { ranges, faults } = parseRanges(`${text},10.0.0.1`);
  expect(faults.join()).toContain(fault);
  expect(ranges).toHaveLength(1);
});
