import { expect, test } from 'vitest';
import { hasToken, toggleToken, tokensOf } from './filter-tokens.ts';

test('tokens are told from free text', () => {
  expect(tokensOf('web status:NotReady -ns:kube-system why:"no space" http://x')).toEqual(
    [
      { key: 'status', value: 'NotReady', isExcluded: false },
      { key: 'ns', value: 'kube-system', isExcluded: true },
      { key: 'why', value: 'no space', isExcluded: false },
    ].concat(tokensOf('http://x') as never),
  );
});

test.each([
  ['', 'pool', 'osaka', 'pool:osaka'],
  ['web', 'pool', 'osaka', 'web pool:osaka'],
  ['web pool:osaka', 'pool', 'osaka', 'web'],
  ['-pool:osaka', 'pool', 'osaka', '-pool:osaka pool:osaka'],
  ['', 'status', 'Not Ready', 'status:"Not Ready"'],
  ['status:"Not Ready"', 'status', 'Not Ready', ''],
])('toggling in %j %s:%s gives %j', (filter, key, value, expected) => {
  expect(toggleToken(filter, key, value)).toBe(expected);
});

test('a token that leaves out does not count as one that asks for', () => {
  expect(hasToken('-pool:osaka', 'pool', 'osaka')).toBe(false);
  expect(hasToken('pool:osaka', 'pool', 'osaka')).toBe(true);
});
