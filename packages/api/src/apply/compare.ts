import { equalJson, isJsonMap } from '../patch/json-value.ts';
import type { Schema } from '../schema.ts';
import { FieldSet, FieldSetBuilder } from './field-set.ts';
import type { Shape, Shapes } from './typed-value.ts';
import { isAbsent, isVoid, itemsByElement } from './typed-value.ts';

/** The paths that a configuration says something about: what its applier owns. */
export function fieldSetOf(shapes: Shapes, schema: Schema | undefined, value: unknown): FieldSet {
  const set = new FieldSetBuilder();
  walk(schema, value, []);
  return set.build();

  function walk(schema: Schema | undefined, value: unknown, path: readonly string[]): void {
    const shape = shapes.of(schema, value);
    if (shape.kind === 'leaf') set.insert(path);
    else if (shape.kind === 'map') walkMap(shape, value, path);
    else walkList(shape, value as unknown[], path);
  }

  function walkMap(shape: Extract<Shape, { kind: 'map' }>, value: unknown, path: readonly string[]): void {
    for (const [key, held] of Object.entries(value as object)) {
      const field = shapes.field(shape.schema, key);
      const below = [...path, `f:${key}`];
      walk(field.schema, held, below);
      const emptyMap = isJsonMap(held) && Object.keys(held).length === 0;
      if (held === null || emptyMap || !field.declared) set.insert(below);
    }
  }

  function walkList(
    shape: Extract<Shape, { kind: 'list' }>,
    items: unknown[],
    path: readonly string[],
  ): void {
    for (const [element, same] of itemsByElement(shape, items)) {
      const below = [...path, element];
      if (same.length === 1) walk(shape.items, same[0], below);
      set.insert(below);
    }
  }
}

export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

/** Which paths differ between two objects. A container that appears or goes counts besides what it holds. */
export function compareFields(
  shapes: Shapes,
  schema: Schema,
  { before, after }: { before: unknown; after: unknown },
): Comparison {
  const added = new FieldSetBuilder();
  const modified = new FieldSetBuilder();
  const removed = new FieldSetBuilder();
  walk(schema, before, after, []);
  return { added: added.build(), modified: modified.build(), removed: removed.build() };

  function walk(schema: Schema | undefined, before: unknown, after: unknown, path: readonly string[]): void {
    // Most of an object stays as it is; a look costs less than a walk that keeps the path.
    if (equalJson(before, after)) return;
    const shape = shapes.of(schema, after ?? before);
    const sameKind = isAbsent(before) || isAbsent(after) || shapes.of(schema, before).kind === shape.kind;
    if (shape.kind === 'leaf' || !sameKind || (isVoid(before) && isVoid(after)))
      return leaf(before, after, path);
    if (shape.kind === 'map') walkMap(shape, before, after, path);
    else walkList(shape, before, after, path);
    if (before === undefined) added.insert(path);
    else if (after === undefined) removed.insert(path);
  }

  function leaf(before: unknown, after: unknown, path: readonly string[]): void {
    if (before === undefined) added.insert(path);
    else if (after === undefined) removed.insert(path);
    else if (!equalJson(before, after)) modified.insert(path);
  }

  function walkMap(
    shape: Extract<Shape, { kind: 'map' }>,
    before: unknown,
    after: unknown,
    path: readonly string[],
  ): void {
    const left = isJsonMap(before) ? before : {};
    const right = isJsonMap(after) ? after : {};
    for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
      const [old, now] = [
        Object.hasOwn(left, key) ? left[key] : undefined,
        Object.hasOwn(right, key) ? right[key] : undefined,
      ];
      if (old === undefined && now === undefined) continue;
      walk(shapes.field(shape.schema, key).schema, old, now, [...path, `f:${key}`]);
    }
  }

  function walkList(
    shape: Extract<Shape, { kind: 'list' }>,
    before: unknown,
    after: unknown,
    path: readonly string[],
  ): void {
    const left = itemsByElement(shape, Array.isArray(before) ? before : []);
    const right = itemsByElement(shape, Array.isArray(after) ? after : []);
    for (const element of new Set([...left.keys(), ...right.keys()])) {
      const [old = [], now = []] = [left.get(element), right.get(element)];
      const below = [...path, element];
      if (old.length <= 1 && now.length <= 1) walk(shape.items, old[0], now[0], below);
      else if (old.length === 0) added.insert(below);
      else if (now.length === 0) removed.insert(below);
      else if (!equalJson(old, now)) modified.insert(below);
    }
  }
}

/** The set, with every declared field that only has members below it as a member too. */
export function withNamedFields(shapes: Shapes, schema: Schema | undefined, set: FieldSet): FieldSet {
  const members = new Set(set.members);
  const children = new Map<string, FieldSet>();
  for (const [element, child] of set.children) {
    if (shapes.isDeclaredField(schema, element)) members.add(element);
    children.set(element, withNamedFields(shapes, shapes.below(schema, element), child));
  }
  return new FieldSet(members, children);
}
