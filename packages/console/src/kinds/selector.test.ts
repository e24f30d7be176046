import { expect, test } from 'vitest';
import { selectorText } from './selector.ts';

test.each([
  [{ matchLabels: { app: 'web', tier: 'front' } }, 'app=web,tier=front'],
  [{ matchExpressions: [{ key: 'app', operator: 'In', values: ['a', 'b'] }] }, 'app in (a,b)'],
  [{ matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['a'] }] }, 'app notin (a)'],
  [{ matchLabels: { app: 'web' }, matchExpressions: [{ key: 'new', operator: 'Exists' }] }, 'app=web,new'],
  [{ matchExpressions: [{ key: 'old', operator: 'DoesNotExist' }] }, '!old'],
  [undefined, ''],
])('%j is written %j', (selector, expected) => {
  expect(selectorText(selector)).toBe(expected);
});
