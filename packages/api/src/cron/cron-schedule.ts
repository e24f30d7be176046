/** Cron schedules of five fields, and what is wrong with a text that is none. */
const macros = new Set(['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly']);

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

/** Why a text is no schedule; undefined when it is one. */
export function scheduleFault(schedule: string): string | undefined {
  if (schedule === '') return 'empty spec string';
  let text = schedule;
  const zoned = /^(?:CRON_)?TZ=([^ ]*) ?(.*)$/s.exec(schedule);
  if (zoned) {
    const [, zone = '', rest = ''] = zoned;
    const why = zoneFault(zone);
    if (why !== undefined) return `provided bad location ${zone}: ${why}`;
    text = rest.trim();
  }
  if (text.startsWith('@')) return macroFault(text);
  const fields = text.split(/\s+/).filter((field) => field !== '');
  if (fields.length !== bounds.length)
    return `expected exactly ${bounds.length} fields, found ${fields.length}: [${fields.join(' ')}]`;
  for (const [index, field] of fields.entries()) {
    const why = fieldFault(field, bounds[index]!);
    if (why !== undefined) return why;
  }
  return undefined;
}

function macroFault(text: string): string | undefined {
  if (macros.has(text)) return undefined;
  if (!text.startsWith('@every ')) return `unrecognized descriptor: ${text}`;
  const duration = text.slice('@every '.length);
  return /^[-+]?(\d+(\.\d*)?(ns|us|µs|ms|s|m|h))+$/.test(duration)
    ? undefined
    : `failed to parse duration ${text}: time: invalid duration "${duration}"`;
}

function fieldFault(field: string, { low, high, names }: FieldBounds): string | undefined {
  for (const part of field.split(',').filter((one) => one !== '')) {
    const [range = '', step, ...more] = part.split('/');
    const ends = range.split('-');
    const open = ends[0] === '*' || ends[0] === '?';
    let start = low;
    let end = high;
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
      const width = valueOf(step, [], 0);
      if (typeof width === 'string') return width;
      if (ends.length === 1 && !open) end = high;
      if (width === 0) return `step of range should be a positive number: ${part}`;
    }
    if (start < low) return `beginning of range (${start}) below minimum (${low}): ${part}`;
    if (end > high) return `end of range (${end}) above maximum (${high}): ${part}`;
    if (start > end) return `beginning of range (${start}) beyond end of range (${end}): ${part}`;
  }
  return undefined;
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
