import type { FieldError } from '#status.ts';
import type { ConfigMap, Secret } from '#types.generated.ts';
import {
  forbiddenField,
  immutable,
  invalidValue,
  invalidValues,
  required,
  sameJson,
  tooLong,
} from '#validation/faults.ts';
import { dataKeyFaults } from '#validation/names.ts';
import { byteLength } from '#validation/object-meta.ts';

const bytesMax = 1024 * 1024;
const whenImmutable = 'field is immutable when `immutable` is set';

/** Bytes behind a base64 text. */
function decodedLength(text: string): number {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  return Math.max(0, (text.length * 3) / 4 - padding);
}

export function validateConfigMap({ data = {}, binaryData = {} }: ConfigMap): FieldError[] {
  const faults: FieldError[] = [];
  let bytes = 0;
  for (const [key, text] of Object.entries(data)) {
    faults.push(...invalidValues(`data[${key}]`, key, dataKeyFaults(key)));
    if (Object.hasOwn(binaryData, key))
      faults.push(invalidValue(`data[${key}]`, key, 'duplicate of key present in binaryData'));
    bytes += byteLength(text);
  }
  for (const [key, text] of Object.entries(binaryData)) {
    faults.push(...invalidValues(`binaryData[${key}]`, key, dataKeyFaults(key)));
    bytes += decodedLength(text);
  }
  if (bytes > bytesMax) faults.push(tooLong('[]', bytesMax));
  return faults;
}

export function validateConfigMapUpdate(next: ConfigMap, old: ConfigMap): FieldError[] {
  return validateKept(next, old, ['data', 'binaryData']);
}

function validateKept<T extends { immutable?: boolean }>(
  next: T,
  old: T,
  fields: readonly (keyof T & string)[],
): FieldError[] {
  if (!old.immutable) return [];
  const faults: FieldError[] = next.immutable ? [] : [forbiddenField('immutable', whenImmutable)];
  for (const field of fields)
    if (!sameJson(next[field] ?? {}, old[field] ?? {})) faults.push(forbiddenField(field, whenImmutable));
  return faults;
}

/** Keys that a typed Secret must have. */
const requiredKeys: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
};

export function validateSecret({ data = {}, type = '', metadata }: Secret): FieldError[] {
  const faults: FieldError[] = [];
  let bytes = 0;
  for (const [key, text] of Object.entries(data)) {
    faults.push(...invalidValues(`data[${key}]`, key, dataKeyFaults(key)));
    bytes += decodedLength(text);
  }
  if (bytes > bytesMax) faults.push(tooLong('data', bytesMax));
  for (const key of requiredKeys[type] ?? [])
    if (data[key] === undefined) faults.push(required(`data[${key}]`));
  for (const key of ['.dockerconfigjson', '.dockercfg'])
    if (requiredKeys[type]?.includes(key) && data[key] !== undefined && !isJsonObject(data[key]))
      faults.push(invalidValue(`data[${key}]`, '<secret contents redacted>', 'must be a JSON object'));
  if (type === 'kubernetes.io/basic-auth' && data['username'] === undefined && data['password'] === undefined)
    faults.push(required('data[username]'), required('data[password]'));
  const account = 'kubernetes.io/service-account.name';
  if (type === 'kubernetes.io/service-account-token' && !metadata.annotations?.[account])
    faults.push(required(`metadata.annotations[${account}]`));
  return faults;
}

function isJsonObject(base64: string): boolean {
  try {
    const value: unknown = JSON.parse(atob(base64));
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

export function validateSecretUpdate(next: Secret, old: Secret): FieldError[] {
  return [...immutable('type', next.type, old.type), ...validateKept(next, old, ['data'])];
}
