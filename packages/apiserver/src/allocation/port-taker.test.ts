import { expect, test } from 'vitest';
import { NumberRange } from '#allocation/number-range.ts';
import { portsOf, pretendedPortsOf } from '#allocation/port-taker.ts';

const taken = 'provided port is already allocated';

function ports(): NumberRange {
  const range = new NumberRange({ first: 30_000, last: 32_767, random: () => 0 });
  range.take(30_001);
  return range;
}

test('a write takes the ports that it names, or any', () => {
  const range = ports();
  const told: number[] = [];
  const taker = portsOf(range, (port) => told.push(port));
  expect(taker.take(30_001)).toBe(taken);
  expect(taker.take(80)).toContain('The range of valid ports is 30000-32767');
  expect(taker.take(30_002)).toBeUndefined();
  expect(taker.takeAny()).toBe(30_000);
  expect(told).toEqual([30_002, 30_000]);
});

test('a dry run takes none, and asks only what is taken', () => {
  const range = ports();
  const taker = pretendedPortsOf(range);
  expect(taker.take(30_001)).toBe(taken);
  expect(taker.take(80)).toBeUndefined();
  expect(taker.take(30_002)).toBeUndefined();
  expect(taker.take(30_002)).toBe(taken);
  expect(taker.takeAny()).toBe(30_003);
  expect(range.has(30_002) || range.has(30_003)).toBe(false);
  expect(pretendedPortsOf(range).takeAny()).toBe(32_769);
});
