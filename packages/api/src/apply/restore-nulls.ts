import { getOwn, isJsonMap, setOwn } from '../patch/json-value.ts';

/**
 * Puts into `read` the nulls that `given`, which it was read from, has for fields. Reading drops them, since they say
 * nothing; yet who applies one owns its field. Both have the same lists in the same order.
 */
export function restoreNulls(read: unknown, given: unknown): void {
  if (Array.isArray(read) && Array.isArray(given)) {
    for (const [index, item] of read.entries()) restoreNulls(item, given[index]);
    return;
  }
  if (!isJsonMap(read) || !isJsonMap(given)) return;
  for (const [key, value] of Object.entries(given)) {
    if (value === null) {
      if (!Object.hasOwn(read, key)) setOwn(read, key, null);
    } else restoreNulls(getOwn(read, key), value);
  }
}
