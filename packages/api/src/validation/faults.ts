/**
 * Faults of fields in the API server's wording, which clients, tests and people search for.
 *
 * Validation collects: a function named `check…` is given the list that it adds to, so that a sound object, which nearly
 * every object is, costs no list at all. Paths are put together as texts; they stay ropes until one is printed.
 */
import { isFilledIn } from '#required-fields.ts';
import type { FieldError } from '#status.ts';

/** A value as faults print it: strings in double quotes, numbers and booleans bare, everything else as JSON. */
function printed(value: unknown): string {
  if (value === undefined || (Array.isArray(value) && isFilledIn(value))) return 'null';
  return typeof value === 'string' ? quoted(value) : JSON.stringify(value);
}

const plainText = /^[ !#-[\]-~]*$/;
const shortEscapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};

/** A text in double quotes, with the escapes of Go's `%q`. */
export function quoted(text: string): string {
  if (plainText.test(text)) return `"${text}"`;
  let out = '"';
  for (const character of text) out += shortEscapes[character] ?? escaped(character);
  return `${out}"`;
}

function escaped(character: string): string {
  const code = character.codePointAt(0)!;
  if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, '0')}`;
  if (code < 0x7f || /[\p{L}\p{M}\p{N}\p{P}\p{S}]/u.test(character)) return character;
  return code > 0xffff
    ? `\\U${code.toString(16).padStart(8, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`;
}

function detailed(what: string, detail: string): string {
  return detail === '' ? what : `${what}: ${detail}`;
}

export function required(path: string, detail = ''): FieldError {
  return { reason: 'FieldValueRequired', path, message: detailed('Required value', detail) };
}

export function invalidValue(path: string, value: unknown, why: string): FieldError {
  return {
    reason: 'FieldValueInvalid',
    path,
    message: detailed(`Invalid value: ${printed(value)}`, why),
  };
}

/** `supported` in the order in which it is to be told. */
export function notSupported(path: string, value: unknown, supported: readonly string[]): FieldError {
  const list = supported.map((name) => JSON.stringify(name));
  return {
    reason: 'FieldValueNotSupported',
    path,
    message: detailed(
      `Unsupported value: ${printed(value)}`,
      list.length > 0 ? `supported values: ${list.join(', ')}` : '',
    ),
  };
}

export function forbiddenField(path: string, why: string): FieldError {
  return { reason: 'FieldValueForbidden', path, message: detailed('Forbidden', why) };
}

export function duplicateValue(path: string, value: unknown, detail = ''): FieldError {
  return {
    reason: 'FieldValueDuplicate',
    path,
    message: detailed(`Duplicate value: ${printed(value)}`, detail),
  };
}

export function notFoundValue(path: string, value: unknown, detail = ''): FieldError {
  return { reason: 'FieldValueNotFound', path, message: detailed(`Not found: ${printed(value)}`, detail) };
}

export function tooLong(path: string, limit: number, unit: 'byte' | 'character' = 'byte'): FieldError {
  return {
    reason: 'FieldValueTooLong',
    path,
    message: `Too long: may not be more than ${limit} ${unit}${limit === 1 ? '' : 's'}`,
  };
}

export function tooShort(path: string, limit: number): FieldError {
  return {
    reason: 'FieldValueTooShort',
    path,
    message: `Too short: must be at least ${limit} character${limit === 1 ? '' : 's'}`,
  };
}

export function tooMany(path: string, count: number, limit: number): FieldError {
  return {
    reason: 'FieldValueTooMany',
    path,
    message: `Too many: ${count}: must have at most ${limit} item${limit === 1 ? '' : 's'}`,
  };
}

export function tooFew(path: string, count: number, limit: number): FieldError {
  return {
    reason: 'FieldValueTooFew',
    path,
    message: `Too few: ${count}: must have at least ${limit} item${limit === 1 ? '' : 's'}`,
  };
}

export function typeInvalid(path: string, value: unknown, why: string): FieldError {
  return { reason: 'FieldValueTypeInvalid', path, message: `Invalid value: ${printed(value)}: ${why}` };
}

/** One `Invalid value` per reason. */
export function invalidValues(path: string, value: unknown, reasons: readonly string[]): FieldError[] {
  return reasons.map((why) => invalidValue(path, value, why));
}

/** Adds one `Invalid value` per reason. */
export function checkReasons(
  faults: FieldError[],
  path: string,
  value: unknown,
  reasons: readonly string[],
): void {
  for (const why of reasons) faults.push(invalidValue(path, value, why));
}

export const negativeFault = 'must be greater than or equal to 0';

export function checkNotNegative(faults: FieldError[], path: string, value: number | undefined): void {
  if (value !== undefined && value < 0) faults.push(invalidValue(path, value, negativeFault));
}

export function checkPositive(faults: FieldError[], path: string, value: number): void {
  if (value <= 0) faults.push(invalidValue(path, value, 'must be greater than zero'));
}

/** `must be between 1 and 65535, inclusive` */
export function rangeFault(low: number, high: number): string {
  return `must be between ${low} and ${high}, inclusive`;
}

/** A choice out of `supported`, which are told in this order; an absent one is a fault of its own. */
export function checkChoice(
  faults: FieldError[],
  path: string,
  value: string | undefined,
  supported: readonly string[],
): void {
  if (!value) faults.push(required(path));
  else if (!supported.includes(value)) faults.push(notSupported(path, value, supported));
}

/** As `checkChoice`, for a field that may be absent. */
export function checkOptionalChoice(
  faults: FieldError[],
  path: string,
  value: string | undefined,
  supported: readonly string[],
): void {
  if (value !== undefined && !supported.includes(value)) faults.push(notSupported(path, value, supported));
}

/** A value that must not change. */
export function immutable(path: string, value: unknown, old: unknown): FieldError[] {
  return sameJson(value, old) ? [] : [invalidValue(path, value, 'field is immutable')];
}

export function checkImmutable(faults: FieldError[], path: string, value: unknown, old: unknown): void {
  if (!sameJson(value, old)) faults.push(invalidValue(path, value, 'field is immutable'));
}

/**
 * Equality of JSON values; a field that is absent equals one that is undefined, an empty list or an empty map, as it does
 * for whoever holds it in typed form.
 */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (a === undefined || a === null) return isEmptyJson(b);
  if (b === undefined || b === null) return isEmptyJson(a);
  if (typeof a !== 'object' || typeof b !== 'object') return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, index) => sameJson(item, b[index]));
  }
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  for (const key in left) if (!sameJson(left[key], right[key])) return false;
  for (const key in right) if (!Object.hasOwn(left, key) && !sameJson(undefined, right[key])) return false;
  return true;
}

function isEmptyJson(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  return Array.isArray(value) && value.length === 0;
}
