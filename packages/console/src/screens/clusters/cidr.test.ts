import { expect, test } from 'vitest';
import { overlap, parseCidr } from './cidr.ts';

test.each([
  ['10.0.0.0/8', '10.244.0.0/16', true],
  ['10.244.0.0/16', '10.96.0.0/12', false],
  ['192.168.1.0/24', '192.168.1.255/32', true],
  ['192.168.1.0/24', '192.168.2.0/24', false],
  ['0.0.0.0/0', '203.0.113.0/24', true],
])('%s and %s share an address: %s', (one, other, expected) => {
  expect(overlap(one, other)).toBe(expected);
});

test.each(['10.0.0.0', '10.0.0/8', '10.0.0.256/24', '10.0.0.0/33', '', 'x/8'])('%j is no range', (text) => {
  expect(parseCidr(text)).toBeUndefined();
});
