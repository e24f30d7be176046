/**
 * Instants as an API server reads and keeps them: RFC 3339 in, UTC out, in whole seconds (`Time`) or with six digits
 * (`MicroTime`). Faults are told in the words of Go's parser, which names what it expected by its reference time.
 */
export type InstantForm = 'time' | 'micro-time';

/** `zero`: the first instant of year 1, which stands for none. */
export type ParsedInstant =
  | { readonly type: 'instant'; readonly text: string }
  | { readonly type: 'zero' }
  | { readonly type: 'fault'; readonly fault: string };

const layouts: Readonly<Record<InstantForm, string>> = {
  time: '2006-01-02T15:04:05Z07:00',
  'micro-time': '2006-01-02T15:04:05.000000Z07:00',
};

interface Element {
  readonly pattern: RegExp;
  /** As the reference time has it. */
  readonly shown: string;
  /** Range of a number, with the name that a fault gives it. */
  readonly range?: readonly [min: number, max: number, name: string];
}

const literal = (text: string): Element => ({ pattern: new RegExp(`^${text}`), shown: text });
const date: readonly Element[] = [
  { pattern: /^\d{4}/, shown: '2006' },
  literal('-'),
  { pattern: /^\d\d/, shown: '01', range: [1, 12, 'month'] },
  literal('-'),
  { pattern: /^\d\d/, shown: '02' },
  literal('T'),
  { pattern: /^\d\d?/, shown: '15', range: [0, 23, 'hour'] },
  literal(':'),
  { pattern: /^\d\d/, shown: '04', range: [0, 59, 'minute'] },
  literal(':'),
  { pattern: /^\d\d/, shown: '05', range: [0, 59, 'second'] },
];
const zone: Element = { pattern: /^(Z|[+-]\d\d:\d\d)/, shown: 'Z07:00' };
const fractions: Readonly<Record<InstantForm, Element>> = {
  time: { pattern: /^([.,]\d+)?/, shown: '' },
  'micro-time': { pattern: /^[.,]\d{6}/, shown: '.000000' },
};
const zeroText = '0001-01-01T00:00:00Z';

/** As this server writes instants, on days that every month has; nearly all that it reads are its own. */
const usual =
  /^(?!0001)\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{6})?Z$/;
const usualLength: Readonly<Record<InstantForm, number>> = { time: 20, 'micro-time': 27 };

export function parseInstant(text: string, form: InstantForm): ParsedInstant {
  if (text.length === usualLength[form] && usual.test(text)) return { type: 'instant', text };
  const shown = JSON.stringify(text);
  const fault = (why: string): ParsedInstant => ({ type: 'fault', fault: `parsing time ${shown}${why}` });
  let rest = text;
  const parts: string[] = [];
  for (const { pattern, shown: wanted, range } of [...date, fractions[form], zone]) {
    const part = pattern.exec(rest)?.[0];
    if (part === undefined)
      return fault(` as "${layouts[form]}": cannot parse ${JSON.stringify(rest)} as "${wanted}"`);
    if (range && (Number(part) < range[0] || Number(part) > range[1]))
      return fault(`: ${range[2]} out of range`);
    parts.push(part);
    rest = rest.slice(part.length);
  }
  const offset = parts.at(-1)!;
  const [offsetHours, offsetMinutes] =
    offset === 'Z' ? [0, 0] : [Number(offset.slice(1, 3)), Number(offset.slice(4))];
  if (offsetMinutes > 60) return fault(': time zone offset minute out of range');
  if (offsetHours > 24) return fault(': time zone offset hour out of range');
  if (rest !== '') return fault(`: extra text: ${JSON.stringify(rest)}`);
  const [year, , month, , day, , hour, ...clock] = parts;
  if (Number(day) < 1 || Number(day) > daysOf(Number(year), Number(month)))
    return fault(': day out of range');
  const local = Date.parse(`${year}-${month}-${day}T${hour!.padStart(2, '0')}${clock.slice(0, 4).join('')}Z`);
  const sign = offset.startsWith('-') ? 1 : -1;
  const utc = new Date(local + sign * (offsetHours * 60 + offsetMinutes) * 60_000).toISOString();
  // Upstream stores years before 0 and after 9999, and can't read them again.
  if (!/^\d{4}-/.test(utc)) return fault(': year out of range');
  const seconds = utc.slice(0, 19);
  const fraction = parts.at(-2)!.slice(1, 7);
  if (`${seconds}Z` === zeroText && !/[1-9]/.test(fraction)) return { type: 'zero' };
  return { type: 'instant', text: form === 'time' ? `${seconds}Z` : `${seconds}.${fraction}Z` };
}

function daysOf(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** Milliseconds since the epoch as metadata and conditions have times: RFC 3339, UTC, whole seconds. */
export function timeText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
