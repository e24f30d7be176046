import { afterEach, expect, test } from 'vitest';
import { unpoolBuffers } from './unpooled-buffers.ts';

const { poolSize } = Buffer;

afterEach(() => {
  Buffer.poolSize = poolSize;
});

test('a small buffer that is kept keeps nothing but itself', () => {
  unpoolBuffers();
  const made = [Buffer.from('{"kind":"Pod"}'), Buffer.allocUnsafe(9), Buffer.concat([Buffer.from('a')])];
  expect(made.map(({ buffer }) => buffer.byteLength)).toEqual([14, 9, 1]);
});
