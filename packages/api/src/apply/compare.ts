import { equalJson, isJsonMap, type JsonMap } from '../patch/json-value.ts';
import type { Schema } from '../schema.ts';
import { FieldSet, FieldSetBuilder } from './field-set.ts';
import type { ListShape, MapShape, Shapes } from './typed-value.ts';
import { isVoid, itemsByElement } from './typed-value.ts';

/** The paths that a configuration says something about: what its applier owns. */
export function fieldSetOf(shapes: Shapes, schema: Schema | undefined, value: unknown): FieldSet {
  const set = new FieldSetBuilder();
  const shape = shapes.of(schema, value);
  if (shape.kind === 'map') {
    for (const [key, held] of Object.entries(value as object)) {
      const element = `f:${key}`;
      set.graft(element, fieldSetOf(shapes, shapes.field(shape.schema, key), held));
      if (isNamedItself(shapes, shape.schema, key, held)) set.add(element);
    }
  } else if (shape.kind === 'list') {
    for (const [element, same] of itemsByElement(shape, value as unknown[])) {
      if (same.length === 1) set.graft(element, fieldSetOf(shapes, shape.items, same[0]));
      set.add(element);
    }
  }
  return set.build();
}

/** Whether a field counts besides what it holds: leaves do, and what only a map has, and what is empty. */
function isNamedItself(shapes: Shapes, map: Schema | undefined, key: string, held: unknown): boolean {
  if (held === null || !shapes.declares(map, key)) return true;
  const shape = shapes.of(shapes.field(map, key), held);
  return shape.kind === 'leaf' || (shape.kind === 'map' && Object.keys(held as object).length === 0);
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
  return equalJson(before, after)
    ? noDifference
    : new Comparer(shapes).compare(schema, before, after).build();
}

const noDifference: Comparison = {
  added: FieldSet.empty,
  modified: FieldSet.empty,
  removed: FieldSet.empty,
};

class Differences {
  readonly added = new FieldSetBuilder();
  readonly modified = new FieldSetBuilder();
  readonly removed = new FieldSetBuilder();

  build(): Comparison {
    return { added: this.added.build(), modified: this.modified.build(), removed: this.removed.build() };
  }

  graft(element: string, below: Differences): void {
    this.added.graft(element, below.added.build());
    this.modified.graft(element, below.modified.build());
    this.removed.graft(element, below.removed.build());
  }
}

class Comparer {
  readonly #shapes: Shapes;

  constructor(shapes: Shapes) {
    this.#shapes = shapes;
  }

  /** What differs below two values of one schema. */
  compare(schema: Schema | undefined, before: unknown, after: unknown): Differences {
    const shape = this.#shapes.of(schema, after ?? before);
    const found = new Differences();
    if (shape.kind === 'map')
      this.#maps(shape, isJsonMap(before) ? before : {}, isJsonMap(after) ? after : {}, found);
    else if (shape.kind === 'list')
      this.#lists(shape, Array.isArray(before) ? before : [], Array.isArray(after) ? after : [], found);
    return found;
  }

  #element(
    element: string,
    schema: Schema | undefined,
    { before, after, found }: { before: unknown; after: unknown; found: Differences },
  ): void {
    if (before === undefined) this.#onOneSide(element, schema, after, found.added);
    else if (after === undefined) this.#onOneSide(element, schema, before, found.removed);
    else if (equalJson(before, after)) return;
    else if (this.#isWhole(schema, before, after)) found.modified.add(element);
    else found.graft(element, this.compare(schema, before, after));
  }

  /** Of what was nothing before, or is nothing now, everything counts. */
  #onOneSide(element: string, schema: Schema | undefined, value: unknown, found: FieldSetBuilder): void {
    if (value === undefined) return;
    found.add(element);
    found.graft(element, this.#allBelow(schema, value));
  }

  #allBelow(schema: Schema | undefined, value: unknown): FieldSet {
    const shape = this.#shapes.of(schema, value);
    if (shape.kind === 'leaf') return FieldSet.empty;
    const all = new FieldSetBuilder();
    if (shape.kind === 'map') {
      for (const key in value as object)
        this.#onOneSide(`f:${key}`, this.#shapes.field(shape.schema, key), (value as JsonMap)[key], all);
    } else {
      for (const [element, same] of itemsByElement(shape, value as unknown[])) {
        if (same.length === 1) this.#onOneSide(element, shape.items, same[0], all);
        else all.add(element);
      }
    }
    return all.build();
  }

  /** Whether two values that differ do so as wholes. */
  #isWhole(schema: Schema | undefined, before: unknown, after: unknown): boolean {
    const shape = this.#shapes.of(schema, after ?? before);
    if (shape.kind === 'leaf' || (isVoid(before) && isVoid(after))) return true;
    if (before === null || after === null) return false;
    return this.#shapes.of(schema, before).kind !== shape.kind;
  }

  #maps(shape: MapShape, before: JsonMap, after: JsonMap, found: Differences): void {
    for (const key in before) {
      const now = Object.hasOwn(after, key) ? after[key] : undefined;
      this.#element(`f:${key}`, this.#shapes.field(shape.schema, key), {
        before: before[key],
        after: now,
        found,
      });
    }
    for (const key in after) {
      if (Object.hasOwn(before, key)) continue;
      this.#onOneSide(`f:${key}`, this.#shapes.field(shape.schema, key), after[key], found.added);
    }
  }

  #lists(shape: ListShape, before: readonly unknown[], after: readonly unknown[], found: Differences): void {
    const left = itemsByElement(shape, before);
    const right = itemsByElement(shape, after);
    for (const element of new Set([...left.keys(), ...right.keys()])) {
      const [old = [], now = []] = [left.get(element), right.get(element)];
      if (old.length <= 1 && now.length <= 1)
        this.#element(element, shape.items, { before: old[0], after: now[0], found });
      else if (old.length === 0) found.added.add(element);
      else if (now.length === 0) found.removed.add(element);
      else if (!equalJson(old, now)) found.modified.add(element);
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
