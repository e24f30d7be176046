import type { Row } from '@skerry/center/contract';
import { expect, test } from 'vitest';
import { holdRows } from './held-order.ts';

function row(key: string, cell = ''): Row {
  return { key, name: key, cells: [cell], created: '' };
}
const held = [row('a'), row('b'), row('c')];

test('held rows keep their place and show what is new in them', () => {
  const { rows, waiting } = holdRows(held, [row('a'), row('b', 'new'), row('c')]);
  expect(rows.map((one) => one.cells[0])).toEqual(['', 'new', '']);
  expect(waiting).toBe(0);
});

test.each([
  ['one that came', [row('n'), row('a'), row('b'), row('c')], 1],
  ['one that went', [row('a'), row('c')], 1],
  ['two that changed places', [row('b'), row('a'), row('c')], 2],
])('%s waits', (_, latest, waiting) => {
  const result = holdRows(held, latest);
  expect(result.rows.map((one) => one.key)).toEqual(['a', 'b', 'c']);
  expect(result.waiting).toBe(waiting);
});
