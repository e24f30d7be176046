import type { Type } from '#types/type.ts';
import { numberKey } from '#values/numbers.ts';
import { List, Mapping, type Outcome, type Value } from '#values/value.ts';

/**
 * Elements at hand. `appended` adds one in constant time: lists that grew from one another share their elements, and only
 * the longest of them grows in place. So a loop that gathers n elements costs n, though every step gives a new list.
 */
export class ArrayList extends List {
  readonly length: number;
  readonly #items: Value[];

  constructor(items: Value[], length = items.length) {
    super();
    this.#items = items;
    this.length = length;
  }

  static readonly empty = new ArrayList([]);

  override at(index: number): Value {
    return this.#items[index]!;
  }

  appended(value: Value): ArrayList {
    const items = this.#items.length === this.length ? this.#items : this.#items.slice(0, this.length);
    items.push(value);
    return new ArrayList(items);
  }
}

/** Two lists as one, without a copy: what the cost of `+` on lists counts on. */
export class JoinedList extends List {
  readonly length: number;
  readonly #left: List;
  readonly #right: List;

  constructor(left: List, right: List) {
    super();
    this.#left = left;
    this.#right = right;
    this.length = left.length + right.length;
  }

  override at(index: number): Outcome {
    let [list, at] = this.#side(index);
    while (list instanceof JoinedList) [list, at] = list.#side(at);
    return list.at(at);
  }

  #side(index: number): [List, number] {
    const left = this.#left;
    return index < left.length ? [left, index] : [this.#right, index - left.length];
  }
}

/** Keys and values at hand. */
export class ValueMap extends Mapping {
  readonly #entries: ReadonlyMap<string, readonly [Value, Value]>;

  constructor(entries: ReadonlyMap<string, readonly [Value, Value]>, struct?: Type) {
    super(struct);
    this.#entries = entries;
  }

  /** Undefined when a key occurs twice or is of a type that can't be one. */
  static of(pairs: Iterable<readonly [Value, Value]>, struct?: Type): ValueMap {
    const entries = new Map<string, readonly [Value, Value]>();
    for (const pair of pairs) entries.set(mapKey(pair[0]) ?? '', pair);
    return new ValueMap(entries, struct);
  }

  override get size(): number {
    return this.#entries.size;
  }

  override get(key: Value): Value | undefined {
    const name = mapKey(key);
    return name === undefined ? undefined : this.#entries.get(name)?.[1];
  }

  override *keys(): Iterable<Value> {
    for (const [key] of this.#entries.values()) yield key;
  }
}

/**
 * A map that grows in a loop, by the same bargain as `ArrayList.appended`: the newest grows in place, and older ones, which
 * only the loop has seen, are not looked at again.
 */
export class GrowingMap extends ValueMap {
  readonly #grown: Map<string, readonly [Value, Value]>;

  constructor(entries = new Map<string, readonly [Value, Value]>()) {
    super(entries);
    this.#grown = entries;
  }

  /** Undefined when the key is there. */
  with(key: Value, value: Value): GrowingMap | undefined {
    const name = mapKey(key);
    if (name === undefined || this.#grown.has(name)) return undefined;
    this.#grown.set(name, [key, value]);
    return new GrowingMap(this.#grown);
  }
}

/** Equal for keys that are equal; undefined for values that can't be keys. */
export function mapKey(key: Value): string | undefined {
  if (typeof key === 'string') return `s${key}`;
  if (typeof key === 'boolean') return key ? 'true' : 'false';
  return numberKey(key);
}
