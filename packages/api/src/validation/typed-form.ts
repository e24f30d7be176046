/**
 * Objects as a stock server holds them in memory: every field there is, under its Go name, absent ones with their zero
 * value. Faults print whole values in this form, and differences between two of them; nothing else uses it.
 *
 * `typed-fields.json` lists the fields of each type in order, as `GoName:jsonName:code`. Codes: `s` text, `n` number,
 * `b` boolean, `q` quantity, `p` anything that may be null, `m` map, `o` object as it is, `=T` value of type T, `*T`
 * the same or null, `[T` list, `{T` map of them. `^name` is found in the object around; `.name` is spread out as it is.
 */
import { isFilledIn } from '#required-fields.ts';
import typedFields from '#validation/typed-fields.json' with { type: 'json' };

type Json = Readonly<Record<string, unknown>>;

interface Field {
  readonly name: string;
  readonly omitEmpty: boolean;
  readonly from: string;
  readonly outer: boolean;
  readonly code: string;
}

export type TypeName = keyof typeof typedFields;

const fieldsByType = new Map<string, readonly Field[]>();

function fieldsOf(type: string): readonly Field[] {
  let fields = fieldsByType.get(type);
  if (!fields) {
    const text = (typedFields as Readonly<Record<string, string>>)[type] ?? '';
    fields = text.split(' ').map((part) => {
      if (part.startsWith('.'))
        return { name: '', omitEmpty: false, from: part.slice(1), outer: false, code: '.' };
      const [name = '', from = '', code = 'p'] = part.split(':');
      const outer = from.startsWith('^');
      return {
        name: name.replace(/\?$/, ''),
        omitEmpty: name.endsWith('?'),
        from: outer ? from.slice(1) : from,
        outer,
        code,
      };
    });
    fieldsByType.set(type, fields);
  }
  return fields;
}

/** A plain object in the typed form of `type`; null for none. */
export function typedForm(type: TypeName, value: object | undefined): unknown {
  return value === undefined ? null : formOf(type, value as Json, {});
}

function formOf(type: string, value: Json, around: Json): Json {
  const out: Record<string, unknown> = {};
  for (const { name, omitEmpty, from, outer, code } of fieldsOf(type)) {
    if (code === '.') Object.assign(out, told(value[from]));
    else {
      const own = outer ? around[from] : value[from];
      if (omitEmpty && (own === undefined || own === null)) continue;
      out[name] = valueOf(code, own, value);
    }
  }
  return out;
}

function valueOf(code: string, value: unknown, around: Json): unknown {
  const absent = value === undefined || value === null || (Array.isArray(value) && isFilledIn(value));
  const inner = code.slice(1);
  switch (code[0]) {
    case 's':
      return absent ? '' : value;
    case 'n':
      return absent ? 0 : value;
    case 'b':
      return absent ? false : value;
    case 'q':
      return absent ? '0' : value;
    case 'o':
      return absent ? {} : told(value);
    case 'm':
      return absent ? null : sorted(value as Json);
    case '=':
      return formOf(inner, (value ?? {}) as Json, around);
    case '*':
      return absent ? null : formOf(inner, value as Json, around);
    case '[':
      return absent ? null : (value as Json[]).map((item) => formOf(inner, item, around));
    case '{':
      return absent
        ? null
        : Object.fromEntries(
            Object.entries(sorted(value as Json)).map(([key, item]) => [
              key,
              formOf(inner, item as Json, around),
            ]),
          );
    default:
      return absent ? null : withSortedMaps(value);
  }
}

/** Of what has names of JSON, what is empty is left out. */
function told(value: unknown): unknown {
  const entries = Object.entries(withSortedMaps(value ?? {}) as Json);
  return Object.fromEntries(
    entries.filter(([, held]) => typeof held !== 'object' || held === null || Object.keys(held).length > 0),
  );
}

function sorted(map: Json): Json {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

/** Of what is told as it is, maps of texts alone have no order of their own. */
function withSortedMaps(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withSortedMaps);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  return entries.every(([, item]) => typeof item === 'string')
    ? sorted(value as Json)
    : Object.fromEntries(entries.map(([key, item]) => [key, withSortedMaps(item)]));
}
