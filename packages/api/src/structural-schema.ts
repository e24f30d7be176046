/**
 * What an API server does with a custom resource and the structural schema of its definition: prune what the schema does
 * not name, fill in defaults, say what is wrong. Each walks the value once. CEL rules are not judged here.
 * Rules: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/
 */
import { isRecord } from '@skerry/base';
import { resolveSchema, type Schema, type SchemaSet } from '#schema.ts';

/** Fields of every object, whatever its schema says. */
const objectFields: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata']);

/** Reports beyond this many pruned fields help nobody. */
const reportsMax = 100;

/**
 * Removes, in place, what the schema does not name, and returns the paths of what went: `spec.foo`. `root` objects, and
 * embedded resources, keep apiVersion, kind and metadata.
 */
export function pruneUnknown(
  set: SchemaSet,
  schema: Schema,
  value: unknown,
  { root = true }: { readonly root?: boolean } = {},
): string[] {
  const pruned: string[] = [];
  prune(set, { ...resolveSchema(set, schema), embeddedResource: root }, value, '', pruned);
  return pruned;
}

function prune(set: SchemaSet, given: Schema, value: unknown, path: string, pruned: string[]): void {
  const schema = resolveSchema(set, given);
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items)
      for (const [index, item] of value.entries()) prune(set, items, item, `${path}[${index}]`, pruned);
    return;
  }
  if (!isRecord(value)) return;
  for (const key of Object.keys(value)) {
    if (schema.embeddedResource && objectFields.has(key)) continue;
    const at = path === '' ? key : `${path}.${key}`;
    const property = ownProperty(schema, key) ?? schema.additionalProperties;
    if (property) prune(set, property, value[key], at, pruned);
    else if (!schema.preserveUnknownFields) {
      delete value[key];
      if (pruned.length < reportsMax) pruned.push(at);
    }
  }
}

/** Fills, in place, what is absent and has a default; a null that may not be null counts as absent. */
export function applyDefaults(set: SchemaSet, given: Schema, value: unknown): void {
  const schema = resolveSchema(set, given);
  if (Array.isArray(value)) {
    if (schema.items) for (const item of value) applyDefaults(set, schema.items, item);
    return;
  }
  if (!isRecord(value)) return;
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    const target = resolveSchema(set, property);
    const fallback = property.default ?? target.default;
    if (fallback !== undefined) {
      const absent = !Object.hasOwn(value, key) || (value[key] === null && !target.nullable);
      if (absent) value[key] = structuredClone(fallback);
    }
    if (Object.hasOwn(value, key)) applyDefaults(set, property, value[key]);
  }
  if (schema.additionalProperties)
    for (const [key, item] of Object.entries(value))
      if (!ownProperty(schema, key)) applyDefaults(set, schema.additionalProperties, item);
}

/** Removes, in place, nulls of what may not be null and has no default: they say nothing. */
export function pruneNulls(set: SchemaSet, given: Schema, value: unknown): void {
  const schema = resolveSchema(set, given);
  if (Array.isArray(value)) {
    if (schema.items) for (const item of value) pruneNulls(set, schema.items, item);
    return;
  }
  if (!isRecord(value)) return;
  for (const [key, item] of Object.entries(value)) {
    const property = ownProperty(schema, key) ?? schema.additionalProperties;
    if (!property) continue;
    const target = resolveSchema(set, property);
    if (item !== null) pruneNulls(set, property, item);
    else if (
      !target.nullable &&
      property.default === undefined &&
      target.default === undefined &&
      isTyped(target)
    )
      delete value[key];
  }
}

/** What has no type may be anything, null too. */
function isTyped(schema: Schema): boolean {
  return schema.type !== undefined || schema.intOrString === true;
}

export function ownProperty(schema: Schema, key: string): Schema | undefined {
  return schema.properties && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
}
