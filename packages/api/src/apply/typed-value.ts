import type { Schema, SchemaSet } from '../schema.ts';
import { resolveSchema } from '../schema.ts';
import type { JsonMap } from '../patch/json-value.ts';
import { getOwn, isJsonMap } from '../patch/json-value.ts';

/**
 * How ownership sees a value: a leaf is owned whole; a map is owned field by field; a list by its items, which are found by
 * their keys (`map`) or are their own key (`set`). What no schema describes is a map by fields, a whole list, or a leaf.
 */
export type Shape = { readonly kind: 'leaf' } | MapShape | ListShape;

export interface MapShape {
  readonly kind: 'map';
  readonly schema: Schema | undefined;
}

export interface ListShape {
  readonly kind: 'list';
  readonly items: Schema | undefined;
  readonly keys: readonly ListKey[] | undefined;
}

/** A key of an associative list's items, with the value that an item has which doesn't say. */
export interface ListKey {
  readonly name: string;
  readonly default: unknown;
}

const leaf: Shape = { kind: 'leaf' };
/** A map that no schema describes. */
const looseMap: Shape = { kind: 'map', schema: undefined };

/** What shapes a schema gives, by what it is given: found out once. */
interface SchemaShapes {
  readonly map: Shape;
  readonly list: Shape;
}

const shapesOfSets = new WeakMap<SchemaSet, Shapes>();

export class Shapes {
  readonly #set: SchemaSet;
  readonly #known = new WeakMap<Schema, SchemaShapes>();

  private constructor(set: SchemaSet) {
    this.#set = set;
  }

  static over(set: SchemaSet): Shapes {
    let shapes = shapesOfSets.get(set);
    if (!shapes) shapesOfSets.set(set, (shapes = new Shapes(set)));
    return shapes;
  }

  of(schema: Schema | undefined, value: unknown): Shape {
    if (typeof value !== 'object' || value === null) return leaf;
    const isList = Array.isArray(value);
    if (!schema) return isList ? leaf : looseMap;
    let known = this.#known.get(schema);
    if (!known) this.#known.set(schema, (known = this.#shapesOf(schema)));
    return isList ? known.list : known.map;
  }

  #shapesOf(schema: Schema): SchemaShapes {
    const resolved = resolveSchema(this.#set, schema);
    const isAtomic = (schema.mapType ?? resolved.mapType) === 'atomic';
    return { map: isAtomic ? leaf : { kind: 'map', schema: resolved }, list: this.#list(schema, resolved) };
  }

  #list(schema: Schema, resolved: Schema): Shape {
    const listType = schema.listType ?? resolved.listType;
    const { items } = resolved;
    if (listType === 'set') return { kind: 'list', items, keys: undefined };
    if (listType !== 'map' || !items) return leaf;
    const item = resolveSchema(this.#set, items);
    const names = schema.listMapKeys ?? resolved.listMapKeys ?? [];
    const keys = [...names].toSorted().map((name) => {
      const key = item.properties?.[name];
      return { name, default: this.#default(key) ?? emptyKey(items.ref, name, item.required, key) };
    });
    return { kind: 'list', items, keys };
  }

  /** The schema of a map's field. */
  field(map: Schema | undefined, key: string): Schema | undefined {
    return this.declares(map, key) ? map?.properties?.[key] : map?.additionalProperties;
  }

  /** Whether a map's field is named rather than any key. */
  declares(map: Schema | undefined, key: string): boolean {
    return map?.properties !== undefined && Object.hasOwn(map.properties, key);
  }

  /** Whether a map may hold the key at all. */
  knows(map: Schema | undefined, key: string): boolean {
    if (!map || map.preserveUnknownFields || map.additionalProperties || !map.properties) return true;
    return Object.hasOwn(map.properties, key);
  }

  /** What lies below a path element, for walking a schema along a field set. */
  below(schema: Schema | undefined, element: string): Schema | undefined {
    const resolved = schema && resolveSchema(this.#set, schema);
    return element.startsWith('f:') ? this.field(resolved, element.slice(2)) : resolved?.items;
  }

  isDeclaredField(schema: Schema | undefined, element: string): boolean {
    const resolved = schema && resolveSchema(this.#set, schema);
    return element.startsWith('f:') && this.declares(resolved, element.slice(2));
  }

  #default(schema: Schema | undefined): unknown {
    return schema?.default ?? (schema && resolveSchema(this.#set, schema).default);
  }
}

/** A struct whose name is empty where it isn't told, though it need not be told. */
const namedByDefault = 'io.k8s.api.core.v1.LocalObjectReference';

/**
 * Fields that a type of a stock server always has are empty in an element that doesn't tell them. Definitions have no such
 * types: their keys must be told, or have a default.
 */
function emptyKey(
  type: string | undefined,
  name: string,
  required: readonly string[] | undefined,
  key: Schema | undefined,
): unknown {
  const isAlwaysThere = type?.startsWith('io.k8s.') && required?.includes(name);
  if (!isAlwaysThere && type !== namedByDefault) return undefined;
  return key?.type === 'integer' ? 0 : '';
}

/** The path element of a list's item; undefined when the item has none of the keys. */
export function itemElement(shape: ListShape, item: unknown): string | undefined {
  if (!shape.keys) return `v:${JSON.stringify(item)}`;
  if (!isJsonMap(item)) return undefined;
  const keys: JsonMap = {};
  for (const key of shape.keys) {
    const value = getOwn(item, key.name) ?? key.default;
    if (value !== undefined) keys[key.name] = value;
  }
  return Object.keys(keys).length === 0 ? undefined : `k:${JSON.stringify(keys)}`;
}

/** Items by path element, in order of first appearance; more than one per element where a list has doubles. */
export function itemsByElement(shape: ListShape, items: readonly unknown[]): Map<string, unknown[]> {
  const found = new Map<string, unknown[]>();
  for (const item of items) {
    const element = itemElement(shape, item);
    if (element === undefined) continue;
    const same = found.get(element);
    if (same) same.push(item);
    else found.set(element, [item]);
  }
  return found;
}

export function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

/** Absent, or an empty container: between the two of these only the container itself can change. */
export function isVoid(value: unknown): boolean {
  if (isAbsent(value)) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isJsonMap(value) && Object.keys(value).length === 0;
}
