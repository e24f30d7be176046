import { expect, test } from 'vitest';
import { matchesPattern, patternFault } from './pattern.ts';

test.each<[pattern: string, text: string, matches: boolean]>([
  ['b', 'abc', true],
  ['^b', 'abc', false],
  ['^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', 'a-b', true],
  ['^\\p{L}+$', 'añb', true],
  ['(?i)^A$', 'a', true],
  ['(', '(', false],
])('%s in %s: %s', (pattern, text, matches) => {
  expect(matchesPattern(pattern, text)).toBe(matches);
});

test.each(['^(a+)+$', '^(a|a)*$', '^(a|aa)+$', '^([a-z]+)*$'])('%s takes no time to miss', (pattern) => {
  // Backtracking would take longer than the universe has been.
  expect(matchesPattern(pattern, `${'a'.repeat(5000)}!`)).toBe(false);
});

test.each([
  ['(', /error parsing regexp/],
  ['(?=a)', /error parsing regexp/],
  ['(a)\\1', /error parsing regexp/],
  ['a'.repeat(5000), /longer than 4096/],
])('%s can not be read', (pattern, fault) => {
  expect(patternFault(pattern)).toMatch(fault);
});
