/** Comparisons across the three types of numbers: of ints exact, with a double as doubles. */
import type { Value } from '#values/value.ts';
import { Uint } from '#values/uint.ts';

export type Numeric = bigint | Uint | number;

export function isNumeric(value: Value): value is Numeric {
  return typeof value === 'bigint' || typeof value === 'number' || value instanceof Uint;
}

function plain(value: Numeric): bigint | number {
  return value instanceof Uint ? value.value : value;
}

/** -1, 0 or 1; undefined when one is not a number at all (NaN). */
export function compareNumbers(a: Numeric, b: Numeric): -1 | 0 | 1 | undefined {
  const inexact = typeof a === 'number' || typeof b === 'number';
  const left = inexact ? Number(plain(a)) : plain(a);
  const right = inexact ? Number(plain(b)) : plain(b);
  if (left < right) return -1;
  if (left > right) return 1;
  return left <= right ? 0 : undefined;
}

/** One text for numbers that are equal; undefined for what no key can equal. */
export function numberKey(value: Value): string | undefined {
  if (!isNumeric(value)) return undefined;
  const number = plain(value);
  if (typeof number === 'bigint') return `n${number}`;
  return Number.isInteger(number) ? `n${BigInt(number)}` : `n${number}`;
}

const int64Limit = 2n ** 63n;
const uint64Limit = 2n ** 64n;

export function fitsInt(value: bigint): boolean {
  return value >= -int64Limit && value < int64Limit;
}

export function fitsUint(value: bigint): boolean {
  return value >= 0n && value < uint64Limit;
}
