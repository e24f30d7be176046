/** What `==` means: by value, deep, numbers across their types; values of different types are unequal, never a fault. */
import { mapKey } from '#values/collections.ts';
import { compareNumbers, isNumeric } from '#values/numbers.ts';
import { Optional } from '#values/optional.ts';
import { Duration, Timestamp } from '#values/time.ts';
import { Fault, List, Mapping, Opaque, type Outcome, type Value } from '#values/value.ts';
import { sameType, Type } from '#types/type.ts';

/** Counts the values that an operation looks at, so that sharing within a value can't be used to make it endless. */
export class Effort {
  #left: number;

  constructor(limit: number) {
    this.#left = limit;
  }

  /** False when it is used up. */
  spend(amount = 1): boolean {
    this.#left -= amount;
    return this.#left >= 0;
  }
}

export const exhausted = new Fault('operation cancelled: actual cost limit exceeded', { final: true });

export function equalValues(a: Outcome, b: Outcome, effort: Effort): boolean | Fault {
  if (a instanceof Fault) return a;
  if (b instanceof Fault) return b;
  if (!effort.spend()) return exhausted;
  if (a === b) return !(typeof a === 'number' && Number.isNaN(a));
  if (isNumeric(a)) return isNumeric(b) && compareNumbers(a, b) === 0;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (a instanceof Uint8Array) return b instanceof Uint8Array && sameBytes(a, b);
  if (a instanceof List) return b instanceof List ? equalLists(a, b, effort) : false;
  if (a instanceof Mapping) return b instanceof Mapping ? equalMaps(a, b, effort) : false;
  if (a instanceof Timestamp) return b instanceof Timestamp && a.nanoseconds === b.nanoseconds;
  if (a instanceof Duration) return b instanceof Duration && a.nanoseconds === b.nanoseconds;
  if (a instanceof Type) return b instanceof Type && sameTypeName(a, b);
  if (a instanceof Optional) {
    if (!(b instanceof Optional)) return false;
    if (a.value === undefined || b.value === undefined) return a.value === b.value;
    return equalValues(a.value, b.value, effort);
  }
  if (a instanceof Opaque) return b instanceof Opaque && sameType(a.type, b.type) && a.equals(b);
  return false;
}

/** `type([1]) == list`: at run time types are their names. */
function sameTypeName(a: Type, b: Type): boolean {
  return a.name === b.name;
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

function equalLists(a: List, b: List, effort: Effort): boolean | Fault {
  if (a.length !== b.length) return false;
  const equality = a.equality ?? b.equality;
  if (equality?.kind === 'set') return sameElements(a, b, effort);
  if (equality?.kind === 'map') return sameByKey(a, b, equality.keyOf.bind(equality), effort);
  for (let index = 0; index < a.length; index++) {
    const same = equalValues(a.at(index), b.at(index), effort);
    if (same !== true) return same;
  }
  return true;
}

/** Every element of one is in the other; both have as many. */
function sameElements(a: List, b: List, effort: Effort): boolean | Fault {
  const scalars = scalarKeys(b);
  for (let index = 0; index < a.length; index++) {
    const element = a.at(index);
    if (element instanceof Fault) return element;
    const key = scalars && mapKey(element);
    const found = key === undefined ? containsValue(b, element, effort) : scalars?.has(key);
    if (found !== true) return found ?? false;
  }
  return true;
}

/** Keys of all elements, when all are scalars. */
function scalarKeys(list: List): Set<string> | undefined {
  const keys = new Set<string>();
  for (let index = 0; index < list.length; index++) {
    const element = list.at(index);
    const key = element instanceof Fault ? undefined : mapKey(element);
    if (key === undefined) return undefined;
    keys.add(key);
  }
  return keys;
}

function sameByKey(a: List, b: List, keyOf: (element: Value) => string, effort: Effort): boolean | Fault {
  const byKey = new Map<string, Value>();
  for (let index = 0; index < b.length; index++) {
    const element = b.at(index);
    if (element instanceof Fault) return element;
    byKey.set(keyOf(element), element);
  }
  for (let index = 0; index < a.length; index++) {
    const element = a.at(index);
    if (element instanceof Fault) return element;
    const other = byKey.get(keyOf(element));
    if (other === undefined) return false;
    const same = equalValues(element, other, effort);
    if (same !== true) return same;
  }
  return true;
}

export function containsValue(list: List, value: Value, effort: Effort): boolean | Fault {
  for (let index = 0; index < list.length; index++) {
    const same = equalValues(list.at(index), value, effort);
    if (same !== false) return same;
  }
  return false;
}

function equalMaps(a: Mapping, b: Mapping, effort: Effort): boolean | Fault {
  if (a.size !== b.size) return false;
  for (const key of a.keys()) {
    const other = b.get(key);
    if (other === undefined) return false;
    const same = equalValues(a.get(key)!, other, effort);
    if (same !== true) return same;
  }
  return true;
}
