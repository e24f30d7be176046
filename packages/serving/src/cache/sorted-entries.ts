import type { CachedObject } from '#contract.ts';

/**
 * The objects of a resource in order of key. Two arrays side by side: inserting moves memory, which at a hundred thousand keys costs
 * some microseconds and is far rarer than being read, while a list is a binary search and a slice.
 */
export class SortedEntries<T extends CachedObject> {
  #keys: string[] = [];
  #items: T[] = [];

  reset(items: Iterable<T>): void {
    this.#items = [...items].sort((a, b) => (a.key < b.key ? -1 : 1));
    this.#keys = this.#items.map((item) => item.key);
  }

  /** Adds an object, or puts its new state in the place of the old. */
  put(item: T): void {
    const { key } = item;
    const last = this.#keys.at(-1);
    const index = last === undefined || last < key ? this.#keys.length : this.lowerBound(key);
    if (this.#keys[index] === key) {
      this.#items[index] = item;
      return;
    }
    this.#keys.splice(index, 0, key);
    this.#items.splice(index, 0, item);
  }

  remove(key: string): void {
    const index = this.lowerBound(key);
    if (this.#keys[index] !== key) return;
    this.#keys.splice(index, 1);
    this.#items.splice(index, 1);
  }

  slice(start: number, end: number): T[] {
    return this.#items.slice(start, end);
  }

  at(index: number): T | undefined {
    return this.#items[index];
  }

  /** The first index whose key is not below `key`. */
  lowerBound(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] as string) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The index behind the last key that starts with `prefix`. */
  endOf(prefix: string): number {
    if (prefix === '') return this.#keys.length;
    const next = String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
    return this.lowerBound(prefix.slice(0, -1) + next);
  }
}
