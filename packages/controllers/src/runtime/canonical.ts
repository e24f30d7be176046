import { createHash } from 'node:crypto';

/** JSON with sorted keys and without what is undefined or null: equal texts mean equal values. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const parts: string[] = [];
  for (const key of Object.keys(value).sort()) {
    const inner = (value as Record<string, unknown>)[key];
    if (inner !== undefined && inner !== null) parts.push(`${JSON.stringify(key)}:${canonicalJson(inner)}`);
  }
  return `{${parts.join(',')}}`;
}

/** A copy with its keys in order and without what is undefined or null. */
export function canonical<T>(value: T): T {
  return JSON.parse(canonicalJson(value)) as T;
}

export function isSame(a: unknown, b: unknown): boolean {
  return a === b || canonicalJson(a) === canonicalJson(b);
}

/** No vowels, and nothing that looks like another letter: hashes in names spell no words. */
const safeLetters = 'bcdfghjklmnpqrstvwxz2456789';

/** A short, stable name part for a value, as `pod-template-hash` has it; `collisions` gives others for the same value. */
export function hashName(value: unknown, collisions = 0): string {
  const hash = createHash('sha256').update(canonicalJson(value));
  if (collisions > 0) hash.update(`/${collisions}`);
  return [...hash.digest().subarray(0, 10)].map((byte) => safeLetters[byte % safeLetters.length]).join('');
}
