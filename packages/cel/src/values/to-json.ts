/** Values as JSON: what an expression makes of an object, on its way back into one. */
import { Optional } from '#values/optional.ts';
import { Duration, formatDuration, formatTimestamp, Timestamp } from '#values/time.ts';
import { Uint } from '#values/uint.ts';
import { Fault, List, Mapping, Opaque, type Value } from '#values/value.ts';

/** Deepest nesting; expressions nest no deeper than the parser allows, but objects that they quote may. */
const depthMax = 200;

/** A Fault for what JSON has no word for. */
export function toJson(value: Value, depth = 0): unknown {
  if (depth > depthMax) return new Fault(`nested deeper than ${depthMax} levels`);
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'number')
    return Number.isFinite(value) ? value : new Fault(`${value} is no number of JSON`);
  if (value instanceof Uint) return Number(value.value);
  if (value instanceof Uint8Array) return btoa(String.fromCharCode(...value));
  if (value instanceof Timestamp) return formatTimestamp(value);
  if (value instanceof Duration) return formatDuration(value);
  if (value instanceof Optional) return value.value === undefined ? null : toJson(value.value, depth + 1);
  if (value instanceof List) return listToJson(value, depth);
  if (value instanceof Mapping) return mapToJson(value, depth);
  return new Fault(value instanceof Opaque ? `${value.type.name} has no JSON` : 'a type has no JSON');
}

function listToJson(list: List, depth: number): unknown {
  const result: unknown[] = [];
  for (let index = 0; index < list.length; index++) {
    const item = list.at(index);
    const json = item instanceof Fault ? item : toJson(item, depth + 1);
    if (json instanceof Fault) return json;
    result.push(json);
  }
  return result;
}

function mapToJson(map: Mapping, depth: number): unknown {
  const result: Record<string, unknown> = {};
  for (const key of map.keys()) {
    if (typeof key !== 'string') return new Fault('map keys must be strings');
    const value = map.get(key);
    if (value === undefined) continue;
    const json = value instanceof Fault ? value : toJson(value, depth + 1);
    if (json instanceof Fault) return json;
    // As data, whatever its name.
    Object.defineProperty(result, key, { value: json, enumerable: true, configurable: true, writable: true });
  }
  return result;
}
