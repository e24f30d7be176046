/** Lists and maps of device specs, which may only be so long: of one that is longer no item is looked at. */
import type { FieldError } from '#status.ts';
import { duplicateValue, tooMany } from '#validation/faults.ts';

type Check<T> = (faults: FieldError[], item: T, path: string) => void;

export function checkList<T>(
  faults: FieldError[],
  items: readonly T[] | undefined,
  path: string,
  { max, check }: { readonly max: number; readonly check: Check<T> },
): void {
  if (!items) return;
  if (items.length > max) faults.push(tooMany(path, items.length, max));
  else for (const [index, item] of items.entries()) check(faults, item, `${path}[${index}]`);
}

/** `key` is what must differ, and is shown where it doesn't. */
export function checkSet<T>(
  faults: FieldError[],
  items: readonly T[] | undefined,
  path: string,
  how: { readonly max: number; readonly check: Check<T>; readonly key: (item: T) => unknown },
): void {
  if (!items) return;
  checkList(faults, items, path, how);
  if (items.length > how.max) return;
  const seen = new Set<string>();
  for (const [index, item] of items.entries()) {
    const key = how.key(item);
    const text = JSON.stringify(key);
    if (seen.has(text)) faults.push(duplicateValue(`${path}[${index}]`, key));
    seen.add(text);
  }
}

/** Keys are judged at the path of the map. Those longer than `shownMax` are shown without their middle. */
export function checkMap<T>(
  faults: FieldError[],
  map: Readonly<Record<string, T>> | undefined,
  path: string,
  how: {
    readonly max: number;
    readonly shownMax: number;
    readonly checkKey: Check<string>;
    readonly check: Check<T>;
  },
): void {
  const entries = Object.entries(map ?? {});
  if (entries.length > how.max) {
    faults.push(tooMany(path, entries.length, how.max));
    return;
  }
  for (const [key, item] of entries.toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    how.checkKey(faults, key, path);
    how.check(faults, item, `${path}[${shortened(key, how.shownMax)}]`);
  }
}

function shortened(text: string, max: number): string {
  if (text.length <= max) return text;
  const left = max - 3;
  return `${text.slice(0, Math.floor((left + 1) / 2))}...${text.slice(text.length - Math.floor(left / 2))}`;
}
