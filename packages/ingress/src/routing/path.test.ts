import { expect, test } from 'vitest';
import { parseTarget, rewritePath } from '#routing/path.ts';

test.each([
  ['/a/b?c=/../d', { path: '/a/b', query: '?c=/../d' }],
  ['/a/./b/../c', { path: '/a/c', query: '' }],
  ['/a/%2e%2E/b', { path: '/b', query: '' }],
  ['/../../a', { path: '/a', query: '' }],
  ['/a/..', { path: '/', query: '' }],
  ['/a/b/.', { path: '/a/b/', query: '' }],
  ['/a/..b/.c', { path: '/a/..b/.c', query: '' }],
  ['//a', { path: '//a', query: '' }],
  ['http://shop.example.com', { path: '/', query: '', authority: 'shop.example.com' }],
  ['https://shop.example.com:8443/a?b', { path: '/a', query: '?b', authority: 'shop.example.com:8443' }],
  ['http://shop.example.com?b', { path: '/', query: '?b', authority: 'shop.example.com' }],
  ['*', undefined],
  ['shop.example.com:443', undefined],
])('%s is read as %j', (url, expected) => {
  expect(parseTarget(url)).toEqual(expected);
});

test.each<[string, string, Parameters<typeof rewritePath>[2], string]>([
  ['/old/a', '/old', undefined, '/old/a'],
  ['/old/a', '/old', { type: 'full', value: '/x' }, '/x'],
  ['/old/a', '/old', { type: 'prefix', value: '/new' }, '/new/a'],
  ['/old', '/old', { type: 'prefix', value: '/new/' }, '/new'],
  ['/old/a', '/old/', { type: 'prefix', value: '/' }, '/a'],
  ['/old', '/old', { type: 'prefix', value: '/' }, '/'],
  ['/a', '/', { type: 'prefix', value: '/v1' }, '/v1/a'],
])('%s, matched by %s and rewritten by %j, is %s', (path, matched, rewrite, expected) => {
  expect(rewritePath(path, matched, rewrite)).toBe(expected);
});
