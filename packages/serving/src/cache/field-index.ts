import type { Selection } from '#cache/selection.ts';
import type { SelectableObject } from '#contract.ts';

/** Keys of objects by the values of some fields, so that the pods of a node are found without looking at all pods. */
export class FieldIndex {
  readonly #fields: readonly string[];
  /** `field=value` → keys. */
  readonly #keys = new Map<string, Set<string>>();

  constructor(fields: readonly string[]) {
    this.#fields = fields;
  }

  clear(): void {
    this.#keys.clear();
  }

  add(item: SelectableObject): void {
    for (const field of this.#fields) this.#insert(this.#entry(field, item), item.key);
  }

  remove(item: SelectableObject): void {
    for (const field of this.#fields) this.#delete(this.#entry(field, item), item.key);
  }

  replace(previous: SelectableObject | undefined, current: SelectableObject): void {
    for (const field of this.#fields) {
      const now = this.#entry(field, current);
      const before = previous && this.#entry(field, previous);
      if (now === before) continue;
      if (before !== undefined) this.#delete(before, current.key);
      this.#insert(now, current.key);
    }
  }

  /** Keys of what the selection can match; undefined when no index helps. */
  find(selection: Selection): ReadonlySet<string> | undefined {
    for (const field of this.#fields) {
      const value = selection.exact(field);
      if (value !== undefined) return this.#keys.get(`${field}=${value}`) ?? none;
    }
    return undefined;
  }

  #entry(field: string, item: SelectableObject): string {
    return `${field}=${item.field(field)}`;
  }

  #insert(entry: string, key: string): void {
    const keys = this.#keys.get(entry);
    if (keys) keys.add(key);
    else this.#keys.set(entry, new Set([key]));
  }

  #delete(entry: string, key: string): void {
    const keys = this.#keys.get(entry);
    keys?.delete(key);
    if (keys?.size === 0) this.#keys.delete(entry);
  }
}

const none: ReadonlySet<string> = new Set();
