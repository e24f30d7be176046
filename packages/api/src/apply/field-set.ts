import type { JsonObject } from '../object.ts';

/**
 * A set of field paths, as `managedFields` keeps it. A path is a list of elements in their wire form: `f:name` (field or
 * map key), `k:{"name":"x"}` (item of a list by its keys), `v:"x"` (item of a set), `i:0` (index).
 * A container may be a member itself (`.` on the wire) apart from what is below it. Sets are immutable.
 * Format: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/
 */
export class FieldSet {
  static readonly empty = new FieldSet(new Set(), new Map());

  readonly members: ReadonlySet<string>;
  readonly children: ReadonlyMap<string, FieldSet>;

  constructor(members: ReadonlySet<string>, children: ReadonlyMap<string, FieldSet>) {
    this.members = members;
    this.children = children;
  }

  static of(...paths: readonly (readonly string[])[]): FieldSet {
    const builder = new FieldSetBuilder();
    for (const path of paths) builder.insert(path);
    return builder.build();
  }

  /** Reads the wire form; what is no field set reads as far as it is one. */
  static fromFieldsV1(fields: JsonObject): FieldSet {
    const members = new Set<string>();
    const children = new Map<string, FieldSet>();
    for (const [element, below] of Object.entries(fields)) {
      if (element === '.' || typeof below !== 'object' || below === null || Array.isArray(below)) continue;
      const keys = Object.keys(below);
      if (keys.length === 0 || keys.includes('.')) members.add(element);
      const child = FieldSet.fromFieldsV1(below);
      if (!child.isEmpty) children.set(element, child);
    }
    return new FieldSet(members, children);
  }

  toFieldsV1(): JsonObject {
    const fields: JsonObject = {};
    const elements = [...this.members];
    for (const element of this.children.keys()) if (!this.members.has(element)) elements.push(element);
    for (const element of elements.sort()) {
      const child = this.children.get(element)?.toFieldsV1();
      if (!child) fields[element] = {};
      else fields[element] = this.members.has(element) ? { '.': {}, ...child } : child;
    }
    return fields;
  }

  get isEmpty(): boolean {
    return this.members.size === 0 && this.children.size === 0;
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
    if (other.isEmpty) return this;
    const members = new Set([...this.members].filter((element) => !other.members.has(element)));
    return new FieldSet(
      members,
      this.#mapChildren((child, element) => child.difference(other.below(element))),
    );
  }

  /** Like `difference`, but a path of `other` takes everything below it along. */
  recursiveDifference(other: FieldSet): FieldSet {
    if (other.isEmpty) return this;
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

  equals(other: FieldSet): boolean {
    return this.difference(other).isEmpty && other.difference(this).isEmpty;
  }

  /** Every path, members before what lies deeper. */
  *paths(prefix: readonly string[] = []): Generator<string[]> {
    for (const element of [...this.members].toSorted()) yield [...prefix, element];
    for (const element of [...this.children.keys()].toSorted())
      yield* this.below(element).paths([...prefix, element]);
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

/** Collects paths while an object is walked. */
export class FieldSetBuilder {
  readonly #members = new Set<string>();
  readonly #children = new Map<string, FieldSetBuilder>();

  insert(path: readonly string[], depth = 0): void {
    if (depth === path.length) return;
    const element = path[depth]!;
    if (depth === path.length - 1) this.#members.add(element);
    else this.#child(element).insert(path, depth + 1);
  }

  build(): FieldSet {
    const children = new Map<string, FieldSet>();
    for (const [element, child] of this.#children) children.set(element, child.build());
    return new FieldSet(this.#members, children);
  }

  #child(element: string): FieldSetBuilder {
    let child = this.#children.get(element);
    if (!child) this.#children.set(element, (child = new FieldSetBuilder()));
    return child;
  }
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
