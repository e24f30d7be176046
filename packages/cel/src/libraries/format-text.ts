/** `'%s is %d'.format([…])`: the clauses %s %d %f %e %b %x %X %o and %%. */
import { doubleText } from '#libraries/conversions.ts';
import { exponentialText, fixedText } from '#values/decimal-text.ts';
import { runtimeType } from '#values/describe.ts';
import { compareText } from '#values/order.ts';
import { Duration, formatDuration, formatTimestamp, Timestamp } from '#values/time.ts';
import { Uint } from '#values/uint.ts';
import { Fault, List, Mapping, type Outcome, type Value } from '#values/value.ts';
import { Type } from '#types/type.ts';

const defaultPrecision = 6;
const precisionMax = 100;
/** A value may hold itself many times over; no text is longer. */
const textMax = 1_000_000;

class FormatFault extends Error {}

export function formatText(text: string, args: List): Outcome {
  let next = 0;
  let length = 0;
  const take = (): Value => {
    if (next >= args.length) throw new FormatFault(`index ${next} out of range`);
    const value = args.at(next++);
    if (value instanceof Fault) throw new FormatFault(value.message);
    return value;
  };
  try {
    return text.replace(/%(?:%|(?:\.(\d+))?([\s\S])?)/g, (match, precision?: string, clause?: string) => {
      if (match === '%%') return '%';
      const shown = format(clause ?? '', precision, take);
      length += shown.length;
      if (length > textMax) throw new FormatFault('formatted text is too long');
      return shown;
    });
  } catch (error) {
    if (error instanceof FormatFault) return new Fault(error.message);
    throw error;
  }
}

function format(clause: string, precisionText: string | undefined, take: () => Value): string {
  const precision = precisionText === undefined ? defaultPrecision : Number(precisionText);
  if (precision > precisionMax) throw new FormatFault(`precision ${precision} is too large`);
  switch (clause) {
    case 's':
      return stringClause(take());
    case 'd':
      return decimal(take());
    case 'f':
      return floating(take(), 'fixed-point', (value) => grouped(fixedText(value, precision)));
    case 'e':
      // What stands as precision is a width there, and the precision always the usual one.
      return floating(take(), 'scientific', scientific).padStart(precision);
    case 'b':
      return binary(take());
    case 'x':
    case 'X':
      return hexadecimal(take(), clause === 'X');
    case 'o':
      return radix(take(), 8, 'octal');
    default:
      throw new FormatFault(
        clause === ''
          ? 'unexpected end of string'
          : `could not parse formatting clause: unrecognized formatting clause "${clause}"`,
      );
  }
}

function typeName(value: Value): string {
  return runtimeType(value).name;
}

function stringClause(value: Value): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return doubleText(value);
  return nested(value, { quote: false });
}

/** Within lists and maps texts are quoted and times named. */
function nested(value: Value, { quote }: { readonly quote: boolean }): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return quote ? JSON.stringify(value) : value;
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return nestedDouble(value);
  if (value instanceof Uint) return String(value.value);
  if (value instanceof Uint8Array) {
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(value);
    return quote ? `b${JSON.stringify(text)}` : text;
  }
  if (value instanceof Timestamp)
    return quote ? `timestamp("${formatTimestamp(value)}")` : formatTimestamp(value);
  if (value instanceof Duration)
    return quote ? `duration("${formatDuration(value)}")` : formatDuration(value);
  if (value instanceof Type) return value.name;
  if (value instanceof List) return listText(value);
  if (value instanceof Mapping) return mapText(value);
  throw new FormatFault(
    `error during formatting: string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps, was given ${typeName(value)}`,
  );
}

function nestedDouble(value: number): string {
  const sign = Object.is(value, -0) ? '-' : '';
  if (Number.isFinite(value)) return sign + fixedText(value, defaultPrecision);
  return JSON.stringify(doubleText(value));
}

function listText(list: List): string {
  const parts: string[] = [];
  let length = 0;
  for (let index = 0; index < list.length; index++) {
    const item = list.at(index);
    if (item instanceof Fault) throw new FormatFault(item.message);
    const text = nested(item, { quote: true });
    length += text.length;
    if (length > textMax) throw new FormatFault('formatted text is too long');
    parts.push(text);
  }
  return `[${parts.join(', ')}]`;
}

function mapText(map: Mapping): string {
  const entries: (readonly [string, string])[] = [];
  for (const key of map.keys()) {
    const value = map.get(key)!;
    if (value instanceof Fault) throw new FormatFault(value.message);
    entries.push([nested(key, { quote: true }), nested(value, { quote: true })]);
  }
  entries.sort(([a], [b]) => compareText(a, b));
  return `{${entries.map(([key, value]) => `${key}:${value}`).join(', ')}}`;
}

function decimal(value: Value): string {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Uint) return String(value.value);
  throw new FormatFault(
    `error during formatting: decimal clause can only be used on integers, was given ${typeName(value)}`,
  );
}

function floating(value: Value, name: string, show: (value: number) => string): string {
  const spelled = value === 'NaN' || value === 'Infinity' || value === '-Infinity';
  if (typeof value !== 'number' && !spelled)
    throw new FormatFault(
      `error during formatting: ${name} clause can only be used on doubles, was given ${typeName(value)}`,
    );
  const number = Number(value);
  if (Number.isNaN(number)) return 'NaN';
  if (!Number.isFinite(number)) return number < 0 ? '-∞' : '∞';
  return show(number);
}

/** Thousands apart, as in English: `1,234,567.50`. */
function grouped(text: string): string {
  const [whole = '', fraction] = text.split('.');
  const groups = whole.replace(/\B(?=(?:\d{3})+$)/g, ',');
  return fraction === undefined ? groups : `${groups}.${fraction}`;
}

function scientific(value: number): string {
  const [mantissa = '', exponent = ''] = exponentialText(value, defaultPrecision).split('e');
  const digits = exponent.slice(1).padStart(2, '0');
  return `${mantissa}×10${superscript(exponent.startsWith('-') ? `-${digits}` : digits)}`;
}

function superscript(text: string): string {
  return text.replace(/[-0-9]/g, (character) => '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'['-0123456789'.indexOf(character)] ?? character);
}

function binary(value: Value): string {
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (typeof value === 'bigint') return value.toString(2);
  if (value instanceof Uint) return value.value.toString(2);
  throw new FormatFault(
    `error during formatting: only integers and bools can be formatted as binary, was given ${typeName(value)}`,
  );
}

function radix(value: Value, base: number, name: string): string {
  if (typeof value === 'bigint') return value.toString(base);
  if (value instanceof Uint) return value.value.toString(base);
  throw new FormatFault(
    `error during formatting: ${name} clause can only be used on integers, was given ${typeName(value)}`,
  );
}

function hexadecimal(value: Value, upper: boolean): string {
  const text = hexDigits(value);
  return upper ? text.toUpperCase() : text;
}

function hexDigits(value: Value): string {
  if (typeof value === 'bigint') return value.toString(16);
  if (value instanceof Uint) return value.value.toString(16);
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value;
  if (bytes instanceof Uint8Array)
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  throw new FormatFault(
    `error during formatting: only integers, byte buffers, and strings can be formatted as hex, was given ${typeName(value)}`,
  );
}
