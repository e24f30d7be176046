import { expect, test } from 'vitest';
import { hostNameOf, HostMap, intersectHosts } from '#routing/host-map.ts';

const hosts = new HostMap<string>();
for (const pattern of ['', '*.com', '*.example.com', '+.example.com', 'a.example.com'])
  hosts.getOrAdd(pattern, () => pattern);

test.each([
  ['a.example.com', ['a.example.com', '+.example.com', '*.example.com', '*.com', '']],
  ['b.example.com', ['+.example.com', '*.example.com', '*.com', '']],
  ['c.b.example.com', ['*.example.com', '*.com', '']],
  ['example.com', ['*.com', '']],
  ['localhost', ['']],
  ['', ['']],
])('%s fits %j, the closest first', (host, expected) => {
  expect([...hosts.matching(host)]).toEqual(expected);
  expect(hosts.closest(host)).toBe(expected[0]);
});

test.each<[string, string | undefined]>([
  ['Example.com:8080', 'example.com'],
  ['example.com.', 'example.com'],
  ['[2001:DB8::1]:80', '[2001:db8::1]'],
  ['', ''],
  ['a/b', undefined],
  ['a b', undefined],
  ['x'.repeat(300), undefined],
])('%s names the host %s', (authority, expected) => {
  expect(hostNameOf(authority)).toBe(expected);
});

test.each<[string, string, string | undefined]>([
  ['', 'a.example.com', 'a.example.com'],
  ['*.example.com', '', '*.example.com'],
  ['*.example.com', 'a.b.example.com', 'a.b.example.com'],
  ['*.example.com', 'example.com', undefined],
  ['*.example.com', '*.b.example.com', '*.b.example.com'],
  ['a.example.com', '*.example.com', 'a.example.com'],
  ['a.example.com', 'b.example.com', undefined],
])('%s and %s have %s in common', (first, second, expected) => {
  expect(intersectHosts(first, second)).toBe(expected);
  expect(intersectHosts(second, first)).toBe(expected);
});
