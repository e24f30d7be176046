import { expect, test } from 'vitest';
import { ReplayWindow } from '#crossing/replay-window.ts';

function taken(counters: readonly number[]): boolean[] {
  const window = new ReplayWindow();
  return counters.map((counter) => {
    const isFresh = window.isFresh(counter);
    if (isFresh) window.take(counter);
    return isFresh;
  });
}

test.each<[string, readonly number[], readonly boolean[]]>([
  ['in order', [0, 1, 2], [true, true, true]],
  ['twice', [0, 0, 5, 5, 3, 3], [true, false, true, false, true, false]],
  ['out of order within the window', [2_000, 100, 1_999, 100], [true, true, true, false]],
  ['from before the window', [10_000, 7_000], [true, false]],
  [
    'after a leap, also where the window wraps',
    [31, 2_079, 2_048, 2_079, 100_000, 99_999, 99_999],
    [true, true, true, false, true, true, false],
  ],
  ['never counted by whole numbers', [-1, 0.5, Number.NaN], [false, false, false]],
])('counters %s', (_, counters, expected) => {
  expect(taken(counters)).toEqual(expected);
});

test('agrees with a set, whatever comes', () => {
  let seed = 7;
  const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  const window = new ReplayWindow();
  const seen = new Set<number>();
  let highest = 0;
  for (let turn = 0; turn < 5_000; turn++) {
    const counter = Math.max(0, highest + Math.floor(random() * 40) - 30);
    expect(window.isFresh(counter)).toBe(!seen.has(counter));
    if (!seen.has(counter)) window.take(counter);
    seen.add(counter);
    highest = Math.max(highest, counter);
  }
});
