import { expect, test } from 'vitest';
import { firstAddress, isExtended, rangesFault, rangesOverlap } from './ranges.ts';

test('the API service has the first address of its range', () => {
  expect(firstAddress('10.96.0.0/16')).toBe('10.96.0.1');
  expect(firstAddress('10.96.7.0/12,fd00::/112')).toBe('10.96.0.1');
});

const lengths = { min: 64, max: 124 };

test.each([
  ['10.96.0.0/16', undefined],
  ['10.96.0.0/16,fd00::/112', undefined],
  ['10.96.0.0/30', /must be an IPv4 range/],
  ['fd00::/112,10.96.0.0/16', /must be an IPv4 range/],
  ['10.96.0.0/16,fd00::1/112', /must not have bits set beyond the prefix length/],
  ['10.96.0.0/16,fd00::/56', /must have a prefix length of 64 to 124/],
  ['10.96.0.0/16,fd00::/112,fd01::/112', /must be one range, or one/],
])('%s', (text, fault) => {
  const found = rangesFault(text, lengths);
  if (fault) expect(found).toMatch(fault);
  else expect(found).toBeUndefined();
});

test('ranges of one family overlap, and only a second family may come to one', () => {
  expect(rangesOverlap('10.0.0.0/8,fd00::/56', '192.168.0.0/16,fd00:0:0:80::/112')).toBe(true);
  expect(rangesOverlap('10.0.0.0/8,fd00::/56', '192.168.0.0/16,fd01::/112')).toBe(false);
  expect(isExtended('10.0.0.0/8', '10.0.0.0/8,fd00::/56')).toBe(true);
  expect(isExtended('10.0.0.0/8', '11.0.0.0/8,fd00::/56')).toBe(false);
  expect(isExtended('10.0.0.0/8,fd00::/56', '10.0.0.0/8')).toBe(false);
});
