import { describe, expect, test } from 'vitest';
import { CpuRates } from '#stats/cpu-rate.ts';

/** Readings of one counter, in order: milliseconds, nanoseconds used. */
function ratesOf(
  readings: readonly (readonly [number, bigint])[],
  startedAtMs?: number,
): (number | undefined)[] {
  const rates = new CpuRates();
  return readings.map(([atMs, nanoSeconds]) => {
    rates.begin(atMs);
    return rates.rate('x', { atMs, nanoSeconds }, startedAtMs);
  });
}

const second = 1_000_000_000n;

describe('the rate of a counter of processor time', () => {
  test.each([
    [
      'needs two readings',
      [
        [0, second],
        [10_000, 6n * second],
      ],
      undefined,
      [undefined, 500_000_000],
    ],
    [
      'is not made of readings too close',
      [
        [0, 0n],
        [10_000, second],
        [10_010, 2n * second],
      ],
      undefined,
      [undefined, 100_000_000, 100_000_000],
    ],
    [
      'begins at the start of what is young',
      [
        [100_000, second],
        [102_000, second],
      ],
      96_000,
      [250_000_000, 0],
    ],
    ['does not begin at a start long ago', [[500_000, second]], 96_000, [undefined]],
    [
      'begins anew when the counter fell',
      [
        [0, 5n * second],
        [10_000, second],
        [20_000, 2n * second],
      ],
      undefined,
      [undefined, undefined, 100_000_000],
    ],
    [
      'is forgotten after a minute without readings',
      [
        [0, 0n],
        [70_000, second],
        [71_000, 2n * second],
      ],
      undefined,
      [undefined, undefined, 1_000_000_000],
    ],
  ] as const)('%s', (_name, readings, startedAtMs, expected) => {
    expect(ratesOf(readings, startedAtMs)).toEqual(expected);
  });

  test('is forgotten with what it was of', () => {
    const rates = new CpuRates();
    for (const atMs of [0, 10_000]) rates.rate('gone', { atMs, nanoSeconds: BigInt(atMs) });
    rates.keep(new Set(['other']));
    expect(rates.rate('gone', { atMs: 20_000, nanoSeconds: 20_000n })).toBeUndefined();
  });
});
