import { InvalidArgumentError } from 'commander';
import { describe, expect, test } from 'vitest';
import { decimal, duration, keyValues, list, wholeNumber } from './common-flags.ts';

describe('a duration', () => {
  test.each([
    ['30s', 30],
    ['10m', 600],
    ['1h30m', 5400],
    ['1h0m5s', 3605],
    ['0', 0],
  ])('%s is %i seconds', (text, seconds) => expect(duration(text)).toBe(seconds));

  test.each(['', '5', '-1h', '1d', 'soon', '1m 5s'])('%j is refused', (text) =>
    expect(() => duration(text)).toThrow(InvalidArgumentError),
  );
});

describe('a whole number', () => {
  const port = wholeNumber({ min: 1, max: 65535 });

  test('within its bounds is taken', () => expect(port('6443')).toBe(6443));

  test.each(['0', '65536', '1.5', '1e3', ' 5', 'http', ''])('%j is refused', (text) =>
    expect(() => port(text)).toThrow('from 1 to 65535'),
  );
});

test('a list has no empty parts', () => {
  expect(list('a, b,c')).toEqual(['a', 'b', 'c']);
  expect(() => list('a,,b')).toThrow(InvalidArgumentError);
});

test('key=value pairs keep what stands behind the first =', () => {
  expect(keyValues('a=1,b=x=y')).toEqual({ a: '1', b: 'x=y' });
  expect(() => keyValues('a')).toThrow('"a" is not key=value');
});

test('a number may have a fraction, and is one', () => {
  expect(decimal('0.02')).toBe(0.02);
  for (const text of ['', ' ', 'abc', '1,5', 'Infinity'])
    expect(() => decimal(text)).toThrow('must be a number');
});
