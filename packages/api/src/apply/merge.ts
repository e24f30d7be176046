import type { JsonMap } from '../patch/json-value.ts';
import { getOwn, isJsonMap, setOwn } from '../patch/json-value.ts';
import type { Schema } from '../schema.ts';
import type { FieldSet } from './field-set.ts';
import type { Shape, Shapes } from './typed-value.ts';
import { isVoid, itemElement, itemsByElement } from './typed-value.ts';

/** `config` laid over `live`: leaves replace, maps and keyed lists merge. The configuration's order of items wins. */
export function mergeConfiguration(
  shapes: Shapes,
  schema: Schema | undefined,
  { live, config }: { live: unknown; config: unknown },
): unknown {
  if (config === undefined) return live;
  // A null owns its field and takes a leaf away; of what is merged field by field or item by item it changes nothing.
  if (config === null && shapes.of(schema, live).kind !== 'leaf' && !isVoid(live)) return live;
  const shape = shapes.of(schema, config);
  if (shape.kind === 'map' && isJsonMap(live)) {
    const merged: JsonMap = { ...live };
    for (const key of Object.keys(config as JsonMap)) {
      const field = shapes.field(shape.schema, key);
      const pair = { live: getOwn(live, key), config: (config as JsonMap)[key] };
      setOwn(merged, key, mergeConfiguration(shapes, field, pair));
    }
    return merged;
  }
  if (shape.kind === 'list' && Array.isArray(live))
    return mergeLists(shapes, shape, live, config as unknown[]);
  return config;
}

/**
 * The configuration's items in its order; items that only the live list has come as early as their place among the shared
 * ones allows. A shared item that stands elsewhere in the live list is passed over there and comes at the configuration's turn.
 */
function mergeLists(
  shapes: Shapes,
  shape: Extract<Shape, { kind: 'list' }>,
  live: unknown[],
  config: unknown[],
): unknown[] {
  const liveItems = itemsByElement(shape, live);
  const lefts = live.map((item) => ({ item, element: itemElement(shape, item) }));
  const rights = config.map((item) => ({ item, element: itemElement(shape, item) }));
  const wanted = new Set(rights.map(({ element }) => element));
  const shared = [...wanted].filter((element) => element !== undefined && liveItems.has(element));
  const merged: unknown[] = [];
  let left = 0;
  let nextShared = 0;
  for (const { item, element } of rights) {
    while (left < lefts.length) {
      const before = lefts[left]!;
      if (!wanted.has(before.element)) merged.push(before.item);
      else if (before.element === shared[nextShared]) break;
      left++;
    }
    const held = element === undefined ? undefined : liveItems.get(element)?.[0];
    merged.push(mergeConfiguration(shapes, shape.items, { live: held, config: item }));
    if (element !== undefined && element === shared[nextShared]) nextShared++;
  }
  for (const { item, element } of lefts.slice(left)) if (!wanted.has(element)) merged.push(item);
  return merged;
}

/** The value without the fields and items in `removed`; null where nothing is left of it. */
export function removeFields(
  shapes: Shapes,
  schema: Schema | undefined,
  { value, removed }: { value: unknown; removed: FieldSet },
): unknown {
  const shape = shapes.of(schema, value);
  if (shape.kind === 'leaf') return isJsonMap(value) || Array.isArray(value) ? null : value;
  if (shape.kind === 'map') {
    const kept: JsonMap = {};
    for (const [key, held] of Object.entries(value as JsonMap)) {
      const rest = without(`f:${key}`, shapes.field(shape.schema, key), held);
      if (rest !== undefined) setOwn(kept, key, rest);
    }
    return Object.keys(kept).length > 0 ? kept : null;
  }
  const kept: unknown[] = [];
  for (const item of value as unknown[]) {
    const rest = without(itemElement(shape, item), shape.items, item);
    if (rest !== undefined) kept.push(rest);
  }
  return kept.length > 0 ? kept : null;

  function without(element: string | undefined, schema: Schema | undefined, held: unknown): unknown {
    if (element === undefined) return held;
    if (removed.members.has(element)) return undefined;
    const below = removed.below(element);
    return below.isEmpty ? held : removeFields(shapes, schema, { value: held, removed: below });
  }
}
