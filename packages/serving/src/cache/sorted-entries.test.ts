import { array, assert, integer, property } from 'fast-check';
import { expect, test } from 'vitest';
import type { CachedObject } from '#contract.ts';
import { SortedEntries } from '#cache/sorted-entries.ts';

type Entry = Pick<CachedObject, 'key'> & { readonly state: number };
const entries = () => new SortedEntries<Entry & CachedObject>();
const entry = (key: string, state = 0) => ({ key, state }) as Entry & CachedObject;
const keyOf = (number: number) => `ns-${number % 3}/${String(number).padStart(5, '0')}`;

/** What one array would say. */
function expectSame(sorted: SortedEntries<Entry & CachedObject>, model: ReadonlyMap<string, number>): void {
  const keys = [...model.keys()].sort();
  const all = sorted.slice(0, sorted.endOf(''));
  expect(all.map(({ key, state }) => [key, state])).toEqual(keys.map((key) => [key, model.get(key)]));
  for (const prefix of ['ns-0/', 'ns-1/', 'ns-2/', 'ns-3/']) {
    const [start, end] = [sorted.lowerBound(prefix), sorted.endOf(prefix)];
    expect(keys.slice(start, end)).toEqual(keys.filter((key) => key.startsWith(prefix)));
    const middle = start + Math.floor((end - start) / 2);
    expect(sorted.at(middle)?.key).toBe(keys[middle]);
    expect(sorted.slice(start + 1, middle).map(({ key }) => key)).toEqual(keys.slice(start + 1, middle));
  }
  expect(sorted.at(keys.length)).toBeUndefined();
}

test('objects that come, change and go in any order are read in the order of keys', () => {
  const numbers = array(integer({ min: 0, max: 4_000 }), { minLength: 1, maxLength: 3_000 });
  assert(
    property(numbers, numbers, numbers, (first, put, removed) => {
      const sorted = entries();
      const model = new Map<string, number>(first.map((number) => [keyOf(number), 0]));
      sorted.reset([...model.keys()].map((key) => entry(key)));
      for (const [state, number] of put.entries()) {
        sorted.put(entry(keyOf(number), state));
        model.set(keyOf(number), state);
      }
      expectSame(sorted, model);
      for (const number of [...removed, ...first]) {
        sorted.remove(keyOf(number));
        model.delete(keyOf(number));
      }
      expectSame(sorted, model);
    }),
    { numRuns: 50 },
  );
});

test.each(['forwards', 'backwards'])('thousands that come %s and go again leave nothing', (order) => {
  const numbers = Array.from({ length: 5_000 }, (_, index) => index);
  const inOrder = order === 'forwards' ? numbers : numbers.toReversed();
  const sorted = entries();
  for (const number of inOrder) sorted.put(entry(keyOf(number)));
  expectSame(sorted, new Map(numbers.map((number) => [keyOf(number), 0])));
  for (const number of inOrder) sorted.remove(keyOf(number));
  expectSame(sorted, new Map());
});

test('where nothing is, nothing is found', () => {
  const sorted = entries();
  sorted.remove('ns-0/a');
  expectSame(sorted, new Map());
  expect(sorted.lowerBound('ns-0/a')).toBe(0);
});
