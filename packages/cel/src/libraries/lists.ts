/**
 * Functions of lists: those of Kubernetes, and the list extension in the version that it offers.
 * Documentation: https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-list-library
 */
import { fn, type Implementation, type Library, method, type Overload } from '#check/declarations.ts';
import type { Run } from '#evaluate/run.ts';
import { ArrayList, mapKey } from '#values/collections.ts';
import { runtimeType } from '#values/describe.ts';
import { equalValues, exhausted } from '#values/equality.ts';
import { compareNumbers, fitsInt, fitsUint, isNumeric } from '#values/numbers.ts';
import { compareBytes, compareText } from '#values/order.ts';
import { Duration, durationOf, Timestamp } from '#values/time.ts';
import { Uint } from '#values/uint.ts';
import { Fault, List, type Outcome, type Value } from '#values/value.ts';
import {
  boolType,
  bytesType,
  doubleType,
  durationType,
  dynType,
  intType,
  listOf,
  stringType,
  timestampType,
  type Type,
  uintType,
  variableType,
} from '#types/type.ts';

const t = variableType('T');
const list = listOf(t);

const comparable: readonly (readonly [string, Type])[] = [
  ['int', intType],
  ['uint', uintType],
  ['double', doubleType],
  ['bool', boolType],
  ['duration', durationType],
  ['timestamp', timestampType],
  ['string', stringType],
  ['bytes', bytesType],
];
const summable = comparable.filter(([name]) => ['int', 'uint', 'double', 'duration'].includes(name));

/** All elements, or the first fault among them. */
function elements(items: List): Value[] | Fault {
  const values: Value[] = [];
  for (let index = 0; index < items.length; index++) {
    const item = items.at(index);
    if (item instanceof Fault) return item;
    values.push(item);
  }
  return values;
}

/** Undefined for values that have no order. */
function compare(a: Value, b: Value): number | undefined {
  if (isNumeric(a) && isNumeric(b)) return compareNumbers(a, b);
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compareBytes(a, b);
  if (a instanceof Timestamp && b instanceof Timestamp) return compareNumbers(a.nanoseconds, b.nanoseconds);
  if (a instanceof Duration && b instanceof Duration) return compareNumbers(a.nanoseconds, b.nanoseconds);
  return undefined;
}

function overElements(apply: (values: readonly Value[], run: Run) => Outcome): Implementation {
  return ([items], run) => {
    const values = elements(items as List);
    return values instanceof Fault ? values : apply(values, run);
  };
}

function isSorted(values: readonly Value[]): Outcome {
  return values.every((value, index) => index === 0 || (compare(values[index - 1]!, value) ?? 0) <= 0);
}

function extreme(name: 'min' | 'max'): (values: readonly Value[]) => Outcome {
  return (values) => {
    let best = values[0];
    if (best === undefined) return new Fault(`${name} called on empty list`);
    for (const value of values) {
      const order = compare(best, value) ?? 0;
      if (name === 'min' ? order > 0 : order < 0) best = value;
    }
    return best;
  };
}

const zeros: Readonly<Record<string, Value>> = {
  int: 0n,
  uint: new Uint(0n),
  double: 0,
  duration: new Duration(0n),
};

function sum(kind: string): (values: readonly Value[]) => Outcome {
  return (values) => {
    let total: Outcome = zeros[kind]!;
    for (const value of values) {
      total = added(total as Value, value);
      if (total instanceof Fault) return total;
    }
    return total;
  };
}

function added(a: Value, b: Value): Outcome {
  if (typeof a === 'bigint' && typeof b === 'bigint')
    return fitsInt(a + b) ? a + b : new Fault('integer overflow');
  if (a instanceof Uint && b instanceof Uint)
    return fitsUint(a.value + b.value) ? new Uint(a.value + b.value) : new Fault('unsigned integer overflow');
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  if (a instanceof Duration && b instanceof Duration)
    return durationOf(a.nanoseconds + b.nanoseconds) ?? new Fault('duration overflow');
  return new Fault('no such overload');
}

function position(from: 'first' | 'last'): Implementation {
  return ([items, item], run) => {
    const { length } = items as List;
    for (let step = 0; step < length; step++) {
      const index = from === 'first' ? step : length - 1 - step;
      const same = equalValues((items as List).at(index), item!, run.effort);
      if (same === true) return BigInt(index);
      if (same instanceof Fault && same.final) return same;
    }
    return -1n;
  };
}

/** Of Kubernetes. */
export const listLibrary: Library = [
  ...comparable.flatMap(([name, type]) => [
    method('isSorted', `list_${name}_is_sorted_bool`, [listOf(type)], boolType, overElements(isSorted)),
    method('max', `list_${name}_max_${name}`, [listOf(type)], type, overElements(extreme('max'))),
    method('min', `list_${name}_min_${name}`, [listOf(type)], type, overElements(extreme('min'))),
  ]),
  ...summable.map(([name, type]) =>
    method('sum', `list_${name}_sum_${name}`, [listOf(type)], type, overElements(sum(name))),
  ),
  method('indexOf', 'list_a_index_of_int', [list, t], intType, position('first')),
  method('lastIndexOf', 'list_a_last_index_of_int', [list, t], intType, position('last')),
];

function slice([items, start, end]: readonly Value[]): Outcome {
  const [first, last] = [start as bigint, end as bigint];
  const { length } = items as List;
  const call = `cannot slice(${first}, ${last})`;
  if (first < 0n || last < 0n) return new Fault(`${call}, negative indexes not supported`);
  if (first > last) return new Fault(`${call}, start index must be less than or equal to end index`);
  if (last > BigInt(length)) return new Fault(`${call}, list is length ${length}`);
  const values: Value[] = [];
  for (let index = Number(first); index < Number(last); index++) {
    const item = (items as List).at(index);
    if (item instanceof Fault) return item;
    values.push(item);
  }
  return new ArrayList(values);
}

function flatten([items, depth = 1n]: readonly Value[], run: Run): Outcome {
  if ((depth as bigint) < 0n) return new Fault('level must be non-negative');
  const values: Value[] = [];
  const fault = flattenInto(values, items as List, depth as bigint, run);
  return fault ?? new ArrayList(values);
}

function flattenInto(values: Value[], items: List, depth: bigint, run: Run): Fault | undefined {
  for (let index = 0; index < items.length; index++) {
    if (!run.effort.spend()) return exhausted;
    const item = items.at(index);
    if (item instanceof Fault) return item;
    if (depth === 0n || !(item instanceof List)) values.push(item);
    else {
      const fault = flattenInto(values, item, depth - 1n, run);
      if (fault) return fault;
    }
  }
  return undefined;
}

function sortBy(items: List, keys: List): Outcome {
  if (items.length !== keys.length)
    return new Fault(
      `@sortByAssociatedKeys() expected a list of the same size as the associated keys list, but got ${items.length} and ${keys.length} elements respectively`,
    );
  const values = elements(items);
  if (values instanceof Fault) return values;
  const order = elements(keys);
  if (order instanceof Fault) return order;
  if (order.length === 0) return items;
  const { name } = runtimeType(order[0]!);
  if (compare(order[0]!, order[0]!) === undefined && !isNumeric(order[0]!))
    return new Fault('list elements must be comparable');
  if (order.some((key) => runtimeType(key).name !== name))
    return new Fault('list elements must have the same type');
  const positions = [...values.keys()].sort((a, b) => compare(order[a]!, order[b]!) ?? 0);
  return new ArrayList(positions.map((index) => values[index]!));
}

function distinct(values: readonly Value[], run: Run): Outcome {
  const scalars = new Set<string>();
  const others: Value[] = [];
  const unique: Value[] = [];
  for (const value of values) {
    const key = mapKey(value);
    if (key !== undefined) {
      if (scalars.has(key)) continue;
      scalars.add(key);
    } else {
      let seen = false;
      for (const other of others) {
        const same = equalValues(value, other, run.effort);
        if (same instanceof Fault && same.final) return same;
        seen ||= same === true;
      }
      if (seen) continue;
      others.push(value);
    }
    unique.push(value);
  }
  return new ArrayList(unique);
}

/** More numbers than an evaluation may cost are never made. */
const rangeMax = 1_000_000n;

function range([count]: readonly Value[]): Outcome {
  const length = count as bigint;
  if (length > rangeMax) return exhausted;
  return new ArrayList(Array.from({ length: Math.max(0, Number(length)) }, (_, index) => BigInt(index)));
}

function ofSortable(make: (type: Type) => Overload): Overload[] {
  return comparable.map(([, type]) => make(type));
}

/** The extension, version 3. */
export const listExtensionLibrary: Library = [
  method('slice', 'list_slice', [list, intType, intType], list, slice),
  method('flatten', 'list_flatten', [listOf(list)], list, flatten),
  method('flatten', 'list_flatten_int', [listOf(dynType), intType], listOf(dynType), flatten),
  ...ofSortable((type) =>
    method('sort', `list_${type.name}_sort`, [listOf(type)], listOf(type), ([items]) =>
      sortBy(items as List, items as List),
    ),
  ),
  ...ofSortable((type) =>
    method(
      '@sortByAssociatedKeys',
      `list_${type.name}_sortByAssociatedKeys`,
      [list, listOf(type)],
      list,
      ([items, keys]) => sortBy(items as List, keys as List),
    ),
  ),
  fn('lists.range', 'lists_range', [intType], listOf(intType), range),
  method(
    'reverse',
    'list_reverse',
    [list],
    list,
    overElements((values) => new ArrayList(values.toReversed())),
  ),
  method('distinct', 'list_distinct', [list], list, overElements(distinct)),
];
