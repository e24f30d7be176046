import { expect, test } from 'vitest';
import { NumberRange } from '#allocation/number-range.ts';

test('the low band is taken from only when the rest is full', () => {
  const range = new NumberRange({ first: 10, last: 19, lowBand: 4, random: () => 0.99 });
  const taken = Array.from({ length: 10 }, () => range.takeAny()!);
  expect(taken.slice(0, 6).every((value) => value >= 14)).toBe(true);
  expect(taken.toSorted((a, b) => a - b)).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
  expect(range.takeAny()).toBeUndefined();
  range.release(12);
  expect(range.takeAny()).toBe(12);
});

test('a number is taken once', () => {
  const range = new NumberRange({ first: 1, last: 3, random: () => 0 });
  expect([range.take(2), range.take(2)]).toEqual([true, false]);
});
