import { expect, test } from 'vitest';
import { LinkScan } from '#proxy/html-links.ts';
import { rewriteLink } from '#proxy/proxy-path.ts';

function rewritten(page: string, size = page.length): string {
  const scan = new LinkScan((link) => rewriteLink(link, { prefix: '/p/proxy', host: '10.0.0.7:80' }));
  let text = '';
  for (let at = 0; at < page.length; at += size) text += scan.next(page.slice(at, at + size));
  return text + scan.rest;
}

test.each([
  ['<a href="/x?y=1&amp;z=2#a">b</a>', '<a href="/p/proxy/x?y=1&amp;z=2#a">b</a>'],
  ["<IMG alt='a>b' SRC = '/i'>", "<IMG alt='a>b' SRC = '/p/proxy/i'>"],
  ['<link rel=x href=/s.css>', '<link rel=x href=/p/proxy/s.css>'],
  ['<a href="http://10.0.0.7:80/x">', '<a href="/p/proxy/x">'],
  ['<a href="//10.0.0.7:80">', '<a href="/p/proxy/">'],
  [
    '<script src="/s.js">a = "<a href=\\"/x\\">"; b<c</script><a href="/y">',
    '<script src="/p/proxy/s.js">a = "<a href=\\"/x\\">"; b<c</script><a href="/p/proxy/y">',
  ],
  ['<video poster="/a" src="/b" title="/c"/>', '<video poster="/p/proxy/a" src="/p/proxy/b" title="/c"/>'],
  ['<!-- <a href="/x"> --><a href="/y">', '<!-- <a href="/x"> --><a href="/p/proxy/y">'],
])('%s leads through the proxy', (page, expected) => {
  expect(rewritten(page)).toBe(expected);
  expect(rewritten(page, 1)).toBe(expected);
});

test.each([
  '<a href="x/y">',
  '<a href="https://else.where/x">',
  '<a href="//else.where/x">',
  '<a href="/p/proxy/x">',
  '<a href="mailto:/x">',
  '<p href="/x">a < b & c</p> </ <3 <!doctype html>',
  '<a href="/never ends',
  '<a data-href="/x">',
])('%s stays', (page) => {
  expect(rewritten(page)).toBe(page);
  expect(rewritten(page, 1)).toBe(page);
});

test('a tag without an end is not waited for', () => {
  const scan = new LinkScan(() => 'never');
  const text = scan.next(`<a href="${'x'.repeat(100_000)}`);
  expect(text.length + scan.rest.length).toBe(100_009);
  expect(scan.rest).toBe('');
});
