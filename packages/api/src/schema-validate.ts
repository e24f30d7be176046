/**
 * Judges a value by the structural schema of a CustomResourceDefinition, in the API server's wording. Every fault is
 * reported, up to a bound; values of a wrong type are not looked into. Faults of what a change left as it was are let pass:
 * a schema may have become stricter since.
 * Rules: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-ratcheting
 */
import { isRecord } from '@skerry/base';
import { stableJson } from '#list-types.ts';
import { matchesPattern } from '#pattern.ts';
import { base64Fault, isDateTime } from '#schema-decode.ts';
import { equalJson } from '#patch/json-value.ts';
import { resolveSchema, type Schema, type SchemaSet } from '#schema.ts';
import type { FieldError } from '#status.ts';
import { ownProperty } from '#structural-schema.ts';
import {
  invalidValue,
  notSupported,
  required,
  sameJson,
  tooLong,
  tooMany,
  typeInvalid,
} from '#validation/faults.ts';

const faultsMax = 100;
/** How stock servers name the place of faults that they can't place. */
const nowhere = '<nil>';
/** Elements of one list that are compared with each other for `uniqueItems`. */
const comparedMax = 10_000;

/** What a part was before, where that can be told. */
export interface Before {
  readonly value: unknown;
}

/** After pruning and defaults. `path` is '' for a whole object; `before` is given for a change. */
export function validateStructural(
  set: SchemaSet,
  schema: Schema,
  value: unknown,
  path = '',
  before?: Before,
): FieldError[] {
  const faults: FieldError[] = [];
  check(set, schema, value, path, faults, before);
  return faults.slice(0, faultsMax);
}

function isValid(
  set: SchemaSet,
  schema: Schema,
  value: unknown,
  path: string,
  before: Before | undefined,
): boolean {
  return validateStructural(set, schema, value, path, before).length === 0;
}

function check(
  set: SchemaSet,
  given: Schema,
  value: unknown,
  path: string,
  faults: FieldError[],
  before?: Before,
): void {
  if (faults.length >= faultsMax) return;
  const first = faults.length;
  checkAnew(set, given, value, path, faults, before);
  // What was not there, or was empty, is not the null that comes now.
  if (before && faults.length > first && equalJson(value, before.value)) faults.length = first;
}

function checkAnew(
  set: SchemaSet,
  given: Schema,
  value: unknown,
  path: string,
  faults: FieldError[],
  before: Before | undefined,
): void {
  const schema = resolveSchema(set, given);
  if (value === null && schema.nullable) return;
  const mismatch = typeFault(schema, value, path);
  if (mismatch) {
    faults.push(mismatch);
    if (schema.type === 'integer' && typeof value === 'number')
      faults.push(
        invalidValue(nowhere, '', `Checked value must be of type integer (default format) in ${path}`),
      );
    return;
  }
  if (schema.enum && !schema.enum.some((allowed) => sameJson(allowed, value)))
    faults.push(notSupported(path, value, schema.enum.map(enumText)));
  if (typeof value === 'string') checkString(schema, value, path, faults);
  else if (typeof value === 'number') checkNumber(schema, value, path, faults);
  else if (Array.isArray(value)) checkList(set, schema, value, path, faults, before);
  else if (isRecord(value)) checkObject(set, schema, value, path, faults, before);
  checkCombinations(set, schema, value, path, faults, before);
}

function enumText(allowed: unknown): string {
  return typeof allowed === 'string' ? allowed : JSON.stringify(allowed);
}

/** The element of a keyed list that has the same keys. Elements of other lists can't be told apart over time. */
function elementBefore(schema: Schema, item: unknown, before: Before | undefined): Before | undefined {
  const keys = schema.listMapKeys ?? [];
  if (schema.listType !== 'map' || keys.length === 0 || !isRecord(item) || !Array.isArray(before?.value))
    return undefined;
  const found = before.value.find(
    (old: unknown) => isRecord(old) && keys.every((key) => sameJson(old[key], item[key])),
  ) as unknown;
  return found === undefined ? undefined : { value: found };
}

function fieldBefore(path: string, key: string, before: Before | undefined): Before | undefined {
  if (!isRecord(before?.value) || !Object.hasOwn(before.value, key)) return undefined;
  // What an object is, is always judged.
  if (path === '' && (key === 'kind' || key === 'apiVersion')) return undefined;
  return { value: before.value[key] };
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
      typeInvalid(path, value, `${inBody(path)} must be of type ${schema.format}: ${JSON.stringify(value)}`),
    );
}

const formats: Readonly<Record<string, (value: string) => boolean>> = {
  'date-time': isDateTime,
  datetime: isDateTime,
  duration: isDuration,
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

/** `1h30m`, `2 days`, `1.5s`: Go's own form, and numbers with words that the common library knows. */
function isDuration(value: string): boolean {
  if (
    /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h)(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))*$/.test(
      value,
    )
  )
    return true;
  return /^0$|^(?:\d+\s*(?:nanos?|micros?|millis?|milliseconds?|seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|d|weeks?|w)\s*)+$/i.test(
    value,
  );
}

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
  if (multipleOf !== undefined) {
    // Of whole numbers a stock server asks for multiples of a whole factor.
    const factor = Number.isInteger(value) ? Math.trunc(multipleOf) : multipleOf;
    const quotient = value / factor;
    if (factor <= 0)
      faults.push(
        invalidValue(path, factor, `factor MultipleOf declared for ${path} must be positive: ${factor}`),
      );
    else if (Math.abs(quotient - Math.round(quotient)) > 1e-9) say(`should be a multiple of ${factor}`);
  }
  if (format === 'int32' && (value < -(2 ** 31) || value >= 2 ** 31))
    faults.push(
      invalidValue(nowhere, '', `Checked value must be of type integer with format int32 in ${path}`),
    );
}

function checkList(
  set: SchemaSet,
  schema: Schema,
  value: readonly unknown[],
  path: string,
  faults: FieldError[],
  before: Before | undefined,
): void {
  if (schema.maxItems !== undefined && value.length > schema.maxItems)
    faults.push(tooMany(path, value.length, schema.maxItems));
  if (schema.minItems !== undefined && value.length < schema.minItems)
    faults.push(
      invalidValue(path, value.length, `${inBody(path)} should have at least ${schema.minItems} items`),
    );
  if (schema.uniqueItems && value.length <= comparedMax) {
    const texts = new Set(value.map(stableJson));
    if (texts.size < value.length)
      faults.push(invalidValue(path, value, `${inBody(path)} shouldn't contain duplicates`));
  }
  const { items } = schema;
  if (!items) return;
  for (const [index, item] of value.entries())
    check(set, items, item, `${path}[${index}]`, faults, elementBefore(schema, item, before));
}

function checkObject(
  set: SchemaSet,
  schema: Schema,
  value: Record<string, unknown>,
  path: string,
  faults: FieldError[],
  before: Before | undefined,
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
    if (property) check(set, property, item, below(key), faults, fieldBefore(path, key, before));
  }
}

function checkCombinations(
  set: SchemaSet,
  schema: Schema,
  value: unknown,
  path: string,
  faults: FieldError[],
  before: Before | undefined,
): void {
  const name = JSON.stringify(path);
  for (const part of schema.allOf ?? []) check(set, part, value, path, faults, before);
  checkAnyOf(set, schema, value, path, faults, before);
  checkOneOf(set, schema, value, path, faults, before);
  if (schema.not && isValid(set, schema.not, value, path, before))
    faults.push(invalidValue(nowhere, '', `${name} must not validate the schema (not)`));
}

/** Of alternatives none of which fits, what is wrong by the first is told too. */
function checkAnyOf(
  set: SchemaSet,
  { anyOf }: Schema,
  value: unknown,
  path: string,
  faults: FieldError[],
  before: Before | undefined,
): void {
  if (!anyOf) return;
  const results = anyOf.map((part) => validateStructural(set, part, value, path, before));
  if (results.some((result) => result.length === 0)) return;
  faults.push(
    invalidValue(nowhere, '', `${JSON.stringify(path)} must validate at least one schema (anyOf)`),
    ...(results[0] ?? []),
  );
}

function checkOneOf(
  set: SchemaSet,
  { oneOf }: Schema,
  value: unknown,
  path: string,
  faults: FieldError[],
  before: Before | undefined,
): void {
  if (!oneOf) return;
  const results = oneOf.map((part) => validateStructural(set, part, value, path, before));
  const valid = results.filter((result) => result.length === 0).length;
  if (valid === 1) return;
  const found = valid === 0 ? 'Found none valid' : `Found ${valid} valid alternatives`;
  faults.push(
    invalidValue(
      nowhere,
      '',
      `${JSON.stringify(path)} must validate one and only one schema (oneOf). ${found}`,
    ),
    ...(valid === 0 ? (results[0] ?? []) : []),
  );
}
