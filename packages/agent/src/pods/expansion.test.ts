import { expect, test } from 'vitest';
import { expand } from '#pods/expansion.ts';

const values: Record<string, string> = { A: 'x', EMPTY: '', NESTED: '$(A)' };

test.each([
  ['$(A)', 'x'],
  ['<$(A)$(A)>', '<xx>'],
  ['$(EMPTY)', ''],
  ['$(UNKNOWN)', '$(UNKNOWN)'],
  ['$$(A)', '$(A)'],
  ['$$$(A)', '$x'],
  ['$(A', '$(A'],
  ['$A', '$A'],
  ['a$', 'a$'],
  ['$()', '$()'],
  ['$(NESTED)', '$(A)'],
])('%s becomes %s', (text, expected) => {
  expect(expand(text, (name) => values[name])).toBe(expected);
});
