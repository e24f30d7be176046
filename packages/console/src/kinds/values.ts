/** Reads a value of an object by its path; what isn't there is `undefined`, not an error. */
export function valueAt(object: unknown, ...path: readonly (string | number)[]): unknown {
  let value = object;
  for (const step of path) {
    if (value === null || typeof value !== 'object') return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}

export function textAt(object: unknown, ...path: readonly (string | number)[]): string | undefined {
  const value = valueAt(object, ...path);
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

export function numberAt(object: unknown, ...path: readonly (string | number)[]): number | undefined {
  const value = valueAt(object, ...path);
  return typeof value === 'number' ? value : undefined;
}

export function listAt(object: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const value = valueAt(object, ...path);
  return Array.isArray(value) ? value : [];
}

export function mapAt(
  object: unknown,
  ...path: readonly (string | number)[]
): Readonly<Record<string, string>> {
  const value = valueAt(object, ...path);
  return value !== null && typeof value === 'object' ? (value as Record<string, string>) : {};
}
