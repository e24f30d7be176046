/** Points in time and lengths of it, in nanoseconds. Years 1 to 9999, as RFC 3339 can say. */
import { unreachable } from '@skerry/base';

export class Timestamp {
  /** Since 1970-01-01T00:00:00Z. */
  readonly nanoseconds: bigint;

  constructor(nanoseconds: bigint) {
    this.nanoseconds = nanoseconds;
  }
}

export class Duration {
  readonly nanoseconds: bigint;

  constructor(nanoseconds: bigint) {
    this.nanoseconds = nanoseconds;
  }
}

const second = 1_000_000_000n;
const millisecond = 1_000_000n;
const secondsMin = -62_135_596_800n;
const secondsMax = 253_402_300_799n;
const int64Limit = 2n ** 63n;

/** Undefined outside the years 1 to 9999. */
export function timestampOf(nanoseconds: bigint): Timestamp | undefined {
  const seconds = floorDivide(nanoseconds, second);
  return seconds >= secondsMin && seconds <= secondsMax ? new Timestamp(nanoseconds) : undefined;
}

/** Undefined beyond 64 bits of nanoseconds, some 292 years. */
export function durationOf(nanoseconds: bigint): Duration | undefined {
  return nanoseconds >= -int64Limit && nanoseconds < int64Limit ? new Duration(nanoseconds) : undefined;
}

export function floorDivide(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  return value % divisor < 0n ? quotient - 1n : quotient;
}

const dateTime = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:([Zz])|([+-])(\d\d):(\d\d))$/;

/** RFC 3339; undefined for anything else, and for days and hours that do not exist. */
export function parseTimestamp(text: string): Timestamp | undefined {
  const match = dateTime.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, sec, fraction = '', , sign, offsetHour, offsetMinute] = match;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(sec) > 59) return undefined;
  if (Number(offsetHour ?? 0) > 24 || Number(offsetMinute ?? 0) > 59) return undefined;
  const midnight = midnightOf(Number(year), Number(month), Number(day));
  if (midnight === undefined) return undefined;
  const clock = BigInt(Number(hour) * 3600 + Number(minute) * 60 + Number(sec));
  const offset = BigInt(Number(offsetHour ?? 0) * 3600 + Number(offsetMinute ?? 0) * 60);
  const seconds = midnight + clock - (sign === '-' ? -offset : offset);
  return timestampOf(seconds * second + BigInt(fraction.slice(0, 9).padEnd(9, '0')));
}

/** `2024-02-29`. */
export function parseDate(text: string): Timestamp | undefined {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (!match) return undefined;
  const midnight = midnightOf(Number(match[1]), Number(match[2]), Number(match[3]));
  return midnight === undefined ? undefined : timestampOf(midnight * second);
}

/** Seconds since 1970; undefined for a day that does not exist. */
function midnightOf(year: number, month: number, day: number): bigint | undefined {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  return BigInt(date.getTime()) / 1000n;
}

const units: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ms: millisecond,
  s: second,
  m: 60n * second,
  h: 3600n * second,
};
const durationPart = /(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/y;

/** `1h30m`, `1.5s`, `-2ms`; undefined for anything else. */
export function parseDuration(text: string): Duration | undefined {
  const negative = text.startsWith('-');
  const body = /^[+-]/.test(text) ? text.slice(1) : text;
  if (body === '0') return new Duration(0n);
  if (body === '' || body.length > 200) return undefined;
  let total = 0n;
  durationPart.lastIndex = 0;
  while (durationPart.lastIndex < body.length) {
    const match = durationPart.exec(body);
    if (!match) return undefined;
    const [, whole = '', fraction = '', unit = ''] = match;
    if (whole === '' && fraction === '') return undefined;
    const scale = units[unit] ?? 1n;
    total += BigInt(whole || '0') * scale;
    if (fraction !== '') total += (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length);
  }
  return durationOf(negative ? -total : total);
}

/** `2023-01-02T03:04:05.006Z`, without trailing zeros of the fraction. */
export function formatTimestamp({ nanoseconds }: Timestamp): string {
  const seconds = floorDivide(nanoseconds, second);
  const fraction = nanoseconds - seconds * second;
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  return `${whole}${fractionText(fraction)}Z`;
}

function fractionText(nanoseconds: bigint): string {
  if (nanoseconds === 0n) return '';
  return `.${nanoseconds.toString().padStart(9, '0').replace(/0+$/, '')}`;
}

/** In seconds: `5400s`, `1.5s`. */
export function formatDuration({ nanoseconds }: Duration): string {
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  const text = `${size / second}${fractionText(size % second)}s`;
  return nanoseconds < 0n ? `-${text}` : text;
}

export type CalendarField =
  | 'fullYear'
  | 'month'
  | 'dayOfYear'
  | 'dayOfMonth'
  | 'date'
  | 'dayOfWeek'
  | 'hours'
  | 'minutes'
  | 'seconds'
  | 'milliseconds';

/** A part of a time as clocks of the zone show it; undefined for a zone that does not exist. */
export function calendarField(
  { nanoseconds }: Timestamp,
  field: CalendarField,
  zone: string,
): number | undefined {
  const epochMs = Number(floorDivide(nanoseconds, millisecond));
  const offset = zoneOffsetMs(epochMs, zone);
  if (offset === undefined) return undefined;
  const local = new Date(epochMs + offset);
  switch (field) {
    case 'fullYear':
      return local.getUTCFullYear();
    case 'month':
      return local.getUTCMonth();
    case 'dayOfYear': {
      const start = new Date(0);
      start.setUTCFullYear(local.getUTCFullYear(), 0, 1);
      return Math.floor((local.getTime() - start.getTime()) / 86_400_000);
    }
    case 'dayOfMonth':
      return local.getUTCDate() - 1;
    case 'date':
      return local.getUTCDate();
    case 'dayOfWeek':
      return local.getUTCDay();
    case 'hours':
      return local.getUTCHours();
    case 'minutes':
      return local.getUTCMinutes();
    case 'seconds':
      return local.getUTCSeconds();
    case 'milliseconds':
      return local.getUTCMilliseconds();
    default:
      return unreachable(field);
  }
}

/** `UTC`, `Europe/Berlin`, `+02:00`, `-08:30`, `02:00`. */
function zoneOffsetMs(epochMs: number, zone: string): number | undefined {
  const fixed = /^([+-])?(\d{1,2}):(\d\d)$/.exec(zone);
  if (fixed) {
    const minutes = Number(fixed[2]) * 60 + Number(fixed[3]);
    return (fixed[1] === '-' ? -minutes : minutes) * 60_000;
  }
  if (zone === 'UTC' || zone === '') return 0;
  if (!/^[A-Za-z][A-Za-z0-9_+\-/]{0,63}$/.test(zone)) return undefined;
  const parts = zoneFormat(zone)?.formatToParts(new Date(epochMs));
  if (!parts) return undefined;
  const part = (type: Intl.DateTimeFormatPartTypes): number =>
    Number(parts.find((entry) => entry.type === type)?.value ?? 0);
  const year = parts.some(({ type, value }) => type === 'era' && value.startsWith('B'))
    ? 1 - part('year')
    : part('year');
  const local = new Date(0);
  local.setUTCFullYear(year, part('month') - 1, part('day'));
  local.setUTCHours(part('hour') % 24, part('minute'), part('second'));
  return local.getTime() - Math.floor(epochMs / 1000) * 1000;
}

const formats = new Map<string, Intl.DateTimeFormat | undefined>();
const formatsMax = 100;

function zoneFormat(zone: string): Intl.DateTimeFormat | undefined {
  if (!formats.has(zone)) {
    if (formats.size >= formatsMax) formats.clear();
    formats.set(zone, makeFormat(zone));
  }
  return formats.get(zone);
}

function makeFormat(timeZone: string): Intl.DateTimeFormat | undefined {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    return undefined;
  }
}
