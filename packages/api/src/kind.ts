import type { AnyObject } from './object.ts';
import type { FieldError } from './status.ts';

/**
 * One declarative description per kind. The API server's generic registry, discovery, OpenAPI, Table output, patches, the
 * client and the console all read it; no other place knows facts about a kind.
 */
export interface KindInfo {
  /** '' for core. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** Where it is not the kind with `List` behind it. */
  readonly listKind?: string;
  /** Plural, lower case: `pods`. */
  readonly resource: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  /** As discovery lists them: create delete deletecollection get list patch update watch. */
  readonly verbs: readonly string[];
  readonly subresources: readonly SubresourceInfo[];
  /** Whether `metadata.generation` counts changes of the spec. */
  readonly hasGeneration: boolean;
  /** Name of the object's schema in the schema set: `io.k8s.api.core.v1.Pod`. */
  readonly schema: string;
  readonly columns: readonly ColumnInfo[];
  /** The order of a Table's rows; by key unless told. */
  readonly rowOrder?: (a: AnyObject, b: AnyObject) => number;
  /** Field selectors beyond metadata.name and metadata.namespace: `spec.nodeName`. */
  readonly selectableFields: readonly string[];
  /** The version under which the object is kept, when several are served: `events` and `events.events.k8s.io` share one store. */
  readonly storage?: { readonly group: string; readonly version: string; readonly resource: string };
  /** Between this version's form and the stored one. Absent where both are the same. */
  readonly conversion?: KindConversion;
  /** Server-side hooks that are pure functions of objects. All optional; see `KindStrategy`. */
  readonly strategy: KindStrategy;
}

/** Pure; the given object is left alone. Nothing that either form holds may be lost on the way there and back. */
export interface KindConversion {
  toStorage(object: AnyObject): AnyObject;
  fromStorage(object: AnyObject): AnyObject;
}

export interface SubresourceInfo {
  readonly name: string;
  readonly verbs: readonly string[];
  /** Set when the body is another kind: scale → autoscaling/v1 Scale, eviction → policy/v1 Eviction. */
  readonly body?: { readonly group: string; readonly version: string; readonly kind: string };
}

/** A column of `kubectl get`. `priority` 0 is always shown, 1 only with `-o wide`. */
export interface ColumnInfo {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly format?: string;
  readonly priority: number;
  readonly description?: string;
  /** The cell's value. `nowMs` is for ages. */
  cell(object: AnyObject, nowMs: number): string | number | boolean | null;
}

/** Each hook mutates nothing it is given unless its name says so. */
export interface KindStrategy {
  /**
   * Fills defaults in place, before storage and after decoding. Deterministic, idempotent. Fields of the names in `settled`
   * have them already.
   */
  setDefaults?(object: AnyObject, settled?: ReadonlySet<string>): void;
  /** Faults beyond what the schema says, on create. */
  validate?(object: AnyObject): FieldError[];
  /**
   * All faults of a change, those of the object by itself included. `subresource` is the door that the change comes
   * through, '' for the object itself: `resize` may change what a plain update may not.
   */
  validateUpdate?(object: AnyObject, old: AnyObject, subresource?: string): FieldError[];
  /** For the `Warning:` header. `old` is given for a change, which warns only about what it changes. */
  warnings?(object: AnyObject, old?: AnyObject): string[];
  /** In place, on create, before defaults: fields a creator may not set. The registry clears `status` by itself where a status subresource exists. */
  prepareForCreate?(object: AnyObject): void;
  /** In place, on update of the main resource: fields that keep their old value. The registry keeps `status` by itself. `now` is an instant as objects tell it. */
  prepareForUpdate?(object: AnyObject, old: AnyObject, now?: string): void;
  /** In place, on update of the status: what a writer may leave out. */
  prepareForStatus?(object: AnyObject, old: AnyObject, now: string): void;
  /** Grace for a DELETE that names none, in seconds; undefined: the object goes at once. */
  deletionGraceSeconds?(object: AnyObject, requested: number | undefined): number | undefined;
  /** Values of `selectableFields` that are not plain paths into the object. */
  fieldValue?(object: AnyObject, field: string): string | undefined;
}
