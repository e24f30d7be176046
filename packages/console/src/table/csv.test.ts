import { expect, test } from 'vitest';
import { toCsv } from './csv.ts';

test.each([
  ['plain', 'plain'],
  ['a,b', '"a,b"'],
  ['say "hi"', '"say ""hi"""'],
  ['=cmd()', "'=cmd()"],
  ['-1', "'-1"],
  ['@x', "'@x"],
])('%j is written %s', (cell, expected) => {
  expect(toCsv([[cell]])).toBe(expected);
});

test('rows end as spreadsheets expect', () => {
  expect(
    toCsv([
      ['a', 'b'],
      ['c', 'd'],
    ]),
  ).toBe('a,b\r\nc,d');
});
