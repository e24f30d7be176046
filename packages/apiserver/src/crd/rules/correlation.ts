/**
 * Which part of an object was which part of it before. What has not changed may stay, though it would not be let in today.
 * Rules: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-ratcheting
 */
import { isRecord } from '@skerry/base';
import { sameJson } from '@skerry/api';

/** A value and what it was. */
export interface Pair {
  readonly value: unknown;
  readonly old: unknown;
}

export class Correlation {
  readonly #current: Pair | undefined;
  /** The nearest part above that is correlated. */
  readonly #above: Pair | undefined;

  private constructor(current: Pair | undefined, above: Pair | undefined) {
    this.#current = current;
    this.#above = above;
  }

  /** Of a whole object; of one that is created nothing is correlated. */
  static of(pair: Pair | undefined): Correlation {
    return new Correlation(pair, undefined);
  }

  /** Whether nothing here has changed: of this part, or of the whole that it is part of. */
  get unchanged(): boolean {
    const pair = this.#current ?? this.#above;
    return pair !== undefined && sameJson(pair.value, pair.old);
  }

  field(name: string): Correlation {
    const current = this.#current;
    if (!current) return this;
    // Of the object itself, what it is is always judged anew.
    if (!this.#above && (name === 'apiVersion' || name === 'kind')) return Correlation.of(undefined);
    return new Correlation(fieldPair(current, name), current);
  }

  /** `old` is the element with the same keys, if the list has keys and there was one. */
  element(value: unknown, old: unknown): Correlation {
    const current = this.#current;
    if (!current) return this;
    return new Correlation(old === undefined ? undefined : { value, old }, current);
  }
}

function fieldPair({ value, old }: Pair, name: string): Pair | undefined {
  if (!isRecord(value) || !isRecord(old)) return undefined;
  if (!Object.hasOwn(value, name) || !Object.hasOwn(old, name)) return undefined;
  return { value: value[name], old: old[name] };
}

/** Elements of a list by their keys. */
export class KeyedElements {
  readonly #keys: readonly string[];
  readonly #elements = new Map<string, unknown>();

  constructor(list: unknown, keys: readonly string[]) {
    this.#keys = keys;
    if (!Array.isArray(list) || keys.length === 0) return;
    for (const element of list) {
      const key = this.#keyOf(element);
      if (key !== undefined && !this.#elements.has(key)) this.#elements.set(key, element);
    }
  }

  /** The element with the keys of this one. */
  like(element: unknown): unknown {
    const key = this.#keyOf(element);
    return key === undefined ? undefined : this.#elements.get(key);
  }

  #keyOf(element: unknown): string | undefined {
    if (!isRecord(element) || this.#keys.length === 0) return undefined;
    return JSON.stringify(this.#keys.map((key) => element[key] ?? null));
  }
}
