/**
 * From decoded JSON to an object of a built-in kind, as an API server reads it into its types: fields of the wrong type are
 * refused (400, with the wording that clients show), unknown fields are pruned and reported, null counts as absent,
 * quantities come out in canonical form.
 *
 * Unlike validation it stops at the first fault, since nothing can be said about a value whose shape is wrong. The value
 * given is left alone; what comes back shares only the parts that no schema describes. Of what a patch has made, the parts
 * that it did not touch have been read before, and are copied.
 */
import { isRecord } from '@skerry/base';
import { parseInstant } from '#instant.ts';
import { copyWithoutNulls, getOwn, setOwn } from '#patch/json-value.ts';
import { instantFormOf } from '#protobuf/instant-fields.ts';
import { canonicalQuantity, isQuantity } from '#quantity.ts';
import { resolveSchema, type Schema, type SchemaSet } from '#schema.ts';
import { ApiError, badRequest } from '#status.ts';

/** How unknown fields are taken, as in the query parameter `fieldValidation`. */
export type FieldValidationMode = 'Strict' | 'Warn' | 'Ignore';

export interface DecodeOptions {
  readonly mode: FieldValidationMode;
  /** For the texts of errors: `Deployment`, `v1`. */
  readonly kind: string;
  readonly version: string;
  /** Faults that the JSON reader saw before: `duplicate field "spec.replicas"`. */
  readonly earlierFaults?: readonly string[];
  /** Compares two faults by where they stand in the text; without it, doubles come last. */
  readonly order?: (a: string, b: string) => number;
  /** An object that was read by the same schema, of which the value may hold maps and lists. */
  readonly known?: unknown;
}

export interface Decoded {
  readonly object: Record<string, unknown>;
  /** Texts for the `Warning:` header. */
  readonly warnings: string[];
}

/** Nesting beyond this is no object of any kind. */
const depthMax = 128;

/**
 * Elements of lists, and entries of maps, of one object. Each is judged, defaulted and owned, one after the other, while
 * everybody else waits; no object that is of use has as many.
 */
const elementsMax = 20_000;
const entriesMax = 50_000;

/** Reports beyond this many unknown fields help nobody. */
const unknownFieldsMax = 100;

/** Throws 400 for types that don't fit and, when strict, for unknown fields. */
export function decodeObject(
  set: SchemaSet,
  schema: Schema,
  value: unknown,
  options: DecodeOptions,
): Decoded {
  const decoder = new Decoder(set, options);
  const root: Place = {
    struct: lastSegment(schema.ref) || options.kind,
    ref: schema.ref,
    parent: undefined,
    step: '',
    depth: 0,
  };
  const object = decoder.object(resolveSchema(set, schema), value, root, options.known);
  const unknown = decoder.unknown.map((path) => `unknown field "${path}"`);
  const faults = inOrder(options.earlierFaults ?? [], unknown, options.order);
  if (faults.length > 0 && options.mode === 'Strict')
    throw decoder.refuse(`strict decoding error: ${faults.join(', ')}`);
  return { object, warnings: options.mode === 'Warn' ? faults : [] };
}

/** Doubles come last, as clients expect them, though the reader of the text saw them first; what YAML itself holds against it, first. */
function inOrder(
  earlier: readonly string[],
  unknown: readonly string[],
  order: DecodeOptions['order'],
): string[] {
  if (order && earlier.length + unknown.length > 1) return [...earlier, ...unknown].toSorted(order);
  const isDouble = (fault: string) => fault.startsWith('duplicate field');
  return [...earlier.filter((fault) => !isDouble(fault)), ...unknown, ...earlier.filter(isDouble)];
}

/** Where the decoder stands. */
interface Place {
  /** The Go-style type that holds the field, which error texts name. */
  readonly struct: string;
  /** Name of the schema that holds it; undefined for one without a name. */
  readonly ref: string | undefined;
  /** Undefined at the root. Paths are put together only for those who are told one. */
  readonly parent: Place | undefined;
  /** The field's name; of a list's element, its position; of a map's entry, its key. */
  readonly step: string | number;
  /** A map's entry, which error texts count as part of the map. */
  readonly isEntry?: boolean;
  readonly depth: number;
}

/** Names of fields from the root, without list positions. */
function fieldsTo({ parent, step, isEntry }: Place): string[] {
  if (!parent) return [];
  const fields = fieldsTo(parent);
  if (typeof step === 'string' && !isEntry) fields.push(step);
  return fields;
}

/** With list positions: `spec.containers[0].image`. */
function pathTo({ parent, step }: Place): string {
  if (!parent) return '';
  const path = pathTo(parent);
  if (typeof step === 'number') return `${path}[${step}]`;
  return path === '' ? step : `${path}.${step}`;
}

class Decoder {
  readonly unknown: string[] = [];
  readonly #set: SchemaSet;
  readonly #options: DecodeOptions;
  #elements = 0;
  #entries = 0;

  constructor(set: SchemaSet, options: DecodeOptions) {
    this.#set = set;
    this.#options = options;
  }

  refuse(why: string): Error {
    const { kind, version } = this.#options;
    return badRequest(`${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: ${why}`);
  }

  #mismatch(value: unknown, place: Place, type: string): Error {
    const given = typeof value === 'number' && /^u?int/.test(type) ? `number ${value}` : jsonType(value);
    const fields = fieldsTo(place);
    const target =
      fields.length === 0
        ? `Go value of type ${type}`
        : `Go struct field ${place.struct}.${fields.join('.')} of type ${type}`;
    return this.refuse(`json: cannot unmarshal ${given} into ${target}`);
  }

  value(given: Schema, value: unknown, place: Place, known?: unknown): unknown {
    if (known !== undefined && value === known && typeof value === 'object') return copyWithoutNulls(value);
    if (place.depth > depthMax) throw this.refuse('the object is nested too deeply');
    const schema = resolveSchema(this.#set, given);
    const here =
      given.ref === undefined ? place : { ...place, struct: lastSegment(given.ref), ref: given.ref };
    if (schema.intOrString) return this.#intOrString(schema, value, place);
    switch (schema.type) {
      case 'object':
        if (!isRecord(value)) throw this.#mismatch(value, place, goType(given, place.struct));
        return this.object(schema, value, here, known);
      case 'array':
        return this.#array(schema, value, place);
      case 'string':
        return this.#string(schema, value, place);
      case 'boolean':
        if (typeof value !== 'boolean') throw this.#mismatch(value, place, 'bool');
        return value;
      case 'integer':
        return this.#integer(schema, value, place);
      case 'number':
        if (typeof value !== 'number') throw this.#mismatch(value, place, 'float64');
        return value;
      default:
        return value;
    }
  }

  object(schema: Schema, value: unknown, place: Place, known?: unknown): Record<string, unknown> {
    if (!isRecord(value)) throw this.#mismatch(value, place, goType(schema, place.struct));
    if (!schema.properties && !schema.additionalProperties) return value;
    const result: Record<string, unknown> = {};
    const before = isRecord(known) ? known : undefined;
    for (const key in value) {
      if (++this.#entries > entriesMax) throw tooLarge(`${entriesMax} fields`);
      const item = value[key];
      const property = ownProperty(schema.properties, key);
      const next: Place = {
        struct: place.struct,
        ref: place.ref,
        parent: place,
        step: key,
        isEntry: !property,
        depth: place.depth + 1,
      };
      if (property) {
        const read =
          item === null ? undefined : this.value(property, item, next, before && getOwn(before, key));
        if (read !== undefined) result[key] = read;
      } else if (schema.additionalProperties) {
        setOwn(result, key, this.#element(schema.additionalProperties, item, next));
      } else if (schema.preserveUnknownFields) setOwn(result, key, item);
      else if (this.unknown.length < unknownFieldsMax) this.unknown.push(pathTo(next));
    }
    return result;
  }

  #array(schema: Schema, value: unknown, place: Place): unknown[] {
    const items = schema.items ?? {};
    if (!Array.isArray(value)) throw this.#mismatch(value, place, goType(schema, place.struct));
    if ((this.#elements += value.length) > elementsMax) throw tooLarge(`${elementsMax} list elements`);
    return value.map((item: unknown, index) =>
      this.#element(items, item, {
        struct: place.struct,
        ref: place.ref,
        parent: place,
        step: index,
        depth: place.depth + 1,
      }),
    );
  }

  /** Inside lists and maps null stands for the type's empty value. */
  #element(schema: Schema, value: unknown, place: Place): unknown {
    if (value !== null) return this.value(schema, value, place);
    const { type, intOrString, format } = resolveSchema(this.#set, schema);
    if (intOrString) return format === 'quantity' ? '0' : 0;
    switch (type) {
      case 'object':
        return {};
      case 'array':
        return [];
      case 'string':
        return '';
      case 'boolean':
        return false;
      case 'integer':
      case 'number':
        return 0;
      default:
        return null;
    }
  }

  #intOrString(schema: Schema, value: unknown, place: Place): unknown {
    if (schema.format === 'quantity') {
      if (!isQuantity(value))
        throw this.refuse(
          "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        );
      return canonicalQuantity(value);
    }
    if (typeof value === 'string') return value;
    if (typeof value === 'number' && isInt32(value)) return value;
    throw this.#mismatch(value, { ...place, parent: undefined }, 'int32');
  }

  #string(schema: Schema, value: unknown, place: Place): string | undefined {
    if (typeof value !== 'string')
      throw this.#mismatch(value, place, schema.format === 'byte' ? '[]uint8' : 'string');
    if (schema.format === 'date-time') return this.#instant(value, place);
    if (schema.format === 'byte') {
      const fault = base64Fault(value);
      if (fault !== undefined) throw this.refuse(`illegal base64 data at input byte ${fault}`);
    }
    return value;
  }

  /** In UTC, in the form that the field keeps; undefined for the zero instant, which stands for none. */
  #instant(value: string, place: Place): string | undefined {
    const parsed = parseInstant(value, instantFormOf(place.ref, fieldsTo(place).at(-1) ?? ''));
    if (parsed.type === 'fault') throw this.refuse(parsed.fault);
    return parsed.type === 'zero' ? undefined : parsed.text;
  }

  #integer(schema: Schema, value: unknown, place: Place): number {
    const type = schema.format === 'int32' ? 'int32' : 'int64';
    const fits = type === 'int32' ? isInt32(value) : Number.isInteger(value);
    if (typeof value !== 'number' || !fits) throw this.#mismatch(value, place, type);
    return value;
  }
}

function tooLarge(limit: string): ApiError {
  return new ApiError('RequestEntityTooLarge', `Request entity too large: limit is ${limit}`);
}

function ownProperty(
  properties: Readonly<Record<string, Schema>> | undefined,
  key: string,
): Schema | undefined {
  return properties && Object.hasOwn(properties, key) ? properties[key] : undefined;
}

function isInt32(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= -(2 ** 31) && Number(value) < 2 ** 31;
}

function lastSegment(ref: string | undefined): string {
  return ref === undefined ? '' : ref.slice(ref.lastIndexOf('.') + 1);
}

function jsonType(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

/** The name of a type as Go programs write it: `v1.PodSpec`, `[]v1.Container`, `map[string]string`. */
function goType(schema: Schema, struct: string): string {
  if (schema.ref !== undefined) {
    const segments = schema.ref.split('.');
    return `${segments.at(-2)}.${segments.at(-1)}`;
  }
  if (schema.intOrString) return schema.format === 'quantity' ? 'resource.Quantity' : 'intstr.IntOrString';
  switch (schema.type) {
    case 'array':
      return `[]${goType(schema.items ?? {}, struct)}`;
    case 'object':
      return schema.additionalProperties
        ? `map[string]${goType(schema.additionalProperties, struct)}`
        : `v1.${struct}`;
    case 'boolean':
      return 'bool';
    case 'integer':
      return schema.format === 'int32' ? 'int32' : 'int64';
    case 'number':
      return 'float64';
    case 'string':
      return schema.format === 'byte' ? '[]uint8' : 'string';
    default:
      return 'interface {}';
  }
}

const dateTimePattern = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

export function isDateTime(text: string): boolean {
  return dateTimePattern.test(text) && !Number.isNaN(Date.parse(text));
}

/** Position of the first character that is no standard base64, line breaks aside. */
export function base64Fault(text: string): number | undefined {
  const dense = text.replaceAll(/[\r\n]/g, '');
  const match = /^[A-Za-z0-9+/]*={0,2}/.exec(dense)?.[0] ?? '';
  if (match.length !== dense.length) return match.length;
  const over = dense.length % 4;
  return over === 0 ? undefined : dense.length - over;
}
