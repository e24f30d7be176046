/**
 * Lists that are sets or maps hold no element twice.
 * Rules: https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy
 */
import { isRecord } from '@skerry/base';
import { resolveSchema, type Schema, type SchemaSet } from '#schema.ts';
import type { FieldError } from '#status.ts';
import { ownProperty } from '#structural-schema.ts';
import { duplicateValue, invalidValue } from '#validation/faults.ts';

export function validateListTypes(set: SchemaSet, given: Schema, value: unknown, path = ''): FieldError[] {
  const schema = resolveSchema(set, given);
  if (Array.isArray(value)) {
    const { items } = schema;
    const faults = listFaults(schema, value, path);
    if (items)
      for (const [index, item] of value.entries())
        faults.push(...validateListTypes(set, items, item, `${path}[${index}]`));
    return faults;
  }
  if (!isRecord(value)) return [];
  const { additionalProperties: values } = schema;
  return Object.entries(value).flatMap(([name, part]) => {
    const property = ownProperty(schema, name);
    if (property) return validateListTypes(set, property, part, path === '' ? name : `${path}.${name}`);
    return values ? validateListTypes(set, values, part, `${path}[${name}]`) : [];
  });
}

function listFaults(schema: Schema, list: readonly unknown[], path: string): FieldError[] {
  if (schema.listType === 'set') return repeated(list, path, (item) => item);
  if (schema.listType !== 'map') return [];
  const wrong = list.findIndex((item) => item !== null && !isRecord(item));
  if (wrong !== -1)
    return [
      invalidValue(`${path}[${wrong}]`, list[wrong], 'must be an object for an array of list-type map'),
    ];
  return repeated(list, path, (item) => keysOf(item, schema.listMapKeys ?? []));
}

function keysOf(item: unknown, keys: readonly string[]): object {
  const given = isRecord(item) ? item : {};
  return Object.fromEntries(keys.filter((key) => given[key] !== undefined).map((key) => [key, given[key]]));
}

/** Of elements that occur more than twice only the second is reported. */
function repeated(
  list: readonly unknown[],
  path: string,
  identity: (item: unknown) => unknown,
): FieldError[] {
  const seen = new Map<string, number>();
  const faults: FieldError[] = [];
  for (const [index, item] of list.entries()) {
    const shown = identity(item);
    const key = stableJson(shown);
    const times = (seen.get(key) ?? 0) + 1;
    seen.set(key, times);
    if (times === 2) faults.push(duplicateValue(`${path}[${index}]`, shown));
  }
  return faults;
}

/** One text for values that are equal, whatever the order of their fields. */
export function stableJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(stableJson).join(',')}]`;
  if (!isRecord(value)) return JSON.stringify(value);
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${stableJson(value[key])}`).join(',')}}`;
}
