/** Numbers of replicas must be numbers that a Scale can show. */
import { isRecord } from '@skerry/base';
import { type AnyObject, type FieldError, invalidValue } from '@skerry/api';
import type { DefinitionVersion } from '#crd/definition.ts';

const replicasMax = 2 ** 31 - 1;

type Scale = NonNullable<DefinitionVersion['subresources']>['scale'];

/** `part` is what is written: the status may not be judged by the spec. */
export function scaleFaults(scale: Scale, object: AnyObject, part: 'all' | 'status'): FieldError[] {
  if (!scale) return [];
  return [
    ...(part === 'all' ? replicaFaults(object, scale.specReplicasPath) : []),
    ...replicaFaults(object, scale.statusReplicasPath),
    ...selectorFaults(object, scale.labelSelectorPath),
  ];
}

function replicaFaults(object: AnyObject, path: string): FieldError[] {
  const { value, wrong } = valueAt(object, path);
  if (wrong !== undefined) return [notMap(path, wrong, 0)];
  if (value === undefined) return [];
  if (!Number.isInteger(value)) return [wrongType(path, value, 'int64', 0)];
  const replicas = value as number;
  if (replicas < 0) return [invalidValue(path, replicas, 'should be a non-negative integer')];
  return replicas > replicasMax
    ? [invalidValue(path, replicas, `should be less than or equal to ${replicasMax}`)]
    : [];
}

function selectorFaults(object: AnyObject, path: string | undefined): FieldError[] {
  if (!path) return [];
  const { value, wrong } = valueAt(object, path);
  if (wrong !== undefined) return [notMap(path, wrong, '')];
  return value === undefined || typeof value === 'string' ? [] : [wrongType(path, value, 'string', '')];
}

function wrongType(path: string, value: unknown, wanted: string, instead: unknown): FieldError {
  return invalidValue(
    path,
    instead,
    `${path} accessor error: ${shown(value)} is of the type ${goType(value)}, expected ${wanted}`,
  );
}

function notMap(path: string, value: unknown, instead: unknown): FieldError {
  return wrongType(path, value, 'map[string]interface{}', instead);
}

/** The value, or what stands in the way and has no fields. */
function valueAt(object: AnyObject, path: string): { value?: unknown; wrong?: unknown } {
  let value: unknown = object;
  for (const name of path.replace(/^\./, '').split('.')) {
    if (!isRecord(value)) return { wrong: value };
    if (!Object.hasOwn(value, name)) return {};
    value = value[name];
  }
  return { value };
}

function shown(value: unknown): string {
  if (value === null) return '<nil>';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function goType(value: unknown): string {
  if (value === null) return '<nil>';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  return Array.isArray(value) ? '[]interface {}' : 'map[string]interface {}';
}
