/**
 * Schemas of custom resources, and of built-in kinds, as types of the language. What has no type in its schema is not
 * exposed: rules can't name it, though objects that hold it can still be compared.
 * Rules: https://kubernetes.io/docs/reference/using-api/cel/#openapi-fields-to-cel-types
 */
import { isRecord } from '@skerry/base';
import { resolveSchema, type Schema, type SchemaSet } from '@skerry/api';
import { Declared } from '#types/declared.ts';
import { escapeName } from '#types/escape.ts';
import {
  boolType,
  bytesType,
  doubleType,
  durationType,
  dynType,
  intType,
  listOf,
  mapOf,
  stringType,
  structType,
  timestampType,
} from '#types/type.ts';
import { type JsonField, JsonList, JsonMap, JsonObject, Preserved } from '#values/json.ts';
import { parseDate, parseDuration, parseTimestamp } from '#values/time.ts';
import { Fault, type ListEquality, type Outcome } from '#values/value.ts';

/** Bytes of the largest request, which bound what has no bound of its own. */
const requestBytesMax = 3 * 1024 * 1024;
const minStringSize = 2;
const timeTextMax = 32;
const dateSize = 12;
const minDateTimeSize = 21;
const minDurationSize = 3;

export interface SchemaTypeOptions {
  /** Name of the type, which errors show; fields' types are named beneath it. */
  readonly name: string;
  /** The schema is of a whole object: apiVersion, kind and names of metadata are there even when it does not say so. */
  readonly root?: boolean;
}

/** Undefined for a schema that gives no type. */
export function declaredOf(
  set: SchemaSet,
  schema: Schema,
  { name, root = false }: SchemaTypeOptions,
): Declared | undefined {
  return new Reader(set).read(schema, name, root);
}

class Reader {
  readonly #set: SchemaSet;
  /** Named schemas that are being read: one that holds itself is not exposed there. */
  readonly #open = new Set<string>();

  constructor(set: SchemaSet) {
    this.#set = set;
  }

  read(given: Schema, name: string, root: boolean): Declared | undefined {
    if (given.ref === undefined) return this.#readResolved(given, name, root);
    if (this.#open.has(given.ref)) return undefined;
    this.#open.add(given.ref);
    const declared = this.#readResolved(
      { ...resolveSchema(this.#set, given), ...listFacts(given) },
      name,
      root,
    );
    this.#open.delete(given.ref);
    return declared;
  }

  #readResolved(schema: Schema, name: string, root: boolean): Declared | undefined {
    if (schema.intOrString) return nullable(schema, intOrString(schema));
    switch (schema.type) {
      case 'object':
        return nullableIf(schema, this.#object(root ? withObjectFields(this.#set, schema) : schema, name));
      case 'array':
        return nullableIf(schema, this.#array(schema, name));
      case 'string':
        return nullable(schema, text(schema));
      case 'boolean':
        return nullable(schema, boolean);
      case 'integer':
        return nullable(schema, integer);
      case 'number':
        return nullable(schema, number);
      default:
        return undefined;
    }
  }

  #array(schema: Schema, name: string): Declared | undefined {
    if (!schema.items) return undefined;
    const element = this.read(schema.items, `${name}.@idx`, isEmbedded(this.#set, schema.items));
    if (!element) return undefined;
    const equality = listEquality(schema);
    return new Declared({
      type: listOf(element.type),
      maxElements:
        schema.maxItems === undefined
          ? Math.floor((requestBytesMax - 2) / (element.minSize + 1))
          : Math.max(0, schema.maxItems),
      minSize: 2,
      element,
      toValue: (raw) =>
        Array.isArray(raw)
          ? new JsonList(raw, (item) => element.toValue(item), equality)
          : new Fault('invalid data, expected an array for the provided schema with type=array'),
    });
  }

  #object(schema: Schema, name: string): Declared | undefined {
    if (schema.additionalProperties && !schema.properties)
      return this.#map(schema.additionalProperties, schema, name);
    const exposed = new Map<string, Declared>();
    const fields = new Map<string, JsonField>();
    let minSize = 2;
    for (const [property, child] of Object.entries(schema.properties ?? {})) {
      const escaped = escapeName(property);
      const declared = this.read(child, `${name}.${escaped ?? property}`, isEmbedded(this.#set, child));
      const field: JsonField = {
        name: property,
        toValue: declared ? (raw) => declared.toValue(raw) : (raw) => new Preserved(raw),
      };
      fields.set(escaped ?? `\0${property}`, field);
      if (!declared) continue;
      if (escaped !== undefined) exposed.set(escaped, declared);
      const hasDefault = child.default !== undefined || resolveSchema(this.#set, child).default !== undefined;
      if (schema.required?.includes(property) && !hasDefault)
        minSize += byteLength(property) + declared.minSize + 4;
    }
    const type = structType(name, (field) => exposed.get(field)?.type);
    return new Declared({
      type,
      minSize,
      fields: exposed,
      toValue: (raw) =>
        isRecord(raw)
          ? new JsonObject(raw, fields, type)
          : new Fault('invalid data, expected a map for the provided schema with type=object'),
    });
  }

  #map(values: Schema, schema: Schema, name: string): Declared | undefined {
    const element = this.read(values, `${name}.@elem`, isEmbedded(this.#set, values));
    if (!element) return undefined;
    return new Declared({
      type: mapOf(stringType, element.type),
      maxElements:
        schema.maxProperties === undefined
          ? Math.floor((requestBytesMax - 2) / (element.minSize + 6))
          : Math.max(0, schema.maxProperties),
      minSize: 2,
      key: mapKeyText,
      element,
      toValue: (raw) =>
        isRecord(raw)
          ? new JsonMap(raw, (item) => element.toValue(item))
          : new Fault('invalid data, expected a map for the provided schema with type=object'),
    });
  }
}

function listFacts({ nullable: mayBeNull, listType, listMapKeys }: Schema): Partial<Schema> {
  return {
    ...(mayBeNull === undefined ? {} : { nullable: mayBeNull }),
    ...(listType === undefined ? {} : { listType }),
    ...(listMapKeys === undefined ? {} : { listMapKeys }),
  };
}

function isEmbedded(set: SchemaSet, schema: Schema): boolean {
  return resolveSchema(set, schema).embeddedResource ?? false;
}

const plainText: Schema = { type: 'string' };
const namesOnly: Schema = {
  type: 'object',
  properties: { name: plainText, generateName: plainText },
};

/** What every object has; of its metadata only names, unless the schema says more. */
function withObjectFields(set: SchemaSet, schema: Schema): Schema {
  const properties = schema.properties ?? {};
  const metadata = properties['metadata'] && resolveSchema(set, properties['metadata']);
  const complete =
    properties['kind']?.type === 'string' &&
    properties['apiVersion']?.type === 'string' &&
    metadata?.properties?.['name']?.type === 'string' &&
    metadata.properties['generateName']?.type === 'string';
  if (complete) return schema;
  return {
    ...schema,
    properties: { ...properties, kind: plainText, apiVersion: plainText, metadata: namesOnly },
  };
}

function nullableIf(schema: Schema, declared: Declared | undefined): Declared | undefined {
  return declared && nullable(schema, declared);
}

const unexpectedNull = new Fault('invalid data, got null for schema with nullable=false');

function nullable(schema: Schema, declared: Declared): Declared {
  return declared.with((raw) => {
    if (raw !== null) return declared.toValue(raw);
    return schema.nullable ? null : unexpectedNull;
  });
}

function jsonType(raw: unknown): string {
  if (Array.isArray(raw)) return '[]interface {}';
  if (typeof raw === 'number') return Number.isInteger(raw) ? 'int64' : 'float64';
  if (typeof raw === 'boolean') return 'bool';
  return typeof raw === 'object' ? 'map[string]interface {}' : typeof raw;
}

const boolean = new Declared({
  type: boolType,
  minSize: 4,
  toValue: (raw) =>
    typeof raw === 'boolean' ? raw : new Fault(`invalid data, expected bool, got ${jsonType(raw)}`),
});

const integer = new Declared({
  type: intType,
  minSize: 1,
  toValue: (raw) =>
    Number.isInteger(raw)
      ? BigInt(raw as number)
      : new Fault(`invalid data, expected int, got ${jsonType(raw)}`),
});

const number = new Declared({
  type: doubleType,
  minSize: 1,
  toValue: (raw) =>
    typeof raw === 'number' ? raw : new Fault(`invalid data, expected float, got ${jsonType(raw)}`),
});

const mapKeyText = new Declared({
  type: stringType,
  minSize: minStringSize,
  toValue: (raw) => (typeof raw === 'string' ? raw : new Fault('invalid data, expected string')),
});

function intOrString(schema: Schema): Declared {
  return new Declared({
    type: dynType,
    minSize: 1,
    maxElements: schema.maxLength === undefined ? requestBytesMax - 2 : characters(schema.maxLength),
    toValue: (raw) => {
      if (typeof raw === 'string') return raw;
      if (Number.isInteger(raw)) return BigInt(raw as number);
      return new Fault('invalid data, expected XIntOrString value to be either a string or integer');
    },
  });
}

/** Bytes that so many characters may take. */
function characters(maxLength: number): number {
  return Math.max(0, maxLength) * 4;
}

function text(schema: Schema): Declared {
  switch (schema.format) {
    case 'byte':
      return new Declared({
        type: bytesType,
        minSize: minStringSize,
        maxElements: schema.maxLength === undefined ? requestBytesMax - 2 : Math.max(0, schema.maxLength),
        toValue: ofText('byte', decodeBase64),
      });
    case 'duration':
      return time(durationType, minDurationSize, timeTextMax, ofText('duration', parseDuration));
    case 'date':
      return time(timestampType, dateSize, dateSize, ofText('date', parseDate));
    case 'date-time':
      return time(timestampType, minDateTimeSize, timeTextMax, ofText('date-time', parseTimestamp));
    default:
      return new Declared({
        type: stringType,
        minSize: minStringSize,
        maxElements: textLengthMax(schema),
        toValue: (raw) =>
          typeof raw === 'string' ? raw : new Fault(`invalid data, expected string, got ${jsonType(raw)}`),
      });
  }
}

function time(
  type: typeof durationType,
  minSize: number,
  maxElements: number,
  toValue: (raw: unknown) => Outcome,
): Declared {
  return new Declared({ type, minSize, maxElements, toValue });
}

function textLengthMax({ maxLength, enum: allowed }: Schema): number {
  if (maxLength !== undefined) return characters(maxLength);
  if (!allowed || allowed.length === 0) return requestBytesMax - 2;
  return Math.max(0, ...allowed.map((value) => (typeof value === 'string' ? byteLength(value) : 0)));
}

function ofText(format: string, parse: (raw: string) => Outcome | undefined): (raw: unknown) => Outcome {
  const kind = format === 'duration' ? 'duration' : `${format} formatted string`;
  return (raw) => {
    if (typeof raw !== 'string') return new Fault(`invalid data, expected string, got ${jsonType(raw)}`);
    return parse(raw) ?? new Fault(`Invalid ${kind} ${raw}`);
  };
}

export function decodeBase64(raw: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(raw) || raw.length % 4 !== 0) return undefined;
  return Uint8Array.from(atob(raw), (character) => character.charCodeAt(0));
}

function listEquality({ listType, listMapKeys = [] }: Schema): ListEquality | undefined {
  if (listType === 'set') return { kind: 'set' };
  if (listType !== 'map') return undefined;
  return {
    kind: 'map',
    keyOf: (element) => {
      const raw = element instanceof JsonObject || element instanceof JsonMap ? element.raw : {};
      return JSON.stringify(listMapKeys.map((key) => raw[key] ?? null));
    },
  };
}

function byteLength(value: string): number {
  return new TextEncoder().encode(value).length;
}
