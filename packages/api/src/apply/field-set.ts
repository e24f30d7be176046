import type { JsonObject } from '../object.ts';
import { isJsonMap } from '../patch/json-value.ts';

const noMembers: ReadonlySet<string> = new Set();
const noChildren: ReadonlyMap<string, FieldSet> = new Map();

/**
 * A set of field paths, as `managedFields` keeps it. A path is a list of elements in their wire form: `f:name` (field or
 * map key), `k:{"name":"x"}` (item of a list by its keys), `v:"x"` (item of a set), `i:0` (index).
 * A container may be a member itself (`.` on the wire) apart from what is below it. Sets are immutable.
 * Format: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/
 */
export class FieldSet {
  static readonly empty = new FieldSet();

  #members: ReadonlySet<string> | undefined;
  #children: ReadonlyMap<string, FieldSet> | undefined;
  /** Until somebody looks: most of what is stored of an object's owners is only carried along. */
  #wire: JsonObject | undefined;

  constructor(
    members: ReadonlySet<string> = noMembers,
    children: ReadonlyMap<string, FieldSet> = noChildren,
  ) {
    this.#members = members;
    this.#children = children;
  }

  static of(...paths: readonly (readonly string[])[]): FieldSet {
    const builder = new FieldSetBuilder();
    for (const path of paths) builder.insert(path);
    return builder.build();
  }

  /** Reads the wire form, level by level as it is asked for; what is no field set reads as far as it is one. */
  static fromFieldsV1(fields: JsonObject): FieldSet {
    const set = new FieldSet();
    set.#members = set.#children = undefined;
    set.#wire = fields;
    return set;
  }

  get members(): ReadonlySet<string> {
    if (this.#members === undefined) this.#read();
    return this.#members!;
  }

  get children(): ReadonlyMap<string, FieldSet> {
    if (this.#children === undefined) this.#read();
    return this.#children!;
  }

  #read(): void {
    const members = new Set<string>();
    const children = new Map<string, FieldSet>();
    const fields = this.#wire ?? {};
    for (const element in fields) {
      const below = fields[element];
      if (element === '.' || !isJsonMap(below)) continue;
      const keys = Object.keys(below);
      if (keys.length === 0 || Object.hasOwn(below, '.')) members.add(element);
      if (keys.length > 0 && !saysNothing(below))
        children.set(element, FieldSet.fromFieldsV1(below as JsonObject));
    }
    this.#members = members;
    this.#children = children;
    this.#wire = undefined;
  }

  toFieldsV1(): JsonObject {
    return this.#written({});
  }

  #written(fields: JsonObject): JsonObject {
    const { members, children } = this;
    const elements = [...members];
    for (const element of children.keys()) if (!members.has(element)) elements.push(element);
    for (const element of elements.sort()) {
      const below: JsonObject = {};
      const child = children.get(element);
      if (child) {
        if (members.has(element)) below['.'] = {};
        child.#written(below);
      }
      fields[element] = below;
    }
    return fields;
  }

  get isEmpty(): boolean {
    return this.#wire ? saysNothing(this.#wire) : this.members.size === 0 && this.children.size === 0;
  }

  has(path: readonly string[]): boolean {
    const [first, ...rest] = path;
    if (first === undefined) return false;
    return rest.length === 0 ? this.members.has(first) : (this.children.get(first)?.has(rest) ?? false);
  }

  below(element: string): FieldSet {
    return this.children.get(element) ?? FieldSet.empty;
  }

  union(other: FieldSet): FieldSet {
    if (other.isEmpty) return this;
    if (this.isEmpty) return other;
    const children = new Map(this.children);
    for (const [element, child] of other.children) children.set(element, this.below(element).union(child));
    return new FieldSet(new Set([...this.members, ...other.members]), children);
  }

  intersection(other: FieldSet): FieldSet {
    const members = new Set([...this.members].filter((element) => other.members.has(element)));
    return new FieldSet(
      members,
      this.#mapChildren((child, element) => child.intersection(other.below(element))),
    );
  }

  /** Paths of this set that `other` doesn't hold; what is below a path of `other` stays. */
  difference(other: FieldSet): FieldSet {
    if (other.isEmpty || !this.overlaps(other)) return this;
    const members = new Set([...this.members].filter((element) => !other.members.has(element)));
    return new FieldSet(
      members,
      this.#mapChildren((child, element) => child.difference(other.below(element))),
    );
  }

  /** Like `difference`, but a path of `other` takes everything below it along. */
  recursiveDifference(other: FieldSet): FieldSet {
    if (other.isEmpty || !this.#meets(other)) return this;
    const members = new Set([...this.members].filter((element) => !other.members.has(element)));
    return new FieldSet(
      members,
      this.#mapChildren((child, element) =>
        other.members.has(element) ? FieldSet.empty : child.recursiveDifference(other.below(element)),
      ),
    );
  }

  /** Whether any path is in both. */
  overlaps(other: FieldSet): boolean {
    for (const element of other.members) if (this.members.has(element)) return true;
    for (const [element, child] of other.children)
      if (this.children.get(element)?.overlaps(child)) return true;
    return false;
  }

  /** Whether every path of `other` is here too. */
  contains(other: FieldSet): boolean {
    for (const element of other.members) if (!this.members.has(element)) return false;
    for (const [element, child] of other.children) {
      if (child.isEmpty) continue;
      if (!this.children.get(element)?.contains(child)) return false;
    }
    return true;
  }

  equals(other: FieldSet): boolean {
    return this.difference(other).isEmpty && other.difference(this).isEmpty;
  }

  /** Every path, members before what lies deeper. */
  *paths(prefix: readonly string[] = []): Generator<string[]> {
    for (const element of [...this.members].toSorted()) yield [...prefix, element];
    for (const element of [...this.children.keys()].toSorted())
      yield* this.below(element).paths([...prefix, element]);
  }

  /** Whether anything begins alike in both. */
  #meets({ members, children }: FieldSet): boolean {
    const begins = (element: string) => this.members.has(element) || this.children.has(element);
    for (const element of members) if (begins(element)) return true;
    for (const element of children.keys()) if (begins(element)) return true;
    return false;
  }

  #mapChildren(change: (child: FieldSet, element: string) => FieldSet): Map<string, FieldSet> {
    const children = new Map<string, FieldSet>();
    for (const [element, child] of this.children) {
      const changed = change(child, element);
      if (!changed.isEmpty) children.set(element, changed);
    }
    return children;
  }
}

/** Whether a wire form names no path; the first one that is found answers. */
function saysNothing(fields: object): boolean {
  for (const element in fields) {
    const below = (fields as Record<string, unknown>)[element];
    if (element === '.' || !isJsonMap(below)) continue;
    if (Object.hasOwn(below, '.') || Object.keys(below).length === 0 || !saysNothing(below)) return false;
  }
  return true;
}

/** Collects the members and children of a set; `build` gives it away. */
export class FieldSetBuilder {
  #members: Set<string> | undefined;
  #children: Map<string, FieldSet> | undefined;

  /** The element itself. */
  add(element: string): void {
    (this.#members ??= new Set()).add(element);
  }

  /** What lies below the element, which isn't a member by that. */
  graft(element: string, below: FieldSet): void {
    if (!below.isEmpty) (this.#children ??= new Map()).set(element, below);
  }

  insert(path: readonly string[], depth = 0): void {
    const element = path[depth];
    if (element === undefined) return;
    if (depth === path.length - 1) this.add(element);
    else
      this.graft(element, (this.#children?.get(element) ?? FieldSet.empty).union(pathOnly(path, depth + 1)));
  }

  build(): FieldSet {
    return this.#members || this.#children ? new FieldSet(this.#members, this.#children) : FieldSet.empty;
  }
}

function pathOnly(path: readonly string[], depth: number): FieldSet {
  const builder = new FieldSetBuilder();
  builder.insert(path, depth);
  return builder.build();
}

/** As conflicts name a path: `.spec.containers[name="a"].image`. */
export function fieldPathText(path: readonly string[]): string {
  return path.map(elementText).join('');
}

function elementText(element: string): string {
  const value = element.slice(2);
  if (element.startsWith('f:')) return `.${value}`;
  if (element.startsWith('v:')) return `[=${value}]`;
  if (element.startsWith('i:')) return `[${value}]`;
  const keys = Object.entries(JSON.parse(value) as JsonObject);
  return `[${keys.map(([key, held]) => `${key}=${JSON.stringify(held)}`).join(',')}]`;
}
