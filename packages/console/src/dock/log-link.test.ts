import { expect, test } from 'vitest';
import { linkOfLine, parseLogPlace } from './log-link.ts';

const line = { number: 1, source: 'web-0/main', text: 'hello', time: '2026-01-01T00:00:00.123456789Z' };
const of = { cluster: 'edge', namespace: 'shop', previous: false };

test.each([false, true])('a link to a line leads to the line it was made of (previous: %s)', (previous) => {
  const link = new URL(linkOfLine(line, { ...of, previous }) ?? '', 'https://center');
  expect(link.pathname).toBe('/c/edge/resources/pods/shop/web-0');
  expect(parseLogPlace(link.searchParams.get('log') ?? '')).toEqual({
    namespace: 'shop',
    pod: 'web-0',
    container: 'main',
    at: line.time,
    previous,
  });
});

test.each([
  ['what the console says itself', { ...line, source: '' }],
  ['a line without a time', { number: 1, source: 'web-0/main', text: 'hello' }],
])('%s has no link', (_, odd) => {
  expect(linkOfLine(odd, of)).toBeUndefined();
});

test.each(['', 'shop/web-0', 'shop/web-0/main@yesterday', 'shop/../main@2026-01-01T00:00:00Z/x'])(
  'a place %j is none',
  (text) => {
    expect(parseLogPlace(text)).toBeUndefined();
  },
);
