import { expect, test } from 'vitest';
import { isExcepted } from '#no-proxy.ts';

test.each([
  ['center.example.com', 'example.com', true],
  ['center.example.com', '.example.com, other', true],
  ['center.example.com', 'other *.example.com', true],
  ['Center.Example.com.', 'EXAMPLE.com', true],
  ['badexample.com', 'example.com', false],
  ['center.example.com', 'example.com:6443', true],
  ['center.example.com', 'example.com:443', false],
  ['10.0.0.1', '10.0.0.1', true],
  ['10.0.0.1', '10.0.0.1:6443', true],
  ['10.0.0.1', '10.0.0.1:443', false],
  ['10.9.0.1', '10.0.0.0/8', true],
  ['11.9.0.1', '10.0.0.0/8', false],
  ['11.9.0.1', '10.0.0.0/99', false],
  ['fd00::5', 'fd00::/16', true],
  ['fd00::5', 'fd00:0::5', true],
  ['fd00::5', '[fd00::5]:6443', true],
  ['fd00::5', '10.0.0.0/8', false],
  ['center.example.com', '10.0.0.0/8', false],
  ['anything', '*', true],
  ['anything', '', false],
  ['anything', undefined, false],
  ['localhost', undefined, true],
  ['127.0.0.9', '', true],
  ['::1', '', true],
])('%s, port 6443, against NO_PROXY=%j is %s', (host, list, expected) => {
  expect(isExcepted({ host, port: 6443 }, list)).toBe(expected);
});
