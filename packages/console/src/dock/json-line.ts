/** Lines that are JSON objects, as most programs write their logs now, in the order in which people read them. */

/** A longer one isn't taken apart. */
const lengthMax = 32 << 10;
const times = ['time', 'ts', 'timestamp', '@timestamp'];
const levels = ['level', 'severity', 'lvl'];
const messages = ['msg', 'message'];

/** `time LEVEL message  key=value …`; nothing for a line that is none. A time that the log itself put first stays where it is. */
export function jsonLine(line: string): string | undefined {
  const start = line.indexOf('{');
  if (start < 0 || line.length > lengthMax) return undefined;
  const before = line.slice(0, start);
  if (!/^(?:\S+ )?$/.test(before)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(line.slice(start));
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const fields = new Map(Object.entries(value));
  const take = (names: readonly string[]): string => {
    const name = names.find((one) => fields.has(one));
    if (name === undefined) return '';
    const text = textOf(fields.get(name));
    fields.delete(name);
    return text;
  };
  const head = [take(times), take(levels).toUpperCase(), take(messages)].filter((text) => text !== '');
  const rest = [...fields].map(([key, one]) => `${key}=${quoted(textOf(one))}`);
  return before + [head.join(' '), rest.join(' ')].filter((text) => text !== '').join('  ');
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Without the line breaks that a stack trace brings. */
function quoted(text: string): string {
  return /[\s"=]/.test(text) && !/^[[{]/.test(text) ? JSON.stringify(text) : text;
}
