import { expect, test } from 'vitest';
import { matchScore } from '#search/match-score.ts';

const beside = { around: 'tokyo pod', namespace: 'shop' };

test.each<[string, string[]]>([
  ['web', ['web', 'web-api', 'old-web', 'cobweb-x']],
  ['web api', ['web-api', 'web-x-api']],
  ['ngx', ['ngx', 'a-ngx', 'nginx']],
])('for %s the better name comes first: %j', (query, names) => {
  const scores = names.map((name) => matchScore(query.split(' '), name, beside));
  expect(scores).toEqual(scores.toSorted((a, b) => b - a));
  expect(scores.at(-1)).toBeGreaterThan(0);
});

test.each<[string, string, boolean]>([
  ['web shop', 'web', true],
  ['web tokyo pod', 'web', true],
  ['web bank', 'web', false],
  ['shop', 'web', false],
  ['bew', 'web', false],
  ['wb', 'web', false],
])('%s in %s: %s', (query, name, found) => {
  expect(matchScore(query.split(' '), name, beside) > 0).toBe(found);
});
