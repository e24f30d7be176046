/**
 * The keys of a resource in order. One sorted array: inserting moves memory, which at a hundred thousand keys costs some
 * microseconds and is far rarer than being read, while a page begins with a binary search and goes on without lookups.
 */
export class SortedKeys {
  #keys: string[] = [];

  get length(): number {
    return this.#keys.length;
  }

  reset(keys: Iterable<string>): void {
    this.#keys = [...keys].sort();
  }

  add(key: string): void {
    const last = this.#keys.at(-1);
    if (last === undefined || last < key) this.#keys.push(key);
    else this.#keys.splice(this.#lowerBound(key), 0, key);
  }

  remove(key: string): void {
    const index = this.#lowerBound(key);
    if (this.#keys[index] === key) this.#keys.splice(index, 1);
  }

  /** Keys at or after `first` under `prefix`, merged with `others`, which are sorted and among none of these. */
  *from(first: string, prefix: string, others: readonly string[]): Generator<string> {
    let other = 0;
    const keys = this.#keys;
    for (let i = this.#lowerBound(first); i < keys.length; i++) {
      const key = keys[i] as string;
      if (!key.startsWith(prefix)) break;
      while (other < others.length && (others[other] as string) < key) yield others[other++] as string;
      yield key;
    }
    while (other < others.length) yield others[other++] as string;
  }

  countAfter(key: string, prefix: string): number {
    const end = prefix === '' ? this.#keys.length : this.#lowerBound(after(prefix));
    return end - this.#lowerBound(`${key}\0`);
  }

  #lowerBound(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] as string) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The first key behind all that start with `prefix`. */
function after(prefix: string): string {
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}
