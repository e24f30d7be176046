/** What is read from lists, maps and structs, and how maps are made and grown. */
import { entryAt, keyText } from '#libraries/operators.ts';
import { optionalAt } from '#libraries/optionals.ts';
import { GrowingMap, mapKey, ValueMap } from '#values/collections.ts';
import { runtimeType } from '#values/describe.ts';
import { Optional } from '#values/optional.ts';
import { Fault, Mapping, type Outcome, type Value } from '#values/value.ts';

export function fieldOf(value: Value, field: string): Outcome {
  if (value instanceof Mapping) return entryAt(value, field);
  if (value instanceof Optional) return optionalAt(value, field);
  return new Fault(`no such key: ${field}`);
}

export function hasField(value: Value, field: string): Outcome {
  const container = value instanceof Optional ? value.value : value;
  return container instanceof Mapping && container.get(field) !== undefined;
}

export function notOptional(value: Value): Fault {
  return new Fault(
    `cannot initialize optional list element from non-optional value of type ${runtimeType(value).name}`,
  );
}

/** Of entries with one key the last counts, as in cel-go. */
export function mapOfPairs(pairs: readonly (readonly [Value, Value])[]): Outcome {
  for (const [key] of pairs)
    if (mapKey(key) === undefined) return new Fault(`unsupported key type: ${runtimeType(key).name}`);
  return ValueMap.of(pairs);
}

/** Adds an entry, or all entries of a map, that must not be there yet. */
export function insert([map, ...rest]: readonly Value[]): Outcome {
  let grown = map instanceof GrowingMap ? map : copyOf(map as Mapping);
  const pairs: [Value, Value][] = [];
  const [key, value] = rest;
  if (value !== undefined) pairs.push([key!, value]);
  else if (key instanceof Mapping)
    for (const name of key.keys()) {
      const entry = key.get(name)!;
      if (entry instanceof Fault) return entry;
      pairs.push([name, entry]);
    }
  else return new Fault('no such overload');
  for (const [name, entry] of pairs) {
    const next = grown.with(name, entry);
    if (!next) return new Fault(`insert failed: key ${keyText(name)} already exists`);
    grown = next;
  }
  return grown;
}

function copyOf(map: Mapping): GrowingMap {
  let copy = new GrowingMap();
  for (const key of map.keys()) {
    const value = map.get(key);
    if (value !== undefined && !(value instanceof Fault)) copy = copy.with(key, value) ?? copy;
  }
  return copy;
}
