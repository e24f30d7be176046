/** A binary heap with removal by key: the least item first. Push, pop and delete take logarithmic time. */
export class Heap<T> {
  readonly #items: T[] = [];
  readonly #at = new Map<string, number>();
  readonly #keyOf: (item: T) => string;
  readonly #before: (a: T, b: T) => boolean;

  constructor({ keyOf, before }: { keyOf: (item: T) => string; before: (a: T, b: T) => boolean }) {
    this.#keyOf = keyOf;
    this.#before = before;
  }

  get size(): number {
    return this.#items.length;
  }

  has(key: string): boolean {
    return this.#at.has(key);
  }

  get(key: string): T | undefined {
    const at = this.#at.get(key);
    return at === undefined ? undefined : this.#items[at];
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  /** Replaces an item of the same key. */
  push(item: T): void {
    this.delete(this.#keyOf(item));
    this.#items.push(item);
    this.#at.set(this.#keyOf(item), this.#items.length - 1);
    this.#up(this.#items.length - 1);
  }

  pop(): T | undefined {
    const first = this.#items[0];
    if (first !== undefined) this.delete(this.#keyOf(first));
    return first;
  }

  delete(key: string): T | undefined {
    const at = this.#at.get(key);
    if (at === undefined) return undefined;
    const item = this.#items[at]!;
    const last = this.#items.pop()!;
    this.#at.delete(key);
    if (at < this.#items.length) {
      this.#put(at, last);
      this.#up(at);
      this.#down(this.#at.get(this.#keyOf(last))!);
    }
    return item;
  }

  #put(at: number, item: T): void {
    this.#items[at] = item;
    this.#at.set(this.#keyOf(item), at);
  }

  #up(start: number): void {
    const item = this.#items[start]!;
    let at = start;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(item, this.#items[parent]!)) break;
      this.#put(at, this.#items[parent]!);
      at = parent;
    }
    this.#put(at, item);
  }

  #down(start: number): void {
    const item = this.#items[start]!;
    let at = start;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#items.length) break;
      if (child + 1 < this.#items.length && this.#before(this.#items[child + 1]!, this.#items[child]!))
        child++;
      if (!this.#before(this.#items[child]!, item)) break;
      this.#put(at, this.#items[child]!);
      at = child;
    }
    this.#put(at, item);
  }
}
