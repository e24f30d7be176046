import type { FieldError } from '#status.ts';
import { invalidValue, invalidValues } from '#validation/faults.ts';
import { percentFaults } from '#validation/names.ts';

/** A count that is not negative, or a percentage. */
export function validateCountOrPercent(
  value: string | number,
  path: string,
  options: { readonly percentMax?: number } = {},
): FieldError[] {
  if (typeof value === 'number')
    return value < 0 ? [invalidValue(path, value, 'must be greater than or equal to 0')] : [];
  const faults = invalidValues(path, value, percentFaults(value));
  if (faults.length === 0 && options.percentMax !== undefined && percentOf(value) > options.percentMax)
    faults.push(invalidValue(path, value, `must not be greater than ${options.percentMax}%`));
  return faults;
}

function percentOf(value: string): number {
  return Number(value.slice(0, -1));
}

/** The number, where it is one, or the number before the percent sign: for the question whether it is zero. */
export function amountOf(value: string | number | undefined): number {
  if (value === undefined) return 0;
  return typeof value === 'number' ? value : percentOf(value);
}
