/**
 * Values that may be absent.
 * Documentation: https://pkg.go.dev/github.com/google/cel-go/cel#OptionalTypes
 */
import { fn, type Implementation, type Library, method } from '#check/declarations.ts';
import { ArrayList } from '#values/collections.ts';
import { Optional } from '#values/optional.ts';
import { Duration, Timestamp } from '#values/time.ts';
import { Uint } from '#values/uint.ts';
import { Fault, List, Mapping, type Outcome, type Value } from '#values/value.ts';
import {
  boolType,
  dynType,
  intType,
  listOf,
  mapOf,
  optionalOf,
  stringType,
  variableType,
} from '#types/type.ts';

const k = variableType('K');
const v = variableType('V');
const list = listOf(v);
const map = mapOf(k, v);
const optional = optionalOf(v);

/** Planning knows these itself, since they do not need all their operands. */
const planned: Implementation = () => new Fault('no such overload');

function isZero(value: Value): boolean {
  if (value === null || value === false || value === 0n || value === 0 || value === '') return true;
  if (value instanceof Uint8Array || value instanceof List) return value.length === 0;
  if (value instanceof Mapping) return value.size === 0;
  if (value instanceof Uint) return value.value === 0n;
  if (value instanceof Duration) return value.nanoseconds === 0n;
  if (value instanceof Timestamp) return value.nanoseconds === -62_135_596_800_000_000_000n;
  return value instanceof Optional && value.value === undefined;
}

/** What is at a place, as an optional; of an optional container, of what it holds. */
export function optionalAt(container: Value, key: Value): Outcome {
  if (container instanceof Optional)
    return container.value === undefined ? Optional.none : optionalAt(container.value, key);
  const found = partOf(container, key);
  if (found instanceof Fault) return found;
  return found === undefined ? Optional.none : new Optional(found);
}

function partOf(container: Value, key: Value): Outcome | undefined {
  if (container instanceof Mapping) return container.get(key);
  // Nothing is at a place of what has no places.
  if (!(container instanceof List)) return undefined;
  const index = typeof key === 'bigint' || typeof key === 'number' ? Number(key) : (key as Uint).value;
  if (typeof index === 'number' && !Number.isInteger(index)) return new Fault('unsupported index type');
  return index < 0 || index >= container.length ? undefined : container.at(Number(index));
}

function ends(which: 'first' | 'last'): Implementation {
  return ([value]) => {
    const items = value as List;
    if (items.length === 0) return Optional.none;
    const item = items.at(which === 'first' ? 0 : items.length - 1);
    return item instanceof Fault ? item : new Optional(item);
  };
}

const unwrap: Implementation = ([value]) => {
  const items = value as List;
  const present: Value[] = [];
  for (let index = 0; index < items.length; index++) {
    const item = items.at(index);
    if (item instanceof Fault) return item;
    if (!(item instanceof Optional)) return new Fault('value is not optional');
    if (item.value !== undefined) present.push(item.value);
  }
  return new ArrayList(present);
};

export const optionalLibrary: Library = [
  fn('optional.of', 'optional_of', [v], optional, ([value]) => new Optional(value)),
  fn('optional.ofNonZeroValue', 'optional_ofNonZeroValue', [v], optional, ([value]) =>
    isZero(value!) ? Optional.none : new Optional(value),
  ),
  fn('optional.none', 'optional_none', [], optional, () => Optional.none),
  method('value', 'optional_value', [optional], v, ([value]) => {
    const held = (value as Optional).value;
    return held === undefined ? new Fault('optional.none() dereference') : held;
  }),
  method('hasValue', 'optional_hasValue', [optional], boolType, ([value]) => {
    return (value as Optional).value !== undefined;
  }),
  method('or', 'optional_or_optional', [optional, optional], optional, planned),
  method('orValue', 'optional_orValue_value', [optional, v], v, planned),
  fn('_?._', 'select_optional_field', [dynType, stringType], optional, ([value, key]) =>
    optionalAt(value!, key!),
  ),
  fn('_[?_]', 'list_optindex_optional_int', [list, intType], optional, ([value, key]) =>
    optionalAt(value!, key!),
  ),
  fn('_[?_]', 'optional_list_optindex_optional_int', [optionalOf(list), intType], optional, ([value, key]) =>
    optionalAt(value!, key!),
  ),
  fn('_[?_]', 'map_optindex_optional_value', [map, k], optional, ([value, key]) => optionalAt(value!, key!)),
  fn('_[?_]', 'optional_map_optindex_optional_value', [optionalOf(map), k], optional, ([value, key]) =>
    optionalAt(value!, key!),
  ),
  fn('_[_]', 'optional_list_index_int', [optionalOf(list), intType], optional, ([value, key]) =>
    optionalAt(value!, key!),
  ),
  fn('_[_]', 'optional_map_index_value', [optionalOf(map), k], optional, ([value, key]) =>
    optionalAt(value!, key!),
  ),
  method('first', 'list_first', [list], optional, ends('first')),
  method('last', 'list_last', [list], optional, ends('last')),
  fn('optional.unwrap', 'optional_unwrap', [listOf(optional)], list, unwrap),
  method('unwrapOpt', 'optional_unwrapOpt', [listOf(optional)], list, unwrap),
];
