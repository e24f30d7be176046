import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareNatural } from '#views/natural-order.ts';

test.each([
  [
    ['a10', 'a2', 'a1'],
    ['a1', 'a2', 'a10'],
  ],
  [
    ['node-10', 'node-9', 'node-1-2', 'node-1-10'],
    ['node-1-2', 'node-1-10', 'node-9', 'node-10'],
  ],
  [
    ['v1.30.7', 'v1.4.0', 'v1.30.10'],
    ['v1.4.0', 'v1.30.7', 'v1.30.10'],
  ],
  [
    ['a1', 'a01', 'a001'],
    ['a001', 'a01', 'a1'],
  ],
  [
    ['b', 'a', '10', '9'],
    ['9', '10', 'a', 'b'],
  ],
  [
    ['x99999999999999999999', 'x100000000000000000000'],
    ['x99999999999999999999', 'x100000000000000000000'],
  ],
  [
    ['web-1', 'web', 'web-'],
    ['web', 'web-', 'web-1'],
  ],
])('%j is sorted as %j', (names, expected) => {
  expect(names.toSorted(compareNatural)).toEqual(expected);
});

test('it is an order: of any three names', () => {
  const name = fc.string({ unit: fc.constantFrom('a', '-', '0', '1', '9', '.'), maxLength: 6 });
  fc.assert(
    fc.property(name, name, name, (a, b, c) => {
      const sign = (one: string, other: string) => Math.sign(compareNatural(one, other));
      expect(sign(a, b)).toBe(-sign(b, a) || 0);
      expect(sign(a, b) === 0).toBe(a === b);
      if (sign(a, b) <= 0 && sign(b, c) <= 0) expect(sign(a, c)).toBeLessThanOrEqual(0);
    }),
    { numRuns: 20_000 },
  );
});
