import { expect, test } from 'vitest';
import { shortBytes } from './short-bytes.ts';

test.for([
  [0, '0B'],
  [999.4, '999B'],
  [999.6, '1.0K'],
  [34_000, '34K'],
  [9.96e6, '10M'],
  [2e15, '2000T'],
])('%d bytes are %s', ([bytes, text]) => {
  expect(shortBytes(bytes as number)).toBe(text);
});
