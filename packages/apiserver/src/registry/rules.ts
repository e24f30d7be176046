import type { AnyObject, FieldError, Schema } from '@skerry/api';
import type { Served } from '#registry/kind-table.ts';

/** The schema that patches, ownership and defaults walk; a kind without one is plain JSON. */
export function schemaOf(served: Pick<Served, 'info' | 'schemas'>): Schema {
  return served.schemas.schemas[served.info.schema] ?? {};
}

/** Whether `status` is written through its own subresource alone. */
export function hasStatus(served: Served): boolean {
  return served.info.subresources.some(({ name }) => name === 'status');
}

/** In place; deterministic and idempotent. */
export function fillDefaults(served: Served, object: AnyObject): void {
  served.info.strategy.setDefaults?.(object);
}

/** What is wrong with a new object beyond its shape. */
export function createFaults(served: Served, object: AnyObject): FieldError[] {
  return served.info.strategy.validate?.(object) ?? [];
}

export function updateFaults(served: Served, object: AnyObject, old: AnyObject): FieldError[] {
  const { strategy } = served.info;
  return [...(strategy.validate?.(object) ?? []), ...(strategy.validateUpdate?.(object, old) ?? [])];
}

export function warningsOf(served: Served, object: AnyObject): string[] {
  return served.info.strategy.warnings?.(object) ?? [];
}
