import { expect, test } from 'vitest';
import { flatLayout, rowsOf, wrappedLayout } from './line-layout.ts';

test.each([
  ['', 1],
  ['0123456789', 1],
  ['01234567890', 2],
  ['012345678901234567890', 3],
  ['日本語日本', 2],
  ['\ta', 1],
  ['\t\ta', 2],
])('%j takes %i rows of ten columns', (text, rows) => {
  expect(rowsOf(text, 10)).toBe(rows);
});

test('lines are found by row and rows by line', () => {
  const layout = wrappedLayout(['a', 'b'.repeat(25), 'c'], 10);
  expect(layout.rows).toBe(5);
  expect([0, 1, 2].map(layout.topOf)).toEqual([0, 1, 4]);
  expect([0, 1, 2, 3, 4, 99].map(layout.indexAt)).toEqual([0, 1, 1, 1, 2, 2]);
});

test('unwrapped, a line is a row', () => {
  const layout = flatLayout(3);
  expect([layout.rows, layout.topOf(2), layout.indexAt(1.7)]).toEqual([3, 2, 1]);
});
