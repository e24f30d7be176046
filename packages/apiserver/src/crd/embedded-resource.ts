/**
 * Whole objects within objects, `x-kubernetes-embedded-resource`: they say what they are, and their metadata is right.
 */
import { isRecord } from '@skerry/base';
import {
  checkObjectMeta,
  type FieldError,
  dns1035LabelFaults,
  invalidValue,
  type ObjectMeta,
  pathSegmentFaults,
  required,
} from '@skerry/api';
import { itemsOf, type RawSchema, valuesOf } from '#crd/schema/nodes.ts';

/** `path` is '' for a whole object, which is not embedded itself. */
export function embeddedFaults(raw: RawSchema, value: unknown, path: string): FieldError[] {
  if (Array.isArray(value)) {
    const items = itemsOf(raw);
    return items
      ? value.flatMap((element, index) => embeddedFaults(items, element, `${path}[${index}]`))
      : [];
  }
  if (!isRecord(value)) return [];
  const faults = raw['x-kubernetes-embedded-resource'] ? ownFaults(value, path) : [];
  const values = valuesOf(raw);
  for (const [name, part] of Object.entries(value)) {
    const property = raw.properties && Object.hasOwn(raw.properties, name) ? raw.properties[name] : undefined;
    if (property) faults.push(...embeddedFaults(property, part, below(path, name)));
    else if (values) faults.push(...embeddedFaults(values, part, `${path}[${name}]`));
  }
  return faults;
}

function below(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function ownFaults(value: Record<string, unknown>, path: string): FieldError[] {
  const faults: FieldError[] = [];
  for (const name of ['apiVersion', 'kind'])
    if (value[name] === undefined) faults.push(required(below(path, name)));
  if (value['apiVersion'] !== undefined)
    faults.push(...versionFaults(value['apiVersion'], below(path, 'apiVersion')));
  if (value['kind'] !== undefined) faults.push(...kindFaults(value['kind'], below(path, 'kind')));
  if (value['metadata'] !== undefined)
    faults.push(...metadataFaults(value['metadata'], below(path, 'metadata')));
  return faults;
}

function versionFaults(value: unknown, path: string): FieldError[] {
  if (typeof value !== 'string') return [invalidValue(path, value, 'must be a string')];
  if (value === '') return [invalidValue(path, value, 'must not be empty')];
  return value.split('/').length > 2
    ? [invalidValue(path, value, `unexpected GroupVersion string: ${value}`)]
    : [];
}

function kindFaults(value: unknown, path: string): FieldError[] {
  if (typeof value !== 'string') return [invalidValue(path, value, 'must be a string')];
  if (value === '') return [invalidValue(path, value, 'must not be empty')];
  const why = dns1035LabelFaults(value.toLowerCase());
  return why.length === 0
    ? []
    : [invalidValue(path, value, `may have mixed case, but should otherwise match: ${why.join(',')}`)];
}

function metadataFaults(value: unknown, path: string): FieldError[] {
  if (!isRecord(value)) return [invalidValue(path, value, 'must be an object')];
  const named: ObjectMeta = {
    ...value,
    name: typeof value['name'] === 'string' && value['name'] ? value['name'] : 'fakename',
  };
  const faults: FieldError[] = [];
  checkObjectMeta(faults, named, { name: pathSegmentFaults, knownFinalizers: false }, path);
  return faults;
}
