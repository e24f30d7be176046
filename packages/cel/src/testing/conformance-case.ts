/**
 * One test of the language's conformance suite, in terms of ours. The suite is written in the JSON form of protobuf messages:
 * numbers of 64 bits and bytes are texts there.
 */
import { ArrayList, ValueMap } from '#values/collections.ts';
import { Optional } from '#values/optional.ts';
import {
  Duration,
  formatDuration,
  formatTimestamp,
  parseDuration,
  parseTimestamp,
  Timestamp,
} from '#values/time.ts';
import { Uint } from '#values/uint.ts';
import { Fault, List, Mapping, Opaque, type Value } from '#values/value.ts';
import {
  boolType,
  bytesType,
  doubleType,
  durationType,
  dynType,
  intType,
  listOf,
  mapOf,
  nullType,
  optionalOf,
  stringType,
  timestampType,
  Type,
  uintType,
} from '#types/type.ts';

export interface Case {
  readonly name?: string;
  readonly expr: string;
  readonly container?: string;
  readonly disableCheck?: boolean;
  readonly checkOnly?: boolean;
  readonly typeEnv?: readonly { readonly name: string; readonly ident?: { readonly type: TypeJson } }[];
  readonly bindings?: Readonly<Record<string, { readonly value?: ValueJson }>>;
  readonly value?: ValueJson;
  readonly typedResult?: { readonly result?: ValueJson; readonly deducedType?: TypeJson };
  readonly evalError?: object;
}

export interface TypeJson {
  readonly primitive?: string;
  readonly wellKnown?: string;
  readonly dyn?: object;
  readonly null?: unknown;
  readonly listType?: { readonly elemType?: TypeJson };
  readonly mapType?: { readonly keyType?: TypeJson; readonly valueType?: TypeJson };
  readonly abstractType?: { readonly name: string; readonly parameterTypes?: readonly TypeJson[] };
  readonly type?: TypeJson;
}

export interface ValueJson {
  readonly int64Value?: string;
  readonly uint64Value?: string;
  readonly doubleValue?: number | string;
  readonly stringValue?: string;
  readonly bytesValue?: string;
  readonly boolValue?: boolean;
  readonly nullValue?: unknown;
  readonly typeValue?: string;
  readonly listValue?: { readonly values?: readonly ValueJson[] };
  readonly mapValue?: {
    readonly entries?: readonly { readonly key: ValueJson; readonly value: ValueJson }[];
  };
  readonly objectValue?: { readonly '@type': string; readonly value?: unknown };
}

const primitives: Readonly<Record<string, Type>> = {
  BOOL: boolType,
  BYTES: bytesType,
  DOUBLE: doubleType,
  INT64: intType,
  STRING: stringType,
  UINT64: uintType,
};
const wellKnown: Readonly<Record<string, Type>> = {
  DURATION: durationType,
  TIMESTAMP: timestampType,
  ANY: dynType,
};

/** Undefined for messages and what else has no counterpart. */
export function typeOfJson(json: TypeJson | undefined): Type | undefined {
  if (!json) return undefined;
  if (json.primitive) return primitives[json.primitive];
  if (json.wellKnown) return wellKnown[json.wellKnown];
  if (json.dyn) return dynType;
  if ('null' in json) return nullType;
  if (json.listType) return mapped([json.listType.elemType], ([element]) => listOf(element!));
  if (json.mapType)
    return mapped([json.mapType.keyType, json.mapType.valueType], ([key, value]) => mapOf(key!, value!));
  const { name, parameterTypes = [] } = json.abstractType ?? {};
  if (name === 'optional_type' || name === 'optional')
    return mapped(parameterTypes, ([value]) => optionalOf(value!));
  return undefined;
}

function mapped(
  parts: readonly (TypeJson | undefined)[],
  make: (types: readonly Type[]) => Type,
): Type | undefined {
  const types = parts.map(typeOfJson);
  return types.every((type) => type !== undefined) ? make(types) : undefined;
}

/** Undefined for messages. */
export function valueOfJson(json: ValueJson): Value | undefined {
  if (json.int64Value !== undefined) return BigInt(json.int64Value);
  if (json.uint64Value !== undefined) return new Uint(BigInt(json.uint64Value));
  if (json.doubleValue !== undefined) return Number(json.doubleValue);
  if (json.stringValue !== undefined) return json.stringValue;
  if (json.bytesValue !== undefined) return new Uint8Array(Buffer.from(json.bytesValue, 'base64'));
  if (json.boolValue !== undefined) return json.boolValue;
  if ('nullValue' in json) return null;
  if (json.listValue) return listOfJson(json.listValue.values ?? []);
  if (json.mapValue) return mapOfJson(json.mapValue.entries ?? []);
  if (json.objectValue) return messageOfJson(json.objectValue);
  return undefined;
}

function listOfJson(values: readonly ValueJson[]): Value | undefined {
  const items = values.map(valueOfJson);
  return items.every((item) => item !== undefined) ? new ArrayList(items) : undefined;
}

function mapOfJson(
  entries: readonly { readonly key: ValueJson; readonly value: ValueJson }[],
): Value | undefined {
  const pairs = entries.map(({ key, value }) => [valueOfJson(key), valueOfJson(value)] as const);
  if (!pairs.every((pair) => pair[0] !== undefined && pair[1] !== undefined)) return undefined;
  return ValueMap.of(pairs as readonly (readonly [Value, Value])[]);
}

function messageOfJson({
  '@type': type,
  value,
}: {
  readonly '@type': string;
  readonly value?: unknown;
}): Value | undefined {
  if (typeof value !== 'string') return undefined;
  if (type.endsWith('google.protobuf.Timestamp')) return parseTimestamp(value);
  return type.endsWith('google.protobuf.Duration') ? parseDuration(value) : undefined;
}

/** The value with the types of all that it holds, for comparing: 1, 1u and 1.0 differ here, and maps have one order. */
export function shown(value: Value | Fault): unknown {
  if (value instanceof Fault) return { fault: value.message };
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'bigint') return `int ${value}`;
  if (typeof value === 'number') return { double: value };
  if (value instanceof Uint) return `uint ${value.value}`;
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('hex') };
  if (value instanceof Timestamp) return { timestamp: formatTimestamp(value) };
  if (value instanceof Duration) return { duration: formatDuration(value) };
  if (value instanceof Type) return { type: value.name };
  if (value instanceof Optional)
    return { optional: value.value === undefined ? undefined : shown(value.value) };
  if (value instanceof List) return Array.from({ length: value.length }, (_, at) => shown(value.at(at)));
  if (value instanceof Mapping) return shownMap(value);
  return value instanceof Opaque ? { opaque: value.type.name } : value;
}

function shownMap(map: Mapping): object {
  const entries = [...map.keys()].map(
    (key) => [JSON.stringify(shown(key)), shown(map.get(key) ?? null)] as const,
  );
  return { map: entries.sort(([a], [b]) => (a < b ? -1 : 1)) };
}

/** What a test wants to see. */
export function wanted(json: ValueJson): unknown {
  if (json.typeValue !== undefined) return { type: json.typeValue };
  const value = valueOfJson(json);
  return value === undefined ? undefined : shown(value);
}
