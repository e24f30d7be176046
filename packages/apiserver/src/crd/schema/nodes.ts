import type { JSONSchemaProps } from '@skerry/api';

/** A schema as a definition says it. */
export type RawSchema = JSONSchemaProps;

export function isSchema(value: unknown): value is RawSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The one schema of a list's elements. */
export function itemsOf({ items }: RawSchema): RawSchema | undefined {
  return isSchema(items) ? items : undefined;
}

/** The schema of a map's values. */
export function valuesOf({ additionalProperties }: RawSchema): RawSchema | undefined {
  return isSchema(additionalProperties) ? additionalProperties : undefined;
}

export interface Child {
  readonly schema: RawSchema;
  readonly path: string;
}

/** Properties, values and elements, with their paths. */
export function partsOf(raw: RawSchema, path: string): Child[] {
  const parts = Object.entries(raw.properties ?? {}).map(([name, schema]) => ({
    schema,
    path: `${path}.properties[${name}]`,
  }));
  const values = valuesOf(raw);
  if (values) parts.push({ schema: values, path: `${path}.additionalProperties` });
  const items = itemsOf(raw);
  if (items) parts.push({ schema: items, path: `${path}.items` });
  return parts;
}

/** What only narrows: schemas that the same value must fit as well. */
export function alternativesOf(raw: RawSchema, path: string): Child[] {
  const listed = (['allOf', 'oneOf', 'anyOf'] as const).flatMap((name) =>
    (raw[name] ?? []).map((schema, index) => ({ schema, path: `${path}.${name}[${index}]` })),
  );
  return raw.not ? [{ schema: raw.not, path: `${path}.not` }, ...listed] : listed;
}

/** The schema and all within it; stops at the first for which `test` holds. */
export function someSchema(raw: RawSchema, test: (schema: RawSchema) => boolean): boolean {
  return (
    test(raw) ||
    [...partsOf(raw, ''), ...alternativesOf(raw, '')].some(({ schema }) => someSchema(schema, test))
  );
}
