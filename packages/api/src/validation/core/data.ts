/** ConfigMaps and Secrets. */
import type { FieldError } from '#status.ts';
import type { ConfigMap, Secret } from '#types.generated.ts';
import {
  checkImmutable,
  checkReasons,
  forbiddenField,
  invalidValue,
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
    checkReasons(faults, `data[${key}]`, key, dataKeyFaults(key));
    if (Object.hasOwn(binaryData, key))
      faults.push(invalidValue(`data[${key}]`, key, 'duplicate of key present in binaryData'));
    bytes += byteLength(text);
  }
  for (const [key, text] of Object.entries(binaryData)) {
    checkReasons(faults, `binaryData[${key}]`, key, dataKeyFaults(key));
    bytes += decodedLength(text);
  }
  if (bytes > bytesMax) faults.push(tooLong('[]', bytesMax));
  return faults;
}

export function validateConfigMapUpdate(next: ConfigMap, old: ConfigMap): FieldError[] {
  return [...keptFaults(next, old, ['data', 'binaryData']), ...validateConfigMap(next)];
}

function keptFaults<T extends { immutable?: boolean }>(
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

/** Keys that a typed Secret must have; one of `either`. */
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
    checkReasons(faults, `data[${key}]`, key, dataKeyFaults(key));
    bytes += decodedLength(text);
  }
  if (bytes > bytesMax) faults.push(tooLong('data', bytesMax));
  const account = 'kubernetes.io/service-account.name';
  if (type === 'kubernetes.io/service-account-token' && !metadata.annotations?.[account])
    faults.push(required(`metadata.annotations[${account}]`));
  if (type === 'kubernetes.io/basic-auth' && data['username'] === undefined && data['password'] === undefined)
    faults.push(required('data[username]'), required('data[password]'));
  for (const key of requiredKeys[type] ?? []) {
    const empty = key === 'ssh-privatekey' ? !data[key] : data[key] === undefined;
    if (empty) faults.push(required(`data[${key}]`));
    else if (key.startsWith('.docker')) checkJsonObject(faults, data[key] ?? '', `data[${key}]`);
  }
  return faults;
}

function checkJsonObject(faults: FieldError[], base64: string, path: string): void {
  const why = jsonObjectFault(base64);
  if (why !== undefined) faults.push(invalidValue(path, '<secret contents redacted>', why));
}

/** In the words of the server's JSON reader, as far as they don't depend on where it stumbled. */
function jsonObjectFault(base64: string): string | undefined {
  const text = atob(base64).trim();
  if (text === '') return 'unexpected end of JSON input';
  try {
    const value: unknown = JSON.parse(text);
    if (value === null || (typeof value === 'object' && !Array.isArray(value))) return undefined;
    const kind = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
    return `json: cannot unmarshal ${kind} into Go value of type map[string]interface {}`;
  } catch {
    return `invalid character '${text[0]}' looking for beginning of value`;
  }
}

export function validateSecretUpdate(next: Secret, old: Secret): FieldError[] {
  const faults: FieldError[] = [];
  checkImmutable(faults, 'type', next.type, old.type);
  faults.push(...keptFaults(next, old, ['data']), ...validateSecret(next));
  return faults;
}
