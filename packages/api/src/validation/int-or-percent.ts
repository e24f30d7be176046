import type { FieldError } from '#status.ts';
import { checkNotNegative, checkReasons, invalidValue } from '#validation/faults.ts';
import { percentFaults } from '#validation/names.ts';

/** A count that is not negative, or a percentage. */
export function checkCountOrPercent(faults: FieldError[], value: string | number, path: string): void {
  if (typeof value === 'number') checkNotNegative(faults, path, value);
  else checkReasons(faults, path, value, percentFaults(value));
}

export function checkPercentMax(faults: FieldError[], value: string | number, path: string): void {
  if (typeof value === 'string' && percentFaults(value).length === 0 && amountOf(value) > 100)
    faults.push(invalidValue(path, value, 'must not be greater than 100%'));
}

/** The number, where it is one, or the number before the percent sign: for the question whether it is zero. */
export function amountOf(value: string | number | undefined): number {
  if (value === undefined) return 0;
  if (typeof value === 'number') return value;
  const read = /^([-+]?\d+)%?$/.exec(value);
  return read ? Number(read[1]) : 0;
}
