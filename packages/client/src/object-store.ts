/** Objects by namespace and name, with indexes that are kept true on every write. Not frozen: readers must not change them. */
import type { KubeObject } from '@skerry/api';
import { keyOf } from '#reflector.ts';

/** Values under which an object is found; none leaves it out of the index. */
export type IndexFunction<T> = (object: T) => readonly string[];

/** By value, the keys of its objects. A value of one object, as most are in some indexes, has no set: that takes ten times the room. */
type Keys = Map<string, string | Set<string>>;

export class ObjectStore<T extends KubeObject> {
  readonly #objects = new Map<string, T>();
  readonly #indexes = new Map<string, { valuesOf: IndexFunction<T>; keys: Keys }>();

  constructor() {
    this.addIndex('namespace', (object) => [object.metadata?.namespace ?? '']);
  }

  get size(): number {
    return this.#objects.size;
  }

  addIndex(name: string, valuesOf: IndexFunction<T>): void {
    if (this.#indexes.has(name)) return;
    const index = { valuesOf, keys: new Map() as Keys };
    this.#indexes.set(name, index);
    for (const [key, object] of this.#objects) enter(index.keys, valuesOf(object), key);
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  all(): T[] {
    return [...this.#objects.values()];
  }

  keys(): IterableIterator<string> {
    return this.#objects.keys();
  }

  byIndex(name: string, value: string): T[] {
    const index = this.#indexes.get(name);
    if (!index) throw new Error(`no index ${name}`);
    const found: T[] = [];
    const keys = index.keys.get(value) ?? [];
    for (const key of typeof keys === 'string' ? [keys] : keys) {
      const object = this.#objects.get(key);
      if (object) found.push(object);
    }
    return found;
  }

  /** Returns the object that was there. */
  set(object: T): T | undefined {
    const key = keyOf(object);
    const old = this.#objects.get(key);
    for (const { valuesOf, keys } of this.#indexes.values()) {
      if (old) leave(keys, valuesOf(old), key);
      enter(keys, valuesOf(object), key);
    }
    this.#objects.set(key, object);
    return old;
  }

  /** Returns the object that was there. */
  delete(key: string): T | undefined {
    const old = this.#objects.get(key);
    if (!old) return undefined;
    for (const { valuesOf, keys } of this.#indexes.values()) leave(keys, valuesOf(old), key);
    this.#objects.delete(key);
    return old;
  }
}

function enter(keys: Keys, values: readonly string[], key: string): void {
  for (const value of values) {
    const held = keys.get(value);
    if (held === undefined || held === key) keys.set(value, key);
    else if (typeof held === 'string') keys.set(value, new Set([held, key]));
    else held.add(key);
  }
}

function leave(keys: Keys, values: readonly string[], key: string): void {
  for (const value of values) {
    const held = keys.get(value);
    if (held === key) keys.delete(value);
    else if (typeof held === 'object' && held.delete(key) && held.size === 0) keys.delete(value);
  }
}
