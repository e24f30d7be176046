import { badRequest } from '@skerry/api';

/** An escape of half a character, or a number that may be beyond all numbers. */
const suspect = /\\u[dD][89a-fA-F]|[eE]\+?\d{3}|\d{309}/;

/**
 * What a text's parser lets through and no object can hold, put right as Go's JSON reader does: half a character becomes
 * U+FFFD, else it would be stored and never be written as UTF-8; a number beyond all numbers is refused, else it would be
 * stored as null. Works in place, and only where the text gives reason to look. Throws 400.
 */
export function plainValues(text: string, value: unknown): unknown {
  return suspect.test(text) ? plain(value) : value;
}

function plain(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed();
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw badRequest('json: cannot unmarshal number into Go value of type float64: it is out of range');
  }
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) value[index] = plain(item);
    return value;
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key.toWellFormed(), plain(item)]));
}
