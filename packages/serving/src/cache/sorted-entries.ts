import { firstIndex } from '@skerry/base';
import type { CachedObject } from '#contract.ts';

/** More would be moved with each that comes between, fewer make the search for theirs longer. */
const blockItemsMax = 512;

/** A run of neighbours; two arrays side by side, so that a search touches keys alone. Never empty. */
interface Block<T> {
  readonly keys: string[];
  readonly items: T[];
}

/**
 * The objects of a resource in order of key, in blocks: one that comes between others moves those of its block alone. In one array it
 * would move half of them all, which was an eighth of the API server's work at some ten thousand events. A list is a binary search
 * and a few slices.
 */
export class SortedEntries<T extends CachedObject> {
  #blocks: Block<T>[] = [];
  /** The index of each block's first, and at last their number; made when asked for after a block has grown or shrunk. */
  #starts: number[] | undefined;

  reset(items: Iterable<T>): void {
    const sorted = [...items].sort((a, b) => (a.key < b.key ? -1 : 1));
    this.#blocks = [];
    this.#starts = undefined;
    for (let start = 0; start < sorted.length; start += blockItemsMax) {
      const some = sorted.slice(start, start + blockItemsMax);
      this.#blocks.push({ keys: some.map((item) => item.key), items: some });
    }
  }

  /** Adds an object, or puts its new state in the place of the old. */
  put(item: T): void {
    const { key } = item;
    const index = Math.min(this.#blockOf(key), this.#blocks.length - 1);
    const block = this.#blocks[index];
    if (!block) {
      this.#blocks.push({ keys: [key], items: [item] });
      this.#starts = undefined;
      return;
    }
    const at = firstIndex(block.keys, (other) => other >= key);
    if (block.keys[at] === key) {
      block.items[at] = item;
      return;
    }
    this.#starts = undefined;
    // What comes in order leaves full blocks behind.
    if (block.keys.length === blockItemsMax && at === blockItemsMax) {
      this.#blocks.splice(index + 1, 0, { keys: [key], items: [item] });
      return;
    }
    block.keys.splice(at, 0, key);
    block.items.splice(at, 0, item);
    if (block.keys.length > blockItemsMax) this.#split(index, block);
  }

  remove(key: string): void {
    const index = this.#blockOf(key);
    const block = this.#blocks[index];
    const at = block ? firstIndex(block.keys, (other) => other >= key) : 0;
    if (block?.keys[at] !== key) return;
    this.#starts = undefined;
    block.keys.splice(at, 1);
    block.items.splice(at, 1);
    const next = this.#blocks[index + 1];
    if (block.keys.length === 0) this.#blocks.splice(index, 1);
    else if (next && block.keys.length + next.keys.length <= blockItemsMax / 2) {
      block.keys.push(...next.keys);
      block.items.push(...next.items);
      this.#blocks.splice(index + 1, 1);
    }
  }

  slice(start: number, end: number): T[] {
    const starts = this.#startsNow();
    const parts: T[][] = [];
    for (let index = this.#blockAt(start); (starts[index] ?? end) < end; index++) {
      const from = starts[index] ?? 0;
      parts.push(this.#blocks[index]?.items.slice(Math.max(0, start - from), end - from) ?? []);
    }
    return ([] as T[]).concat(...parts);
  }

  at(index: number): T | undefined {
    const block = this.#blockAt(index);
    return this.#blocks[block]?.items[index - (this.#startsNow()[block] ?? 0)];
  }

  /** The first index whose key is not below `key`. */
  lowerBound(key: string): number {
    const index = this.#blockOf(key);
    const block = this.#blocks[index];
    return (this.#startsNow()[index] ?? 0) + (block ? firstIndex(block.keys, (other) => other >= key) : 0);
  }

  /** The index behind the last key that starts with `prefix`. */
  endOf(prefix: string): number {
    if (prefix === '') return this.#startsNow().at(-1) ?? 0;
    const next = String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
    return this.lowerBound(prefix.slice(0, -1) + next);
  }

  #split(index: number, { keys, items }: Block<T>): void {
    const half = blockItemsMax / 2;
    this.#blocks.splice(index + 1, 0, { keys: keys.splice(half), items: items.splice(half) });
  }

  /** The first block that has a key not below `key`; their number where none has. */
  #blockOf(key: string): number {
    return firstIndex(this.#blocks, ({ keys }) => (keys.at(-1) ?? '') >= key);
  }

  /** The block that holds the object of an index; their number where none does. */
  #blockAt(index: number): number {
    return firstIndex(this.#startsNow(), (start) => start > index) - 1;
  }

  #startsNow(): readonly number[] {
    if (this.#starts) return this.#starts;
    const starts = [0];
    let count = 0;
    for (const { keys } of this.#blocks) starts.push((count += keys.length));
    return (this.#starts = starts);
  }
}
