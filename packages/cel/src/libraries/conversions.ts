/** `int(x)`, `string(x)`, `timestamp(x)` and their like; `size`, `type`, `dyn`. */
import { fn, type Library, method, type Overload } from '#check/declarations.ts';
import { extent, runtimeType } from '#values/describe.ts';
import { fitsInt, fitsUint } from '#values/numbers.ts';
import {
  type Duration,
  durationOf,
  floorDivide,
  formatDuration,
  formatTimestamp,
  parseDuration,
  parseTimestamp,
  type Timestamp,
  timestampOf,
} from '#values/time.ts';
import { Uint } from '#values/uint.ts';
import { Fault, type Outcome, type Value } from '#values/value.ts';
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
  timestampType,
  type Type,
  typeOf,
  uintType,
  variableType,
} from '#types/type.ts';

const a = variableType('A');
const b = variableType('B');
const identity = ([value]: readonly Value[]): Outcome => value!;

const second = 1_000_000_000n;
const rangeFault = (): Fault => new Fault('range error');

function toInt(value: bigint): Outcome {
  return fitsInt(value) ? value : new Fault('integer overflow');
}

function toUint(value: bigint): Outcome {
  return fitsUint(value) ? new Uint(value) : new Fault('unsigned integer overflow');
}

function doubleToInt(value: number): Outcome {
  if (!Number.isFinite(value) || value <= -(2 ** 63) || value >= 2 ** 63)
    return new Fault('integer overflow');
  return BigInt(Math.trunc(value));
}

function doubleToUint(value: number): Outcome {
  if (!Number.isFinite(value) || value < 0 || value >= 2 ** 64) return new Fault('unsigned integer overflow');
  return new Uint(BigInt(Math.trunc(value)));
}

function convert(name: string, id: string, from: Type, to: Type, apply: (value: never) => Outcome): Overload {
  return fn(name, id, [from], to, ([value]) => apply(value as never));
}

function syntaxFault({ name }: Type): Fault {
  return new Fault(`type conversion error from 'string' to '${name}'`);
}

function stringToInt(text: string): Outcome {
  if (!/^[+-]?\d{1,30}$/.test(text)) return syntaxFault(intType);
  const value = BigInt(text.replace(/^\+/, ''));
  return fitsInt(value) ? value : syntaxFault(intType);
}

function stringToUint(text: string): Outcome {
  if (!/^\d{1,30}$/.test(text)) return syntaxFault(uintType);
  const value = BigInt(text);
  return fitsUint(value) ? new Uint(value) : syntaxFault(uintType);
}

function stringToDouble(text: string): Outcome {
  if (/^[+-]?(?:inf|infinity)$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  if (/^nan$/i.test(text)) return Number.NaN;
  if (!/^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return syntaxFault(doubleType);
  const value = Number(text);
  return Number.isFinite(value) ? value : syntaxFault(doubleType);
}

const truths = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const falsehoods = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);

function stringToBool(text: string): Outcome {
  if (truths.has(text)) return true;
  return falsehoods.has(text) ? false : syntaxFault(boolType);
}

/** The shortest form, with an exponent from a million on, as Go's strconv writes it. */
export function doubleText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value < 0 ? '-Inf' : '+Inf';
  if (Object.is(value, -0)) return '-0';
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e6)) {
    const [mantissa = '', exponent = ''] = value.toExponential().split('e');
    const sign = exponent.startsWith('-') ? '-' : '+';
    return `${mantissa}e${sign}${exponent.replace(/^[+-]/, '').padStart(2, '0')}`;
  }
  return String(value);
}

function bytesToString(bytes: Uint8Array): Outcome {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return new Fault('invalid UTF-8 in bytes, cannot convert to string');
  }
}

const sized: readonly (readonly [Type, string])[] = [
  [bytesType, 'bytes'],
  [listOf(a), 'list'],
  [mapOf(a, b), 'map'],
  [stringType, 'string'],
];

function size([value]: readonly Value[]): Outcome {
  return BigInt(extent(value!));
}

export const conversionLibrary: Library = [
  ...sized.flatMap(([type, name]) => [
    fn('size', `size_${name}`, [type], intType, size),
    method('size', `${name}_size`, [type], intType, size),
  ]),
  fn('type', 'type', [a], typeOf(a), ([value]) => runtimeType(value!)),
  fn('dyn', 'to_dyn', [a], dynType, identity),
  fn('bool', 'bool_to_bool', [boolType], boolType, identity),
  convert('bool', 'string_to_bool', stringType, boolType, stringToBool),
  fn('bytes', 'bytes_to_bytes', [bytesType], bytesType, identity),
  convert('bytes', 'string_to_bytes', stringType, bytesType, (text: string) =>
    new TextEncoder().encode(text),
  ),
  fn('double', 'double_to_double', [doubleType], doubleType, identity),
  convert('double', 'int64_to_double', intType, doubleType, (value: bigint) => Number(value)),
  convert('double', 'string_to_double', stringType, doubleType, stringToDouble),
  convert('double', 'uint64_to_double', uintType, doubleType, ({ value }: Uint) => Number(value)),
  fn('duration', 'duration_to_duration', [durationType], durationType, identity),
  convert(
    'duration',
    'int64_to_duration',
    intType,
    durationType,
    (value: bigint) => durationOf(value) ?? rangeFault(),
  ),
  convert(
    'duration',
    'string_to_duration',
    stringType,
    durationType,
    (text: string) => parseDuration(text) ?? syntaxFault(durationType),
  ),
  fn('int', 'int64_to_int64', [intType], intType, identity),
  convert('int', 'double_to_int64', doubleType, intType, doubleToInt),
  convert('int', 'duration_to_int64', durationType, intType, (value: Duration) => value.nanoseconds),
  convert('int', 'string_to_int64', stringType, intType, stringToInt),
  convert('int', 'timestamp_to_int64', timestampType, intType, ({ nanoseconds }: Timestamp) =>
    floorDivide(nanoseconds, second),
  ),
  convert('int', 'uint64_to_int64', uintType, intType, ({ value }: Uint) => toInt(value)),
  fn('string', 'string_to_string', [stringType], stringType, identity),
  convert('string', 'bool_to_string', boolType, stringType, String),
  convert('string', 'bytes_to_string', bytesType, stringType, bytesToString),
  convert('string', 'double_to_string', doubleType, stringType, doubleText),
  convert('string', 'duration_to_string', durationType, stringType, formatDuration),
  convert('string', 'int64_to_string', intType, stringType, String),
  convert('string', 'timestamp_to_string', timestampType, stringType, formatTimestamp),
  convert('string', 'uint64_to_string', uintType, stringType, ({ value }: Uint) => String(value)),
  fn('timestamp', 'timestamp_to_timestamp', [timestampType], timestampType, identity),
  convert(
    'timestamp',
    'int64_to_timestamp',
    intType,
    timestampType,
    (value: bigint) => timestampOf(value * second) ?? new Fault('timestamp overflow'),
  ),
  convert(
    'timestamp',
    'string_to_timestamp',
    stringType,
    timestampType,
    (text: string) => parseTimestamp(text) ?? syntaxFault(timestampType),
  ),
  fn('uint', 'uint64_to_uint64', [uintType], uintType, identity),
  convert('uint', 'double_to_uint64', doubleType, uintType, doubleToUint),
  convert('uint', 'int64_to_uint64', intType, uintType, toUint),
  convert('uint', 'string_to_uint64', stringType, uintType, stringToUint),
];
