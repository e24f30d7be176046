import { expect, test } from 'vitest';
import { formatIpv4, parseCidr, parseIpv4 } from '#allocation/ipv4.ts';
import { NumberRange } from '#allocation/number-range.ts';

test('the low band is taken from only when the rest is full', () => {
  const range = new NumberRange({ first: 10, last: 19, lowBand: 4, random: () => 0.99 });
  const taken = Array.from({ length: 10 }, () => range.takeAny()!);
  expect(taken.slice(0, 6).every((value) => value >= 14)).toBe(true);
  expect(taken.toSorted((a, b) => a - b)).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
  expect(range.takeAny()).toBeUndefined();
  range.release(12);
  expect(range.takeAny()).toBe(12);
});

test('a number is taken once', () => {
  const range = new NumberRange({ first: 1, last: 3, random: () => 0 });
  expect([range.take(2), range.take(2)]).toEqual([true, false]);
});

const addresses: [text: string, value: number | undefined][] = [
  ['10.96.0.1', 174_063_617],
  ['255.255.255.255', 4_294_967_295],
  ['0.0.0.0', 0],
  ['10.0.0.256', undefined],
  ['10.0.0.01', undefined],
  ['10.0.0', undefined],
  ['fd00::1', undefined],
];

test.each(addresses)('%s', (text, value) => {
  expect(parseIpv4(text)).toBe(value);
  if (value !== undefined) expect(formatIpv4(value)).toBe(text);
});

test('a network has a first and a last address', () => {
  const { first, last } = parseCidr('10.96.0.0/12')!;
  expect([formatIpv4(first), formatIpv4(last)]).toEqual(['10.96.0.0', '10.111.255.255']);
  expect(parseCidr('10.96.0.0/33')).toBeUndefined();
});
