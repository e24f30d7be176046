/**
 * Cron schedules of five fields in the dialect of Kubernetes, and what is wrong with a text that is none. It is a dialect of
 * its own: `?` is a star, 7 is no weekday, `*\/2` in a day field no longer leaves the other one to decide, names stand in ranges,
 * and there is no L, W or #. `next-run.ts` says when a schedule fires.
 * Rules: https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax
 */
const macros: ReadonlyMap<string, string> = new Map([
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
  ['@monthly', '0 0 1 * *'],
  ['@weekly', '0 0 * * 0'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@hourly', '0 * * * *'],
]);

interface FieldBounds {
  readonly low: number;
  readonly high: number;
  /** Three-letter names of the values, beginning with the lowest. */
  readonly names: readonly string[];
}

const monthNames = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const dayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const bounds: readonly FieldBounds[] = [
  { low: 0, high: 59, names: [] },
  { low: 0, high: 23, names: [] },
  { low: 1, high: 31, names: [] },
  { low: 1, high: 12, names: monthNames },
  { low: 0, high: 6, names: dayNames },
];

/**
 * When a schedule fires. Of fields, each holds the values that match; a day
 * field that a star leaves open lets the other one decide; where neither is open, either of them does.
 */
export type CronTimes =
  | { readonly everySeconds: number }
  | {
      readonly minutes: ReadonlySet<number>;
      readonly hours: ReadonlySet<number>;
      readonly days: ReadonlySet<number>;
      readonly months: ReadonlySet<number>;
      readonly weekdays: ReadonlySet<number>;
      readonly isDayOpen: boolean;
      readonly isWeekdayOpen: boolean;
    };

export interface CronSchedule {
  readonly times: CronTimes;
  /** Of the text itself, `TZ=…`. */
  readonly zone: string | undefined;
}

/** Why a text is no schedule; undefined when it is one. */
export function scheduleFault(schedule: string): string | undefined {
  const parsed = parseSchedule(schedule);
  return typeof parsed === 'string' ? parsed : undefined;
}

/** A schedule, or what is wrong with its text. */
export function parseSchedule(schedule: string): CronSchedule | string {
  if (schedule === '') return 'empty spec string';
  const zoned = /^(?:CRON_)?TZ=([^ ]*) ?(.*)$/s.exec(schedule);
  if (!zoned) return parseTimes(schedule, undefined);
  const [, zone = '', rest = ''] = zoned;
  const why = zoneFault(zone);
  return why === undefined ? parseTimes(rest.trim(), zone) : `provided bad location ${zone}: ${why}`;
}

function parseTimes(given: string, zone: string | undefined): CronSchedule | string {
  let text = given;
  if (text.startsWith('@')) {
    const meaning = macros.get(text);
    if (meaning === undefined) return parseEvery(text, zone);
    text = meaning;
  }
  const fields = text.split(/\s+/).filter((field) => field !== '');
  if (fields.length !== bounds.length)
    return `expected exactly ${bounds.length} fields, found ${fields.length}: [${fields.join(' ')}]`;
  const parsed: CronField[] = [];
  for (const [index, field] of fields.entries()) {
    const one = parseField(field, bounds[index]!);
    if (typeof one === 'string') return one;
    parsed.push(one);
  }
  const [minutes, hours, days, months, weekdays] = parsed as [
    CronField,
    CronField,
    CronField,
    CronField,
    CronField,
  ];
  return {
    zone,
    times: {
      minutes: minutes.values,
      hours: hours.values,
      days: days.values,
      months: months.values,
      weekdays: weekdays.values,
      isDayOpen: days.isOpen,
      isWeekdayOpen: weekdays.isOpen,
    },
  };
}

const unitSeconds: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
};

function parseEvery(text: string, zone: string | undefined): CronSchedule | string {
  if (!text.startsWith('@every ')) return `unrecognized descriptor: ${text}`;
  const duration = text.slice('@every '.length);
  if (!/^[-+]?(\d+(\.\d*)?(ns|us|µs|ms|s|m|h))+$/.test(duration))
    return `failed to parse duration ${text}: time: invalid duration "${duration}"`;
  let seconds = 0;
  for (const [, amount, unit = ''] of duration.matchAll(/(\d+(?:\.\d*)?)(ns|us|µs|ms|s|m|h)/g))
    seconds += Number(amount) * (unitSeconds[unit] ?? 0);
  if (duration.startsWith('-')) seconds = 0;
  return { zone, times: { everySeconds: Math.max(1, Math.floor(seconds)) } };
}

interface CronField {
  readonly values: ReadonlySet<number>;
  /** Whether a star without steps is part of it. */
  readonly isOpen: boolean;
}

function parseField(field: string, { low, high, names }: FieldBounds): CronField | string {
  const values = new Set<number>();
  let isOpen = false;
  for (const part of field.split(',').filter((one) => one !== '')) {
    const [range = '', step, ...more] = part.split('/');
    const ends = range.split('-');
    const open = ends[0] === '*' || ends[0] === '?';
    let start = low;
    let end = high;
    let width = 1;
    if (!open) {
      const first = valueOf(ends[0] ?? '', names, low);
      if (typeof first === 'string') return first;
      start = first;
      end = start;
      if (ends.length === 2) {
        const last = valueOf(ends[1] ?? '', names, low);
        if (typeof last === 'string') return last;
        end = last;
      } else if (ends.length > 2) return `too many hyphens: ${part}`;
    }
    if (more.length > 0) return `too many slashes: ${part}`;
    if (step !== undefined) {
      const parsed = valueOf(step, [], 0);
      if (typeof parsed === 'string') return parsed;
      width = parsed;
      if (ends.length === 1 && !open) end = high;
      if (width === 0) return `step of range should be a positive number: ${part}`;
    }
    if (start < low) return `beginning of range (${start}) below minimum (${low}): ${part}`;
    if (end > high) return `end of range (${end}) above maximum (${high}): ${part}`;
    if (start > end) return `beginning of range (${start}) beyond end of range (${end}): ${part}`;
    if (open && width <= 1) isOpen = true;
    for (let value = start; value <= end; value += width) values.add(value);
  }
  return { values, isOpen };
}

/** A number, or what is wrong with it. */
function valueOf(text: string, names: readonly string[], low: number): number | string {
  const named = names.indexOf(text.toLowerCase());
  if (named >= 0) return named + low;
  if (!/^[-+]?\d+$/.test(text))
    return `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`;
  const number = Number(text);
  return number < 0 ? `negative number (${number}) not allowed: ${text}` : number;
}

const zonePart = /^[A-Za-z.\-_0-9+]{1,14}$/;

/** Why a text names no time zone; undefined when it does. */
export function zoneFault(name: string): string | undefined {
  if (name === '' || name === 'UTC' || name === 'Local') return undefined;
  if (name.includes('..') || name.startsWith('/') || name.startsWith('\\'))
    return 'time: invalid location name';
  try {
    return Intl.DateTimeFormat('en', { timeZone: name }) && undefined;
  } catch {
    return `unknown time zone ${name}`;
  }
}

/** Whether a text may name a time zone at all. */
export function mayBeZone(name: string): boolean {
  return name
    .split('/')
    .every((part) => part !== '.' && part !== '..' && !part.startsWith('-') && zonePart.test(part));
}
