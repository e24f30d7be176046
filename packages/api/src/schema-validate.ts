/**
 * Judges a value by the structural schema of a CustomResourceDefinition, in the API server's wording. Every fault is
 * reported, up to a bound; values of a wrong type are not looked into.
 */
import { matchesPattern } from '#pattern.ts';
import { base64Fault, isDateTime } from '#schema-decode.ts';
import { resolveSchema, type Schema, type SchemaSet } from '#schema.ts';
import type { FieldError } from '#status.ts';
import { isObject, ownProperty } from '#structural-schema.ts';
import {
  duplicateValue,
  invalidValue,
  notSupported,
  required,
  sameJson,
  tooLong,
  tooMany,
  typeInvalid,
} from '#validation/faults.ts';

const faultsMax = 100;
/** Elements of one list that are compared with each other for `uniqueItems` and list types. */
const comparedMax = 10_000;

/** After pruning and defaults. `path` is '' for a whole object. */
export function validateStructural(set: SchemaSet, schema: Schema, value: unknown, path = ''): FieldError[] {
  const faults: FieldError[] = [];
  check(set, schema, value, path, faults);
  return faults.slice(0, faultsMax);
}

function isValid(set: SchemaSet, schema: Schema, value: unknown, path: string): boolean {
  return validateStructural(set, schema, value, path).length === 0;
}

function check(set: SchemaSet, given: Schema, value: unknown, path: string, faults: FieldError[]): void {
  if (faults.length >= faultsMax) return;
  const schema = resolveSchema(set, given);
  if (value === null && schema.nullable) return;
  const mismatch = typeFault(schema, value, path);
  if (mismatch) {
    faults.push(mismatch);
    return;
  }
  if (schema.enum && !schema.enum.some((allowed) => sameJson(allowed, value)))
    faults.push(notSupported(path, value, schema.enum.map(String)));
  if (typeof value === 'string') checkString(schema, value, path, faults);
  else if (typeof value === 'number') checkNumber(schema, value, path, faults);
  else if (Array.isArray(value)) checkList(set, schema, value, path, faults);
  else if (isObject(value)) checkObject(set, schema, value, path, faults);
  checkCombinations(set, schema, value, path, faults);
}

function inBody(path: string): string {
  return `${path} in body`;
}

function typeFault(schema: Schema, value: unknown, path: string): FieldError | undefined {
  if (schema.intOrString) {
    if (Number.isInteger(value) || typeof value === 'string') return undefined;
    return wrongType(path, value, 'integer,string');
  }
  if (schema.type === undefined) return undefined;
  const actual = typeOf(value);
  const fits = actual === schema.type || (schema.type === 'number' && actual === 'integer');
  return fits ? undefined : wrongType(path, value, schema.type);
}

function wrongType(path: string, value: unknown, wanted: string): FieldError {
  const actual = typeOf(value);
  return typeInvalid(path, actual, `${inBody(path)} must be of type ${wanted}: ${JSON.stringify(actual)}`);
}

function typeOf(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  if (Number.isInteger(value)) return 'integer';
  return typeof value;
}

function checkString(schema: Schema, value: string, path: string, faults: FieldError[]): void {
  // Lengths are counted in characters; the wording says bytes.
  const length =
    schema.maxLength === undefined && schema.minLength === undefined ? 0 : Array.from(value).length;
  if (schema.maxLength !== undefined && length > schema.maxLength)
    faults.push(tooLong(path, schema.maxLength));
  if (schema.minLength !== undefined && length < schema.minLength)
    faults.push(
      invalidValue(path, value, `${inBody(path)} should be at least ${schema.minLength} chars long`),
    );
  if (schema.pattern !== undefined && !matchesPattern(schema.pattern, value))
    faults.push(invalidValue(path, value, `${inBody(path)} should match '${schema.pattern}'`));
  if (schema.format !== undefined && !formatFits(schema.format, value))
    faults.push(
      invalidValue(path, value, `${inBody(path)} must be of type ${schema.format}: ${JSON.stringify(value)}`),
    );
}

const formats: Readonly<Record<string, (value: string) => boolean>> = {
  'date-time': isDateTime,
  datetime: isDateTime,
  date: (value) => /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value)),
  byte: (value) => base64Fault(value) === undefined,
  uuid: (value) => /^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i.test(value),
  email: (value) => /^[^\s@]+@[^\s@]+$/.test(value),
  hostname: (value) => value.length <= 253 && /^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?$/.test(value),
  ipv4: (value) =>
    /^(\d{1,3}\.){3}\d{1,3}$/.test(value) && value.split('.').every((part) => Number(part) <= 255),
  ipv6: (value) => value.includes(':') && /^[0-9a-f:.]+$/i.test(value),
  cidr: (value) => /^[0-9a-f:.]+\/\d{1,3}$/i.test(value),
  mac: (value) => /^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i.test(value),
  uri: (value) => URL.canParse(value),
};

/** Formats that are not known are no constraint. */
function formatFits(format: string, value: string): boolean {
  return !Object.hasOwn(formats, format) || (formats[format]?.(value) ?? true);
}

function checkNumber(schema: Schema, value: number, path: string, faults: FieldError[]): void {
  const { minimum, maximum, multipleOf, format } = schema;
  const say = (why: string): void => {
    faults.push(invalidValue(path, value, `${inBody(path)} ${why}`));
  };
  if (minimum !== undefined) {
    if (schema.exclusiveMinimum ? value <= minimum : value < minimum)
      say(`should be greater than ${schema.exclusiveMinimum ? '' : 'or equal to '}${minimum}`);
  }
  if (maximum !== undefined) {
    if (schema.exclusiveMaximum ? value >= maximum : value > maximum)
      say(`should be less than ${schema.exclusiveMaximum ? '' : 'or equal to '}${maximum}`);
  }
  if (
    multipleOf !== undefined &&
    multipleOf > 0 &&
    Math.abs(value / multipleOf - Math.round(value / multipleOf)) > 1e-9
  )
    say(`should be a multiple of ${multipleOf}`);
  if (format === 'int32' && (value < -(2 ** 31) || value >= 2 ** 31)) say('must be of type int32: "number"');
}

function checkList(
  set: SchemaSet,
  schema: Schema,
  value: readonly unknown[],
  path: string,
  faults: FieldError[],
): void {
  if (schema.maxItems !== undefined && value.length > schema.maxItems)
    faults.push(tooMany(path, value.length, schema.maxItems));
  if (schema.minItems !== undefined && value.length < schema.minItems)
    faults.push(
      invalidValue(path, value.length, `${inBody(path)} should have at least ${schema.minItems} items`),
    );
  const identity = identityOf(schema);
  if (identity && value.length <= comparedMax) {
    const seen = new Set<string>();
    for (const [index, item] of value.entries()) {
      const text = identity(item);
      if (seen.has(text))
        faults.push(
          schema.uniqueItems
            ? invalidValue(path, value, `${inBody(path)} shouldn't contain duplicates`)
            : duplicateValue(`${path}[${index}]`, duplicatedPart(schema, item)),
        );
      seen.add(text);
    }
  }
  if (schema.items)
    for (const [index, item] of value.entries()) check(set, schema.items, item, `${path}[${index}]`, faults);
}

/** What two elements of a list must not share. */
function identityOf(schema: Schema): ((item: unknown) => string) | undefined {
  if (schema.listType === 'map') return (item) => JSON.stringify(duplicatedPart(schema, item));
  if (schema.listType === 'set' || schema.uniqueItems) return stableJson;
  return undefined;
}

function duplicatedPart(schema: Schema, item: unknown): unknown {
  if (schema.listType !== 'map' || !isObject(item)) return item;
  return Object.fromEntries((schema.listMapKeys ?? []).map((key) => [key, item[key] ?? null]));
}

function stableJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(stableJson).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${stableJson(value[key])}`).join(',')}}`;
}

function checkObject(
  set: SchemaSet,
  schema: Schema,
  value: Record<string, unknown>,
  path: string,
  faults: FieldError[],
): void {
  const below = (key: string): string => (path === '' ? key : `${path}.${key}`);
  for (const key of schema.required ?? []) if (!Object.hasOwn(value, key)) faults.push(required(below(key)));
  const count = Object.keys(value).length;
  if (schema.maxProperties !== undefined && count > schema.maxProperties)
    faults.push(tooMany(path, count, schema.maxProperties));
  if (schema.minProperties !== undefined && count < schema.minProperties)
    faults.push(
      invalidValue(path, count, `${inBody(path)} should have at least ${schema.minProperties} properties`),
    );
  for (const [key, item] of Object.entries(value)) {
    const property = ownProperty(schema, key) ?? schema.additionalProperties;
    if (property) check(set, property, item, below(key), faults);
  }
}

function checkCombinations(
  set: SchemaSet,
  schema: Schema,
  value: unknown,
  path: string,
  faults: FieldError[],
): void {
  const name = JSON.stringify(path);
  for (const part of schema.allOf ?? []) check(set, part, value, path, faults);
  if (schema.anyOf && !schema.anyOf.some((part) => isValid(set, part, value, path)))
    faults.push(invalidValue(path, '', `${name} must validate at least one schema (anyOf)`));
  if (schema.oneOf) {
    const valid = schema.oneOf.filter((part) => isValid(set, part, value, path)).length;
    if (valid !== 1)
      faults.push(
        invalidValue(
          path,
          '',
          `${name} must validate one and only one schema (oneOf). ${valid === 0 ? 'Found none valid' : `Found ${valid} valid alternatives`}`,
        ),
      );
  }
  if (schema.not && isValid(set, schema.not, value, path))
    faults.push(invalidValue(path, '', `${name} must not validate the schema (not)`));
}
