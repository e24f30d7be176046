import { expect, test } from 'vitest';
import { selectRange } from '#views/select-range.ts';

/** A small congruential generator: the same numbers in every run. */
function numbers(count: number, below: number): number[] {
  let seed = 42;
  return Array.from({ length: count }, () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed % below;
  });
}
const compare = (a: number, b: number) => a - b;

test.each([
  [0, 0, 10],
  [1, 0, 1],
  [1000, 0, 50],
  [1000, 500, 550],
  [1000, 990, 2000],
  [1000, 1000, 1050],
  [1000, 0, 1000],
])('of %i numbers, positions %i to %i are those of the sorted whole', (count, from, to) => {
  for (const below of [3, 1_000_000]) {
    const array = numbers(count, below);
    const sorted = array.toSorted(compare);
    expect(selectRange([...array], { from, to, compare })).toEqual(sorted.slice(from, to));
    expect(selectRange(sorted.toReversed(), { from, to, compare })).toEqual(sorted.slice(from, to));
  }
});
