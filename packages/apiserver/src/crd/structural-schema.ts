import { patternFault, type Schema } from '@skerry/api';

type Raw = Readonly<Record<string, unknown>>;

const objectMeta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

/** Deepest nesting of a definition's schema. */
const depthMax = 64;

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
  const schema = schemaFrom(raw, 0);
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

function schemaFrom(raw: Raw, depth: number): Schema {
  if (depth > depthMax) return { preserveUnknownFields: true };
  const schema: Record<string, unknown> = {};
  for (const field of same) if (raw[field] !== undefined) schema[field] = raw[field];
  for (const [from, to] of Object.entries(extensions)) if (raw[from] !== undefined) schema[to] = raw[from];
  if (raw['properties']) schema['properties'] = mapped(raw['properties'] as Record<string, Raw>, depth);
  if (isSchema(raw['additionalProperties'])) {
    schema['additionalProperties'] = schemaFrom(raw['additionalProperties'], depth + 1);
  } else if (raw['additionalProperties'] === true) {
    schema['additionalProperties'] = { preserveUnknownFields: true };
  }
  if (isSchema(raw['items'])) schema['items'] = schemaFrom(raw['items'], depth + 1);
  for (const field of ['allOf', 'anyOf', 'oneOf'] as const) {
    const parts = raw[field];
    if (Array.isArray(parts))
      schema[field] = parts.filter(isSchema).map((part) => schemaFrom(part, depth + 1));
  }
  if (isSchema(raw['not'])) schema['not'] = schemaFrom(raw['not'], depth + 1);
  return schema as Schema;
}

function mapped(properties: Record<string, Raw>, depth: number): Record<string, Schema> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, property]) => [name, schemaFrom(property, depth + 1)]),
  );
}

function isSchema(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Why a definition's schema is not structural; none when it is. Every value needs a type, and what only narrows
 * (`allOf` and the like) may not declare any.
 * Rules: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
 */
export function structuralFaults(raw: Raw, path: string, depth = 0): { path: string; message: string }[] {
  const faults: { path: string; message: string }[] = [];
  if (depth > depthMax) return [{ path, message: `Forbidden: must not be nested deeper than ${depthMax}` }];
  const typed =
    raw['type'] ||
    raw['x-kubernetes-int-or-string'] === true ||
    raw['x-kubernetes-preserve-unknown-fields'] === true;
  if (!typed)
    faults.push({
      path: `${path}.type`,
      message: 'Required value: must not be empty for specified object fields',
    });
  if (isSchema(raw['properties']) && isSchema(raw['additionalProperties'])) {
    faults.push({
      path: `${path}.additionalProperties`,
      message: 'Forbidden: additionalProperties and properties are mutual exclusive',
    });
  }
  for (const [name, property] of Object.entries((raw['properties'] ?? {}) as Record<string, Raw>)) {
    faults.push(...structuralFaults(property, `${path}.properties[${name}]`, depth + 1));
  }
  if (isSchema(raw['additionalProperties'])) {
    faults.push(...structuralFaults(raw['additionalProperties'], `${path}.additionalProperties`, depth + 1));
  }
  if (isSchema(raw['items'])) faults.push(...structuralFaults(raw['items'], `${path}.items`, depth + 1));
  else if (raw['type'] === 'array')
    faults.push({ path: `${path}.items`, message: 'Required value: must be specified' });
  if (raw['$ref']) faults.push({ path: `${path}.$ref`, message: 'Forbidden: $ref is not supported' });
  const pattern = raw['pattern'];
  const fault = typeof pattern === 'string' ? patternFault(pattern) : undefined;
  if (fault !== undefined) {
    faults.push({
      path: `${path}.pattern`,
      message: `Invalid value: ${JSON.stringify(pattern)}: must be a valid regular expression, but isn't: ${fault}`,
    });
  }
  if (raw['uniqueItems'] === true) {
    faults.push({
      path: `${path}.uniqueItems`,
      message: 'Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
    });
  }
  if (raw['x-kubernetes-list-type'] === 'map' && !Array.isArray(raw['x-kubernetes-list-map-keys'])) {
    faults.push({
      path: `${path}.x-kubernetes-list-map-keys`,
      message: 'Required value: must not be empty if x-kubernetes-list-type is map',
    });
  }
  return faults;
}
