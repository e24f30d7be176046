/**
 * Values that strangers send, and what they make of an object: a mutation puts one of them somewhere into a document that
 * was in order. Documents are serialized here and not by `JSON.stringify`, which can write neither a number like 1e400 nor
 * a key twice.
 */
import * as fc from 'fast-check';

/** Text that goes into the JSON as it stands. */
export class Raw {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toJSON(): string {
    return `raw ${this.text.slice(0, 60)}`;
  }
}

const nested = (levels: number, open: string, close: string) =>
  new Raw(`${open.repeat(levels)}${close.repeat(levels)}`);

export const hostileNames = [
  '',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '$patch',
  '$ref',
  '.',
  '..',
  'a/b',
  'a.b',
  '~1',
  '\u0000',
  '\ud800',
  'İ',
  'é',
  '💥',
  'x'.repeat(300),
];

export const hostileTexts = [
  ...hostileNames,
  ' ',
  '\n',
  '\u0000\u0001\u001f',
  '\udc00\ud800',
  '\u2028\u2029',
  '\ufeff',
  '\u202etxt',
  '-',
  '0',
  '-1',
  '1e400',
  '1e-400',
  'NaN',
  'null',
  'true',
  '99999999999999999999999999',
  '0x10',
  '1Ei',
  '1e1000000000',
  '0.0000000000000000001',
  '9223372036854775807Ei',
  '10.0.0.1',
  '256.1.1.1',
  '::1',
  '10.0.0.0/33',
  '9999-12-31T23:59:59Z',
  '0000-01-01T00:00:00Z',
  '2024-02-30T00:00:00Z',
  '2024-01-01T24:00:00+99:99',
  '2024-01-01T00:00:00.123456789123Z',
  'AA==',
  'A===',
  '====',
  '(a+)+$',
  '$(FOO)',
  '$(((((((((',
  '../../../../etc/passwd',
  '%00%2f',
  '{"a":1}',
  '<script>',
  '*/1 * * * *',
  '99 99 99 99 99',
  '@every 1ns',
  'TZ=Nowhere * * * * *',
  'x'.repeat(70_000),
  'a,'.repeat(5000),
];

export const hostileScalars: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  2 ** 31,
  -(2 ** 31) - 1,
  3_000_000_000,
  2 ** 53,
  new Raw('-0'),
  new Raw('1e400'),
  new Raw('-1e400'),
  new Raw('1e100'),
  new Raw('1E+2'),
  new Raw('1.0'),
  new Raw('9223372036854775807'),
  new Raw('9223372036854775808'),
  new Raw('-9223372036854775809'),
  new Raw('123456789012345678901234567890'),
  new Raw('0.1e-7'),
  new Raw('"\\ud800"'),
  new Raw('"\\u0000"'),
  ...hostileTexts,
];

const hostileTrees: readonly unknown[] = [
  {},
  [],
  [null],
  [{}],
  [[]],
  { '': null },
  [1, 'a', null, {}],
  new Raw('{"__proto__":{"polluted":1}}'),
  new Raw('{"constructor":{"prototype":{"polluted":1}}}'),
  new Raw('{"a":1,"a":2}'),
  nested(90, '[', ']'),
  new Raw(`${'{"a":'.repeat(110)}1${'}'.repeat(110)}`),
  new Raw(`${'{"a":'.repeat(199)}1${'}'.repeat(199)}`),
  nested(5000, '[', ']'),
  Array.from({ length: 2000 }, () => 'x'),
  Array.from({ length: 500 }, () => ({ name: 'x' })),
  Object.fromEntries(Array.from({ length: 2000 }, (_, index) => [`k${index}`, 'v'])),
];

export type Change = 'replace' | 'remove' | 'add' | 'double' | 'wrap' | 'repeat';

/** A change of a document: at the `place`-th of its places, counted around. */
export interface Mutation {
  readonly change: Change;
  readonly place: number;
  readonly name: string;
  readonly value: unknown;
}

export const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...hostileScalars) },
  { weight: 3, arbitrary: fc.constantFrom(...hostileTrees) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 4 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  { weight: 1, arbitrary: fc.double() },
);

export const mutation: fc.Arbitrary<Mutation> = fc.record({
  change: fc.constantFrom<Change>(
    'replace',
    'replace',
    'replace',
    'remove',
    'add',
    'add',
    'double',
    'wrap',
    'repeat',
  ),
  place: fc.nat({ max: 400 }),
  name: fc.constantFrom(
    ...hostileNames,
    'name',
    'metadata',
    'spec',
    'status',
    'managedFields',
    'annotations',
    'labels',
  ),
  value: hostileValue,
});

type Container = Record<string, unknown> | unknown[];
type Place = { readonly holder: Container; readonly key: string | number };

export function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null && !(value instanceof Raw);
}

function placesOf(document: unknown): Place[] {
  const places: Place[] = [];
  const walk = (holder: Container) => {
    for (const key of Array.isArray(holder) ? holder.keys() : Object.keys(holder)) {
      places.push({ holder, key });
      const value = (holder as Record<string | number, unknown>)[key];
      if (isContainer(value)) walk(value);
    }
  };
  if (isContainer(document)) walk(document);
  return places;
}

function define(holder: Container, key: string | number, value: unknown): void {
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}

/** The same value in containers of its own. */
export function copied(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copied);
  if (!isContainer(value)) return value;
  const copy = {};
  for (const [key, item] of Object.entries(value)) define(copy, key, copied(item));
  return copy;
}

/** The document with all mutations, one after the other. */
export function mutated(document: unknown, mutations: readonly Mutation[]): unknown {
  const changed = copied(document);
  for (const { change, place, name, value: given } of mutations) {
    const value = copied(given);
    const places = placesOf(changed);
    const at = places[place % Math.max(1, places.length)];
    if (!at) break;
    const { holder, key } = at;
    const held = (holder as Record<string | number, unknown>)[key];
    if (change === 'replace') define(holder, key, value);
    else if (change === 'wrap') define(holder, key, [held]);
    else if (change === 'repeat' && Array.isArray(held)) define(holder, key, [...held, ...held]);
    else if (change === 'remove') {
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else delete holder[key];
    } else if (change === 'double' && !Array.isArray(holder)) {
      define(holder, `${doubled}${key}`, value);
    } else if (isContainer(held)) {
      if (Array.isArray(held)) held.push(value);
      else define(held, name, value);
    }
  }
  return changed;
}

/** Marks a key that is written without the mark, so that the text has it twice. */
const doubled = '\u0001twice:';

export function jsonText(value: unknown): string {
  if (value instanceof Raw) return value.text;
  if (Array.isArray(value)) return `[${value.map(jsonText).join(',')}]`;
  if (isContainer(value)) {
    const fields = Object.entries(value).map(
      ([key, item]) =>
        `${JSON.stringify(key.startsWith(doubled) ? key.slice(doubled.length) : key)}:${jsonText(item)}`,
    );
    return `{${fields.join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}
