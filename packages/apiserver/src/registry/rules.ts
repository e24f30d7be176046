import { dropEmptyFields, fillUnset, type AnyObject, type FieldError, type Schema } from '@skerry/api';
import type { Served } from '#registry/kind-table.ts';

/** The schema that patches, ownership and defaults walk; a kind without one is plain JSON. */
export function schemaOf(
  served: Pick<Served, 'schemas'> & { readonly info: Pick<Served['info'], 'schema'> },
): Schema {
  return served.schemas.schemas[served.info.schema] ?? {};
}

/** Whether `status` is written through its own subresource alone. */
export function hasStatus(served: Served): boolean {
  return served.info.subresources.some(({ name }) => name === 'status');
}

/** In place; deterministic and idempotent. What is empty counts as unset, so defaults take its place. */
export function fillDefaults(served: Served, object: AnyObject): void {
  if (!served.custom) dropEmptyFields(served.schemas, { ref: served.info.schema }, object);
  served.info.strategy.setDefaults?.(object);
}

/**
 * In place: fields that are told even when nothing is set. With `nulls`, those too of which null stands for nothing; rules
 * are asked before them.
 */
export function tellUnset(
  served: Served,
  object: AnyObject,
  how: { readonly nulls?: boolean; readonly emptyLists?: boolean } = {},
): void {
  if (!served.custom) fillUnset(served.schemas, { ref: served.info.schema }, object, how);
}

/** A copy of a stored object for rules, which know no null that says nothing. */
export function withoutNulls(served: Served, object: AnyObject): AnyObject {
  return served.custom ? object : (copyWithoutNulls(object) as AnyObject);
}

/** JSON is nested no deeper than bodies may be. A null in a list stays a place in it. */
function copyWithoutNulls(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value ?? undefined;
  if (Array.isArray(value)) return value.map(copyWithoutNulls);
  const copy: Record<string, unknown> = {};
  for (const key in value) {
    const field = (value as Record<string, unknown>)[key];
    if (field === null || field === undefined) continue;
    const kept = copyWithoutNulls(field);
    // A key of data like any other, which an assignment would take for something else.
    if (key === '__proto__') Object.defineProperty(copy, key, { value: kept, enumerable: true });
    else copy[key] = kept;
  }
  return copy;
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
