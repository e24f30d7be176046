/**
 * Copy, compare and write JSON values. Keys come from strangers, so `__proto__` is an ordinary key here: it is read by
 * `hasOwn` and written by definition, never by assignment.
 */
export type JsonMap = Record<string, unknown>;

export function isJsonMap(value: unknown): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function getOwn(map: JsonMap, key: string): unknown {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}

export function setOwn(map: JsonMap, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(map, key, { value, writable: true, enumerable: true, configurable: true });
  else map[key] = value;
}

export function cloneJson<T>(value: T): T;
export function cloneJson(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => cloneJson(item));
  if (!isJsonMap(value)) return value;
  const copy: JsonMap = {};
  for (const key in value) setOwn(copy, key, cloneJson(value[key]));
  return copy;
}

/** Without fields that are null, which say nothing; a null in a list stays a place in it. JSON is nested no deeper than bodies may be. */
export function copyWithoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyWithoutNulls);
  if (!isJsonMap(value)) return value ?? undefined;
  const copy: JsonMap = {};
  for (const key in value) {
    const field = value[key];
    if (field !== null && field !== undefined) setOwn(copy, key, copyWithoutNulls(field));
  }
  return copy;
}

/** The same without a copy of what has no such fields: what it returns shares parts with `value`, or is `value`. */
export function sharedWithoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return sharedList(value);
  return isJsonMap(value) ? sharedMap(value) : (value ?? undefined);
}

function sharedList(list: readonly unknown[]): readonly unknown[] {
  let copy: unknown[] | undefined;
  for (let i = 0; i < list.length; i++) {
    const item = sharedWithoutNulls(list[i]);
    if (item !== list[i]) (copy ??= [...list])[i] = item;
  }
  return copy ?? list;
}

function sharedMap(map: JsonMap): JsonMap {
  let copy: JsonMap | undefined;
  for (const key in map) {
    const field = map[key];
    const kept = sharedWithoutNulls(field);
    if (kept !== field) copy ??= fieldsBefore(map, key);
    if (copy && kept !== undefined) setOwn(copy, key, kept);
  }
  return copy ?? map;
}

function fieldsBefore(map: JsonMap, end: string): JsonMap {
  const copy: JsonMap = {};
  for (const key in map) {
    if (key === end) break;
    if (map[key] !== undefined) setOwn(copy, key, map[key]);
  }
  return copy;
}

/** Deep equality; the order of keys doesn't matter, a key that is `undefined` is absent. */
export function equalJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!equalJson(a[i], b[i])) return false;
    return true;
  }
  return !Array.isArray(b) && equalMaps(a as JsonMap, b as JsonMap);
}

function equalMaps(left: JsonMap, right: JsonMap): boolean {
  let count = 0;
  for (const key in left) {
    const value = left[key];
    if (value === undefined) continue;
    if (!equalJson(value, right[key])) return false;
    // The one name under which every object has another.
    if (key === '__proto__' && !Object.hasOwn(right, key)) return false;
    count++;
  }
  for (const key in right) if (right[key] !== undefined) count--;
  return count === 0;
}

/** Whether objects and lists are nested in more than `levels`; looks no deeper than that. */
export function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  return Object.values(value).some((item) => isDeeperThan(item, levels - 1));
}

/** The kind of a value as Go's JSON decoder names it in its errors. */
export function jsonKind(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (value === null) return 'null';
  if (typeof value === 'boolean') return 'bool';
  return typeof value;
}
