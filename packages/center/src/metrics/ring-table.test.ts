import { expect, test } from 'vitest';
import { RingTable } from '#metrics/ring-table.ts';

const table = (more: Partial<ConstructorParameters<typeof RingTable>[0]> = {}) =>
  new RingTable({ stepMs: 1000, steps: 4, values: 2, thingsMax: 3, ...more });

test('what is written is read at its step, and what was not is a gap', () => {
  const ring = table();
  ring.write('a', 10_000, [1, 10]);
  ring.write('a', 12_999, [3, 30]);
  expect(ring.read('a', 0, 13_000)).toEqual([1, null, 3, null]);
  expect(ring.read('a', 1, 13_000)).toEqual([10, null, 30, null]);
  expect(ring.times(13_000)).toEqual([10, 11, 12, 13]);
  expect(ring.read('b', 0, 13_000)).toEqual([null, null, null, null]);
});

test('what is older than the table is forgotten, also over a long gap', () => {
  const ring = table();
  for (let second = 0; second < 10; second++) ring.write('a', second * 1000, [second, 0]);
  expect(ring.read('a', 0, 9_000)).toEqual([6, 7, 8, 9]);
  expect(ring.read('a', 0, 11_000)).toEqual([8, 9, null, null]);
  ring.write('a', 30_000, [30, 0]);
  expect(ring.read('a', 0, 30_000)).toEqual([null, null, null, 30]);
});

test('a clock that is set back overwrites nothing', () => {
  const ring = table();
  ring.write('a', 10_000, [1, 0]);
  ring.write('a', 6_000, [2, 0]);
  expect(ring.read('a', 0, 10_000)).toEqual([null, null, null, 1]);
});

test('holds so many things and no more, until old ones go', () => {
  const ring = table();
  expect(['a', 'b', 'c', 'd'].map((thing) => ring.write(thing, 1000, [1, 1]))).toEqual([
    true,
    true,
    true,
    false,
  ]);
  ring.write('c', 8_000, [7, 7]);
  ring.sweep(8_000);
  expect(ring.size).toBe(1);
  expect(ring.write('d', 8_000, [9, 9])).toBe(true);
  expect(ring.read('d', 0, 8_000)).toEqual([null, null, null, 9]);
  expect(ring.read('c', 0, 8_000)).toEqual([null, null, null, 7]);
});

test('grows to what it is allowed', () => {
  const ring = table({ thingsMax: 1000 });
  for (let thing = 0; thing < 1000; thing++) ring.write(`t${thing}`, 1000, [thing, 0]);
  expect(ring.bytes).toBe(1000 * 4 * 2 * 4);
  expect(ring.read('t999', 0, 1000)).toEqual([null, null, null, 999]);
});
