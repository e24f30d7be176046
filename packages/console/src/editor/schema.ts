/**
 * Schemas as a cluster publishes them under `/openapi/v3`: what fields there are at a place of an object, and what may stand
 * there. Pure; whoever has the documents hands over their definitions.
 */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly nullable?: boolean;
  readonly allOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-embedded-resource'?: boolean;
  readonly 'x-kubernetes-group-version-kind'?: readonly { group: string; version: string; kind: string }[];
}

export type Definitions = Readonly<Record<string, Schema>>;
export type Step = string | number;
export type JsonType = 'string' | 'number' | 'integer' | 'boolean' | 'object' | 'array';

/** A type of the cluster: where its schema starts, and what that refers to. */
export interface ObjectSchema {
  readonly root: Schema;
  readonly definitions: Definitions;
}

const prefix = '#/components/schemas/';
/** References in a row; a document that goes round in a ring ends here. */
const hopsMax = 16;

/** The schema with its references followed. What stands beside a reference (a default, a description) stays. */
export function resolve(schema: Schema, definitions: Definitions, hops = 0): Schema {
  if (hops > hopsMax) return {};
  const target = schema.$ref?.startsWith(prefix) ? definitions[schema.$ref.slice(prefix.length)] : undefined;
  const parts = [
    ...(target ? [target] : []),
    ...(schema.allOf ?? []).filter((part) => part.$ref ?? part.properties),
  ];
  const { $ref: _, allOf: __, ...own } = schema;
  return parts.reduceRight<Schema>(
    (merged, part) => ({ ...resolve(part, definitions, hops + 1), ...merged }),
    own,
  );
}

/** @returns the schema of a place, or nothing where the schema doesn't know it */
export function schemaAt({ root, definitions }: ObjectSchema, path: readonly Step[]): Schema | undefined {
  let schema: Schema | undefined = resolve(root, definitions);
  for (const step of path) {
    if (!schema) return undefined;
    const next: Schema | undefined = typeof step === 'number' ? schema.items : fieldOf(schema, step);
    schema = next && resolve(next, definitions);
  }
  return schema;
}

export function fieldOf(schema: Schema, name: string): Schema | undefined {
  const known =
    schema.properties && Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
  if (known) return known;
  return typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
}

/** Whether a mapping may have fields that its schema doesn't name. */
export function isOpen(schema: Schema): boolean {
  return (
    schema.properties === undefined ||
    (schema.additionalProperties !== undefined && schema.additionalProperties !== false) ||
    schema['x-kubernetes-preserve-unknown-fields'] === true ||
    schema['x-kubernetes-embedded-resource'] === true
  );
}

/** @returns what may stand there; empty for anything */
export function typesOf(schema: Schema): readonly JsonType[] {
  if (schema['x-kubernetes-int-or-string'] ?? schema.format === 'int-or-string') return ['integer', 'string'];
  if (schema.type) return [schema.type as JsonType];
  const choices = (schema.oneOf ?? schema.anyOf ?? []).map(({ type }) => type);
  return choices.every((type) => type !== undefined) ? (choices as JsonType[]) : [];
}

/** As a person reads it: `string`, `integer | string`, `[]object`, `map of string`. */
export function typeText(schema: Schema, definitions: Definitions): string {
  const types = typesOf(schema);
  if (types[0] === 'array' && schema.items)
    return `[]${typeText(resolve(schema.items, definitions), definitions)}`;
  if (types[0] === 'object' && typeof schema.additionalProperties === 'object') {
    return `map of ${typeText(resolve(schema.additionalProperties, definitions), definitions)}`;
  }
  return types.length > 0 ? types.join(' | ') : 'any';
}

/** Fields that have to be given: those of a built-in kind have a zero as default, which says nothing. */
export function requiredOf(schema: Schema): readonly string[] {
  return (schema.required ?? []).filter((name) => isZero(schema.properties?.[name]?.default));
}

function isZero(value: unknown): boolean {
  if (value === undefined || value === '' || value === 0 || value === false) return true;
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
