import type { Schema } from '@skerry/api';
import { rawExtension } from '#openapi/discovery-schemas.ts';

/** Words about a type (`''`) and its fields, by full type name. */
export type Descriptions = Readonly<Record<string, Readonly<Record<string, string>>>>;

export type Document = Record<string, unknown>;

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1.';
const extensionsPrefix = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.';
const labelSelector = `${meta}LabelSelector`;
const time = `${meta}Time`;
const microTime = `${meta}MicroTime`;
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
  const instants = {
    [time]: { type: 'string', format: 'date-time' },
    [microTime]: { type: 'string', format: 'date-time' },
    [`${meta}FieldsV1`]: { type: 'object' },
    [rawExtension]: { type: 'object' },
    [`${extensionsPrefix}CustomResourceSubresourceStatus`]: { type: 'object' },
    [`${extensionsPrefix}JSON`]: {},
    [`${extensionsPrefix}JSONSchemaPropsOrArray`]: {},
    [`${extensionsPrefix}JSONSchemaPropsOrBool`]: {},
    [`${extensionsPrefix}JSONSchemaPropsOrStringArray`]: {},
  };
  if (dialect.name === 'v2')
    return {
      ...instants,
      [quantity]: { type: 'string' },
      [intOrString]: { type: 'string', format: 'int-or-string' },
    };
  return {
    ...instants,
    [quantity]: { oneOf: [{ type: 'string' }, { type: 'number' }] },
    [intOrString]: { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
  };
}

/** What is said of the metadata of custom kinds, and of objects within them. */
export const metadataWords =
  "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

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
  'title',
  'example',
  'externalDocs',
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
  /** Whether the schema is a built-in type's, which tells what its fields are when nothing is set. */
  readonly builtin?: boolean;
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
  for (const keyword of same) {
    // The older dialect is told no defaults.
    if (keyword === 'default' && writer.dialect.name === 'v2') continue;
    if (schema[keyword] !== undefined) result[keyword] = schema[keyword];
  }
  for (const [field, extension] of Object.entries(extensions) as [keyof typeof extensions, string][])
    if (schema[field] !== undefined && schema[field] !== false) result[extension] = schema[field];
  if (schema.nullable && writer.dialect.name === 'v3') result['nullable'] = true;
  if (schema.properties)
    result['properties'] = Object.fromEntries(
      Object.entries(schema.properties).map(([key, property]) => {
        const words = fields?.[key] ?? property.description;
        const written = document(writer, namedType(writer, key, property), words, undefined);
        const beside =
          writer.builtin && writer.dialect.name === 'v3' ? fieldFacts(schema, key, property) : {};
        const bare = withoutWords.has(key) && writer.builtin;
        return [key, bare ? { ...written, ...beside } : wrapped(writer, { ...written, ...beside })];
      }),
    );
  if (schema.additionalProperties)
    result['additionalProperties'] = element(writer, schema.additionalProperties, 'values');
  if (schema.items) result['items'] = element(writer, schema.items, 'enum');
  combine(writer, schema, result);
  if (schema.preserveUnknownFields && schema.ref === undefined) preserve(writer, schema, result);
  if (!writer.builtin) custom(writer, schema, result);
  const target = targetOf(writer, schema);
  return target === undefined ? result : reference(writer, target, result);
}

/** What a list or a map holds. */
function element(writer: SchemaWriter, given: Schema, of = ''): Document {
  const schema = namedType(writer, of, given);
  const written = document(writer, schema, schema.description, undefined);
  const empty =
    writer.builtin && writer.dialect.name === 'v3' && !given.preserveUnknownFields
      ? zeroOf(schema)
      : undefined;
  return empty === undefined || schema.ref === time
    ? written
    : wrapped(writer, { ...written, default: empty }, { always: true });
}

/** A reference that has anything to say beside itself is wrapped where the dialect lets nothing stand there. */
function wrapped(
  { dialect, builtin }: SchemaWriter,
  { $ref, ...beside }: Document,
  { always = false } = {},
): Document {
  if ($ref === undefined) return beside;
  const alone = Object.keys(beside).length === 0 && !always && !builtin;
  if (dialect.name === 'v2' || alone) return { ...beside, $ref };
  return { ...beside, allOf: [{ $ref }] };
}

/** What an open value of a built-in type is called, by its field. */
function openType(key: string): string {
  switch (key) {
    case 'fieldsV1':
      return `${meta}FieldsV1`;
    case 'default':
    case 'enum':
    case 'example':
      return `${extensionsPrefix}JSON`;
    case 'items':
      return `${extensionsPrefix}JSONSchemaPropsOrArray`;
    case 'additionalItems':
    case 'additionalProperties':
      return `${extensionsPrefix}JSONSchemaPropsOrBool`;
    case 'values':
      return `${extensionsPrefix}JSONSchemaPropsOrStringArray`;
    case 'status':
      return `${extensionsPrefix}CustomResourceSubresourceStatus`;
    default:
      return rawExtension;
  }
}

/** Fields of built-in types that a stock server says nothing of, so that their references stand alone. */
const withoutWords: ReadonlySet<string> = new Set([
  'additionalItems',
  'additionalProperties',
  'example',
  'externalDocs',
  'http',
  'items',
  'not',
]);

/** Fields of microsecond instants; all others have seconds. */
const microFields: ReadonlySet<string> = new Set([
  'acquireTime',
  'eventTime',
  'lastObservedTime',
  'renewTime',
]);

/** Built-in types refer to instants and open values by name. */
function namedType({ builtin }: SchemaWriter, key: string, property: Schema): Schema {
  if (builtin && property.preserveUnknownFields && property.ref === undefined) return { ref: openType(key) };
  if (!builtin || property.type !== 'string' || property.format !== 'date-time') return property;
  const { type: _type, format: _format, ...rest } = property;
  return { ...rest, ref: microFields.has(key) ? microTime : time };
}

/** Required fields that are left out when empty all the same, so that no zero is their default. */
const withoutZero: ReadonlySet<string> = new Set([
  'pathType',
  'sideEffects',
  'policyName',
  'signerName',
  'keyType',
  'imageRef',
  'parentRef',
  'secretRef',
]);

/** The default that a field has because its type is never absent. */
function fieldFacts(parent: Schema, key: string, property: Schema): Document {
  if (property.default !== undefined) return { default: property.default };
  if (property.unset !== undefined && property.unset !== null && !property.intOrString)
    return { default: property.unset };
  if (!parent.required?.includes(key) || property.ref === labelSelector || withoutZero.has(key)) return {};
  const zero = zeroOf(property);
  return zero === undefined ? {} : { default: zero };
}

function zeroOf(schema: Schema): unknown {
  if (schema.ref !== undefined) return {};
  if (schema.intOrString || schema.preserveUnknownFields) return undefined;
  switch (schema.type) {
    case 'string':
      return schema.format === 'date-time' || schema.format === 'byte' ? undefined : '';
    case 'integer':
    case 'number':
      return 0;
    case 'boolean':
      return false;
    default:
      return undefined;
  }
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

function preserve({ builtin }: SchemaWriter, schema: Schema, result: Document): void {
  result['x-kubernetes-preserve-unknown-fields'] = true;
  if (builtin && schema.type === undefined && Object.keys(result).length === 1) result['type'] = 'object';
}

/** What definitions say of their fields by extensions, where built-in types refer to types of their own. */
function custom(writer: SchemaWriter, schema: Schema, result: Document): void {
  const old = writer.dialect.name === 'v2';
  if (schema.intOrString) {
    result['x-kubernetes-int-or-string'] = true;
    const told = schema.anyOf ?? schema.allOf?.[0]?.anyOf;
    if (!told && !old) result['anyOf'] = [{ type: 'integer' }, { type: 'string' }];
  }
  // Readers of the older dialect would take these fields for all there are.
  if (!schema.embeddedResource || (old && schema.preserveUnknownFields)) return;
  const metadata = reference(writer, `${meta}ObjectMeta`, { description: metadataWords });
  result['properties'] = {
    ...(result['properties'] as Document | undefined),
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    metadata,
  };
  const required = schema.required ?? [];
  const missing = ['kind', 'apiVersion'].filter((name) => !required.includes(name));
  result['required'] = [...required, ...missing];
}

function targetOf({ builtin }: SchemaWriter, schema: Schema): string | undefined {
  if (schema.ref !== undefined) return schema.ref;
  if (!schema.intOrString || !builtin) return undefined;
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
