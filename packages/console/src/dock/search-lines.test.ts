import { expect, test } from 'vitest';
import { mark, matcherOf } from './search-lines.ts';

function found(wanted: string, text: string, isRegExp = false): string[] {
  const matcher = matcherOf(wanted, { isRegExp });
  return typeof matcher === 'function' ? matcher(text).map(([from, to]) => text.slice(from, to)) : [];
}

test.each<[string, string, boolean, string[]]>([
  ['error', 'An ERROR and an error', false, ['ERROR', 'error']],
  ['a.c', 'abc a.c', false, ['a.c']],
  ['a.c', 'abc a.c', true, ['abc', 'a.c']],
  ['x*', 'abc', true, []],
  ['', 'abc', false, []],
])('%j in %j (expression: %j)', (wanted, text, isRegExp, expected) => {
  expect(found(wanted, text, isRegExp)).toEqual(expected);
});

test('an expression that is none is told', () => {
  expect(matcherOf('(', { isRegExp: true })).toHaveProperty('error');
});

test('a match that goes over pieces of other colours is marked in each', () => {
  const matches = [[3, 7]] as const;
  expect(mark('one t', 0, matches)).toEqual([
    { text: 'one', isMatch: false },
    { text: ' t', isMatch: true },
  ]);
  expect(mark('wo three', 5, matches)).toEqual([
    { text: 'wo', isMatch: true },
    { text: ' three', isMatch: false },
  ]);
});
