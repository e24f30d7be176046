/**
 * Reading and writing a place of an object. A form over an object has no state of its own: each of its fields is a place, so what
 * the form doesn't know stays as it was.
 */
export type Path = readonly (string | number)[];

export function getAt(object: unknown, path: Path): unknown {
  let value = object;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}

/** A copy with another value at a place. Nothing (`undefined`) removes the field, with the mappings that are empty then. */
export function setAt<Of>(object: Of, path: Path, value: unknown): Of {
  return put(object, path, value) as Of;
}

function put(object: unknown, path: Path, value: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (typeof step === 'number') {
    const list: unknown[] = Array.isArray(object) ? [...(object as unknown[])] : [];
    const next = put(list[step], rest, value);
    if (next === undefined) list.splice(step, 1);
    else list[step] = next;
    return list;
  }
  const map = isMap(object) ? object : {};
  const before = Object.hasOwn(map, step) ? map[step] : undefined;
  const next = put(before, rest, value);
  if (next === before && (next !== undefined || !Object.hasOwn(map, step))) return object;
  if (next !== undefined && !(value === undefined && isEmptied(before, next)))
    return { ...map, [step]: next };
  const { [step]: _, ...others } = map;
  return others;
}

/** Whether the removal took the last field. */
function isEmptied(before: unknown, after: unknown): boolean {
  return isMap(after) && Object.keys(after).length === 0 && isMap(before) && Object.keys(before).length > 0;
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function textIn(object: unknown, path: Path): string {
  const value = getAt(object, path);
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : '';
}

export function numberIn(object: unknown, path: Path): number | undefined {
  const value = getAt(object, path);
  return typeof value === 'number' ? value : undefined;
}

export function listIn(object: unknown, path: Path): readonly unknown[] {
  const value = getAt(object, path);
  return Array.isArray(value) ? value : [];
}

export function mapIn(object: unknown, path: Path): Readonly<Record<string, unknown>> {
  const value = getAt(object, path);
  return isMap(value) ? value : {};
}
