import type { FieldError } from '#status.ts';

/**
 * Faults of fields in the API server's wording, which clients, tests and people search for.
 * `BadValue` quoting: strings in double quotes, numbers and booleans bare, everything else as JSON.
 */
function quoted(value: unknown): string {
  return value === undefined ? 'null' : JSON.stringify(value);
}

export function required(path: string, detail = ''): FieldError {
  return {
    reason: 'FieldValueRequired',
    path,
    message: detail ? `Required value: ${detail}` : 'Required value',
  };
}

export function invalidValue(path: string, value: unknown, why: string): FieldError {
  return { reason: 'FieldValueInvalid', path, message: `Invalid value: ${quoted(value)}: ${why}` };
}

export function notSupported(path: string, value: unknown, supported: readonly string[]): FieldError {
  const list = supported.map((name) => JSON.stringify(name));
  return {
    reason: 'FieldValueNotSupported',
    path,
    message: `Unsupported value: ${quoted(value)}: supported values: ${list.join(', ')}`,
  };
}

export function forbiddenField(path: string, why: string): FieldError {
  return { reason: 'FieldValueForbidden', path, message: `Forbidden: ${why}` };
}

export function duplicateValue(path: string, value: unknown): FieldError {
  return { reason: 'FieldValueDuplicate', path, message: `Duplicate value: ${quoted(value)}` };
}

export function notFoundValue(path: string, value: unknown): FieldError {
  return { reason: 'FieldValueNotFound', path, message: `Not found: ${quoted(value)}` };
}

export function tooLong(path: string, limitBytes: number): FieldError {
  return {
    reason: 'FieldValueTooLong',
    path,
    message: `Too long: may not be more than ${limitBytes} bytes`,
  };
}

export function tooMany(path: string, count: number, limit: number): FieldError {
  return {
    reason: 'FieldValueTooMany',
    path,
    message: `Too many: ${count}: must have at most ${limit} item${limit === 1 ? '' : 's'}`,
  };
}

export function typeInvalid(path: string, value: unknown, why: string): FieldError {
  return { reason: 'FieldValueTypeInvalid', path, message: `Invalid value: ${quoted(value)}: ${why}` };
}

/** One `Invalid value` per reason. */
export function invalidValues(path: string, value: unknown, reasons: readonly string[]): FieldError[] {
  return reasons.map((why) => invalidValue(path, value, why));
}

/** A value that must not change. */
export function immutable(path: string, value: unknown, old: unknown): FieldError[] {
  return sameJson(value, old) ? [] : [invalidValue(path, value, 'field is immutable')];
}

/** Equality of JSON values; a field that is absent equals one that is undefined. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, index) => sameJson(item, b[index]));
  }
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  for (const key of keys) if (!sameJson(left[key], right[key])) return false;
  return true;
}
