import {
  cloneJson,
  dropEmptyFields,
  equalJson,
  fillUnset,
  sharedWithoutNulls,
  type AnyObject,
  type DropOptions,
  type FieldError,
  type Schema,
  type UnsetOptions,
} from '@skerry/api';
import type { Served } from '#registry/kind-table.ts';

/** Of a custom resource, what every object has. The rest is the definition's business. */
export const customEnvelope: Schema = {
  type: 'object',
  properties: {
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    metadata: { ref: 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' },
  },
  preserveUnknownFields: true,
};

/** The schema that patches, ownership and defaults walk; a kind without one is plain JSON. */
export function schemaOf(
  served: Pick<Served, 'schemas'> & { readonly info: Pick<Served['info'], 'schema'> },
): Schema {
  return served.schemas.schemas[served.info.schema] ?? {};
}

/** Whether `status` is written through its own subresource alone. */
export function hasStatus(served: Pick<Served, 'info'>): boolean {
  return served.info.subresources.some(({ name }) => name === 'status');
}

/**
 * In place; deterministic and idempotent. What is empty counts as unset, so defaults take its place. `settled` parts have
 * been through it.
 */
export function fillDefaults(served: Served, object: AnyObject, how: DropOptions = {}): void {
  const schema = served.custom ? customEnvelope : { ref: served.info.schema };
  dropEmptyFields(served.schemas, schema, object, how);
  served.info.strategy.setDefaults?.(object, how.settled);
}

/**
 * In place: fields that are told even when nothing is set. With `nulls`, those too of which null stands for nothing; rules
 * are asked before them.
 */
export function tellUnset(served: Served, object: AnyObject, how: UnsetOptions = {}): void {
  if (!served.custom) fillUnset(served.schemas, { ref: served.info.schema }, object, how);
}

/**
 * Parts beside the metadata that are as they were stored, `before` being what was stored without its nulls: they have been
 * through decoding, defaults and validation, and most writes leave most of an object so. Compared, not tracked, since
 * admission and the kinds' own rules change objects in place.
 */
export function settledParts(served: Served, object: AnyObject, before: AnyObject): ReadonlySet<string> {
  // A custom kind's schema can change from one write to the next.
  if (served.custom) return none;
  const settled = new Set<string>();
  for (const name in object) {
    if (name === 'metadata' || before[name] === undefined || !equalJson(object[name], before[name])) continue;
    settled.add(name);
    // What is changed in one must not be changed in what it will be compared with.
    if (object[name] === before[name]) object[name] = cloneJson(before[name]);
  }
  return settled;
}

const none: ReadonlySet<string> = new Set();

/** The object without these parts. */
export function without(object: AnyObject, parts: ReadonlySet<string>): AnyObject {
  if (parts.size === 0) return object;
  const rest = { ...object };
  for (const name of parts) if (name !== 'apiVersion' && name !== 'kind') delete rest[name];
  return rest;
}

/** A stored object for rules, which know no null that says nothing. Shares its parts, and is not to be changed either. */
export function withoutNulls(served: Served, object: AnyObject): AnyObject {
  return served.custom ? object : (sharedWithoutNulls(object) as AnyObject);
}

/** What refusals call the kind: a group that shares another's objects is called by the other's name. */
export function faultsKind({ info }: Pick<Served, 'info'>): {
  readonly group: string;
  readonly kind: string;
} {
  return { group: info.storage?.group ?? info.group, kind: info.kind };
}

/** What is wrong with a new object beyond its shape. */
export function createFaults(served: Served, object: AnyObject): FieldError[] {
  return served.info.strategy.validate?.(object) ?? [];
}

/** `subresource` is the door that the change comes through: some may change what a plain update may not. */
export function updateFaults(
  served: Served,
  object: AnyObject,
  old: AnyObject,
  subresource: string,
): FieldError[] {
  return served.info.strategy.validateUpdate?.(object, old, subresource) ?? [];
}

/** Texts for the `Warning:` header; of a change, only about what it changes. */
export function warningsOf(served: Served, object: AnyObject, old?: AnyObject): string[] {
  return served.info.strategy.warnings?.(object, old) ?? [];
}
