import { resolveSchema, type Schema, type SchemaSet } from '#schema.ts';

/** An absent selector is a fault of its own; an empty one selects everything. */
const labelSelector = 'io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector';

/**
 * Gives required fields that are absent their type's empty value, in place and at any depth, as an object has them after
 * a stock server has read it into its types. So what is stored always has them, readers needn't ask, and validation finds
 * an empty name instead of none. Instants have no empty value and stay absent.
 *
 * Not for configurations that are applied: there a field that is absent is a statement.
 */
export function fillRequired(set: SchemaSet, given: Schema, value: unknown): void {
  const schema = resolveSchema(set, given);
  if (Array.isArray(value)) {
    if (schema.items) for (const item of value) fillRequired(set, schema.items, item);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const object = value as Record<string, unknown>;
  for (const name of schema.required ?? []) {
    const property = schema.properties?.[name];
    if (!property || object[name] !== undefined || property.ref === labelSelector) continue;
    const empty = emptyValue(resolveSchema(set, property));
    if (empty !== undefined) object[name] = empty;
  }
  for (const key of Object.keys(object)) {
    const item = object[key];
    if (typeof item !== 'object' || item === null) continue;
    const own =
      schema.properties && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
    const property = own ?? schema.additionalProperties;
    if (property) fillRequired(set, property, item);
  }
}

function emptyValue(schema: Schema): unknown {
  if (schema.intOrString) return schema.format === 'quantity' ? '0' : 0;
  if (schema.preserveUnknownFields) return undefined;
  switch (schema.type) {
    case 'string':
      return schema.format === 'date-time' ? undefined : '';
    case 'integer':
    case 'number':
      return 0;
    case 'boolean':
      return false;
    case 'array':
      return [];
    case 'object':
      return {};
    default:
      return undefined;
  }
}
