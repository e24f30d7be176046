import type { JsonMap } from '../patch/json-value.ts';
import { getOwn, isJsonMap, setOwn } from '../patch/json-value.ts';
import type { Schema } from '../schema.ts';
import type { FieldSet } from './field-set.ts';
import type { Shape, Shapes } from './typed-value.ts';
import { itemElement, itemsByElement } from './typed-value.ts';

/** `config` laid over `live`: leaves replace, maps and keyed lists merge. The configuration's order of items wins. */
export function mergeConfiguration(
  shapes: Shapes,
  schema: Schema | undefined,
  { live, config }: { live: unknown; config: unknown },
): unknown {
  if (config === undefined) return live;
  const shape = shapes.of(schema, config);
  if (shape.kind === 'map' && isJsonMap(live)) {
    const merged: JsonMap = { ...live };
    for (const key of Object.keys(config as JsonMap)) {
      const field = shapes.field(shape.schema, key).schema;
      const pair = { live: getOwn(live, key), config: (config as JsonMap)[key] };
      setOwn(merged, key, mergeConfiguration(shapes, field, pair));
    }
    return merged;
  }
  if (shape.kind === 'list' && Array.isArray(live))
    return mergeLists(shapes, shape, live, config as unknown[]);
  return config;
}

/** Items that only the live list has stay at their place relative to its other items. */
function mergeLists(
  shapes: Shapes,
  shape: Extract<Shape, { kind: 'list' }>,
  live: unknown[],
  config: unknown[],
): unknown[] {
  const lefts = live.map((item) => ({ item, element: itemElement(shape, item) }));
  const liveItems = itemsByElement(shape, live);
  const wanted = new Set(config.map((item) => itemElement(shape, item)));
  const shared = [...wanted].filter((element) => element !== undefined && liveItems.has(element));
  const merged: unknown[] = [];
  let left = 0;
  const takeLiveOnly = () => {
    while (left < lefts.length && !wanted.has(lefts[left]!.element)) merged.push(lefts[left++]!.item);
  };
  for (const item of config) {
    const element = itemElement(shape, item);
    if (element !== undefined && element === shared[0]) {
      // Live-only items that stood before this one go before it; shared items met on the way come at their own turn.
      const at = lefts.findIndex((other, index) => index >= left && other.element === element);
      while (left < at) {
        if (!wanted.has(lefts[left]!.element)) merged.push(lefts[left]!.item);
        left++;
      }
      if (at >= 0) left = at + 1;
      shared.shift();
    }
    const pair = { live: element === undefined ? undefined : liveItems.get(element)?.[0], config: item };
    merged.push(mergeConfiguration(shapes, shape.items, pair));
  }
  while (left < lefts.length) {
    takeLiveOnly();
    left++;
  }
  return merged;
}

/** The value without the fields and items in `removed`; a container that empties goes too. */
export function removeFields(
  shapes: Shapes,
  schema: Schema | undefined,
  { value, removed }: { value: unknown; removed: FieldSet },
): unknown {
  const shape = shapes.of(schema, value);
  if (shape.kind === 'leaf') return isJsonMap(value) || Array.isArray(value) ? undefined : value;
  if (shape.kind === 'map') {
    const kept: JsonMap = {};
    for (const [key, held] of Object.entries(value as JsonMap)) {
      const rest = without(`f:${key}`, shapes.field(shape.schema, key).schema, held);
      if (rest !== undefined) setOwn(kept, key, rest);
    }
    return Object.keys(kept).length > 0 ? kept : undefined;
  }
  const kept: unknown[] = [];
  for (const item of value as unknown[]) {
    const rest = without(itemElement(shape, item), shape.items, item);
    if (rest !== undefined) kept.push(rest);
  }
  return kept.length > 0 ? kept : undefined;

  function without(element: string | undefined, schema: Schema | undefined, held: unknown): unknown {
    if (element === undefined) return held;
    if (removed.members.has(element)) return undefined;
    const below = removed.below(element);
    return below.isEmpty ? held : removeFields(shapes, schema, { value: held, removed: below });
  }
}
