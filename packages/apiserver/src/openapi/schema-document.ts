import type { Schema } from '@skerry/api';

/** Words about a type (`''`) and its fields, by full type name. */
export type Descriptions = Readonly<Record<string, Readonly<Record<string, string>>>>;

export type Document = Record<string, unknown>;

const quantity = 'io.k8s.apimachinery.pkg.api.resource.Quantity';
const intOrString = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString';

/** Which dialect a document is written in, and where its named schemas lie. */
export interface Dialect {
  readonly name: 'v3' | 'v2';
  readonly prefix: '#/components/schemas/' | '#/definitions/';
}

export const v3: Dialect = { name: 'v3', prefix: '#/components/schemas/' };
export const v2: Dialect = { name: 'v2', prefix: '#/definitions/' };

/** Types that fields share and that no kind's schema names. */
export function scalarTypes(dialect: Dialect): Readonly<Record<string, Document>> {
  if (dialect.name === 'v2')
    return { [quantity]: { type: 'string' }, [intOrString]: { type: 'string', format: 'int-or-string' } };
  return {
    [quantity]: { oneOf: [{ type: 'string' }, { type: 'number' }] },
    [intOrString]: { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
  };
}

/** Keywords that mean the same in both. */
const same = [
  'type',
  'format',
  'required',
  'enum',
  'default',
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
] as const;

const extensions = {
  listType: 'x-kubernetes-list-type',
  listMapKeys: 'x-kubernetes-list-map-keys',
  mapType: 'x-kubernetes-map-type',
  patchStrategy: 'x-kubernetes-patch-strategy',
  patchMergeKey: 'x-kubernetes-patch-merge-key',
  embeddedResource: 'x-kubernetes-embedded-resource',
  validations: 'x-kubernetes-validations',
} as const satisfies Partial<Record<keyof Schema, string>>;

export interface SchemaWriter {
  readonly dialect: Dialect;
  readonly descriptions: Descriptions;
  /** Called with every named schema that what is written refers to. */
  refer(name: string): void;
}

/** A schema as OpenAPI writes it, with words about it and its fields. */
export function schemaDocument(
  writer: SchemaWriter,
  schema: Schema,
  words?: Readonly<Record<string, string>>,
): Document {
  return document(writer, schema, words?.[''] ?? schema.description, words);
}

/** A kind of a definition: the older dialect says no more than `object` of one that keeps unknown fields. */
export function customDocument(
  writer: SchemaWriter,
  schema: Schema,
  words?: Readonly<Record<string, string>>,
): Document {
  if (writer.dialect.name === 'v2' && schema.preserveUnknownFields) return { type: 'object' };
  return schemaDocument(writer, schema, words);
}

/**
 * What readers of the older dialect can make of a schema: they know no null, take the fields that are named beside unknown
 * ones for all there are, and stumble over a list of nothing.
 */
function forOldReaders(writer: SchemaWriter, given: Schema): Schema {
  if (writer.dialect.name !== 'v2' || given.ref !== undefined) return given;
  const { type, items, properties, required, ...rest } = given;
  const open = given.nullable === true || given.preserveUnknownFields === true;
  const unsure =
    given.nullable || (open && type === 'object') || (type === 'array' && (open || items === undefined));
  const always = required?.filter((name) => !properties?.[name]?.nullable);
  return {
    ...rest,
    ...(unsure ? {} : { type }),
    ...(open ? {} : { items, properties }),
    ...(always?.length ? { required: always } : {}),
  };
}

function document(
  writer: SchemaWriter,
  given: Schema,
  description: string | undefined,
  fields: Readonly<Record<string, string>> | undefined,
): Document {
  const schema = forOldReaders(writer, given);
  const result: Document = {};
  if (description) result['description'] = description;
  for (const keyword of same) if (schema[keyword] !== undefined) result[keyword] = schema[keyword];
  for (const [field, extension] of Object.entries(extensions) as [keyof typeof extensions, string][])
    if (schema[field] !== undefined && schema[field] !== false) result[extension] = schema[field];
  if (schema.nullable && writer.dialect.name === 'v3') result['nullable'] = true;
  if (schema.properties)
    result['properties'] = Object.fromEntries(
      Object.entries(schema.properties).map(([key, property]) => [
        key,
        document(writer, property, fields?.[key] ?? property.description, undefined),
      ]),
    );
  if (schema.additionalProperties)
    result['additionalProperties'] = document(
      writer,
      schema.additionalProperties,
      schema.additionalProperties.description,
      undefined,
    );
  if (schema.items) result['items'] = document(writer, schema.items, schema.items.description, undefined);
  combine(writer, schema, result);
  if (schema.preserveUnknownFields && schema.ref === undefined) preserve(schema, result);
  const target = targetOf(schema);
  return target === undefined ? result : reference(writer, target, result);
}

function combine(writer: SchemaWriter, schema: Schema, result: Document): void {
  // The older dialect knows none of these but allOf.
  if (writer.dialect.name === 'v2') return;
  for (const keyword of ['allOf', 'anyOf', 'oneOf'] as const) {
    const parts = schema[keyword];
    if (parts) result[keyword] = parts.map((part) => document(writer, part, part.description, undefined));
  }
  if (schema.not) result['not'] = document(writer, schema.not, schema.not.description, undefined);
}

function preserve(schema: Schema, result: Document): void {
  result['x-kubernetes-preserve-unknown-fields'] = true;
  if (schema.type === undefined && Object.keys(result).length === 1) result['type'] = 'object';
}

function targetOf(schema: Schema): string | undefined {
  if (schema.ref !== undefined) return schema.ref;
  if (!schema.intOrString) return undefined;
  return schema.format === 'quantity' ? quantity : intOrString;
}

/** A reference with words or facts of its own has to be wrapped in v3, where nothing may stand beside `$ref`. */
function reference(writer: SchemaWriter, target: string, beside: Document): Document {
  const { dialect } = writer;
  writer.refer(target);
  // The type is the target's.
  delete beside['type'];
  delete beside['format'];
  const $ref = dialect.prefix + target;
  if (dialect.name === 'v2') return { ...beside, $ref };
  return Object.keys(beside).length === 0 ? { $ref } : { ...beside, allOf: [{ $ref }] };
}
