import type { JSONSchemaProps, Schema } from '@skerry/api';

type Raw = Readonly<Record<string, unknown>>;

const objectMeta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

/** Deepest nesting of a definition's schema. */
const depthMax = 200;

const same = [
  'type',
  'format',
  'required',
  'enum',
  'default',
  'nullable',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'pattern',
  'minItems',
  'maxItems',
  'uniqueItems',
  'minProperties',
  'maxProperties',
  'description',
  'title',
  'example',
  'externalDocs',
] as const;

const extensions = {
  'x-kubernetes-int-or-string': 'intOrString',
  'x-kubernetes-preserve-unknown-fields': 'preserveUnknownFields',
  'x-kubernetes-embedded-resource': 'embeddedResource',
  'x-kubernetes-list-type': 'listType',
  'x-kubernetes-list-map-keys': 'listMapKeys',
  'x-kubernetes-map-type': 'mapType',
  'x-kubernetes-validations': 'validations',
} as const;

/**
 * The root schema of a custom resource: what its definition says, with `apiVersion`, `kind` and `metadata` as every
 * object has them.
 */
export function rootSchema(raw: Raw): Schema {
  const schema = convert(raw, 0);
  return {
    ...schema,
    type: 'object',
    properties: {
      ...schema.properties,
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { ref: objectMeta },
    },
  };
}

/** As the definition says it, without what every object has. */
export function schemaFrom(raw: JSONSchemaProps): Schema {
  return convert(raw as Raw, 0);
}

function convert(raw: Raw, depth: number): Schema {
  if (depth > depthMax) return { preserveUnknownFields: true };
  const schema: Record<string, unknown> = {};
  for (const field of same) if (raw[field] !== undefined) schema[field] = raw[field];
  for (const [from, to] of Object.entries(extensions)) if (raw[from] !== undefined) schema[to] = raw[from];
  if (raw['properties']) schema['properties'] = mapped(raw['properties'] as Record<string, Raw>, depth);
  if (isSchema(raw['additionalProperties'])) {
    schema['additionalProperties'] = convert(raw['additionalProperties'], depth + 1);
  } else if (raw['additionalProperties'] === true) {
    schema['additionalProperties'] = { preserveUnknownFields: true };
  }
  if (isSchema(raw['items'])) schema['items'] = convert(raw['items'], depth + 1);
  for (const field of ['allOf', 'anyOf', 'oneOf'] as const) {
    const parts = raw[field];
    if (Array.isArray(parts)) schema[field] = parts.filter(isSchema).map((part) => convert(part, depth + 1));
  }
  if (isSchema(raw['not'])) schema['not'] = convert(raw['not'], depth + 1);
  return schema as Schema;
}

function mapped(properties: Record<string, Raw>, depth: number): Record<string, Schema> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, property]) => [name, convert(property, depth + 1)]),
  );
}

function isSchema(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
