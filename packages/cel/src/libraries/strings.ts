/**
 * Functions of texts: those of the language, and the string extension in the version that Kubernetes offers. Positions and
 * lengths count characters (code points).
 * Documentation: https://pkg.go.dev/github.com/google/cel-go/ext#Strings
 */
import { fn, type Library, method } from '#check/declarations.ts';
import { formatText } from '#libraries/format-text.ts';
import { findPattern } from '#libraries/pattern.ts';
import { ArrayList } from '#values/collections.ts';
import { codePointLength } from '#values/describe.ts';
import { exhausted } from '#values/equality.ts';
import { Fault, type List, type Outcome, type Value } from '#values/value.ts';
import { boolType, dynType, intType, listOf, stringType, type Type } from '#types/type.ts';

const strings = listOf(stringType);

function test(name: string, id: string, holds: (text: string, part: string) => boolean): Library {
  return [
    method(name, id, [stringType, stringType], boolType, ([text, part]) =>
      holds(text as string, part as string),
    ),
  ];
}

/** Steps that one match may take at the worst: characters times instructions of the pattern. */
const matchEffortMax = 100_000_000;

function matches([text, pattern]: readonly Value[]): Outcome {
  const found = findPattern(pattern as string);
  if (found instanceof Fault) return found;
  if ((text as string).length * found.re2().prog.numInst() > matchEffortMax) return exhausted;
  return found.test(text as string);
}

/** `text` once with each further argument that the longest form takes. */
function forms(
  name: string,
  ids: readonly [string, readonly Type[]][],
  result: Type,
  apply: (text: string, ...rest: readonly Value[]) => Outcome,
): Library {
  return ids.map(([id, args]) =>
    method(name, id, [stringType, ...args], result, ([text, ...rest]) => apply(text as string, ...rest)),
  );
}

const outOfRange = (index: bigint): Fault => new Fault(`index out of range: ${index}`);

function charAt(text: string, index: Value | undefined): Outcome {
  const at = index as bigint;
  const characters = Array.from(text);
  if (at < 0n || at > BigInt(characters.length)) return outOfRange(at);
  return characters[Number(at)] ?? '';
}

/** Of a place given in code units. */
function positionOf(text: string, unit: number): bigint {
  return unit < 0 ? -1n : BigInt(codePointLength(text.slice(0, unit)));
}

/** Code units before a character. */
function unitOf(text: string, position: number): number {
  let unit = 0;
  for (let count = 0; count < position && unit < text.length; count++)
    unit += (text.codePointAt(unit) ?? 0) > 0xff_ff ? 2 : 1;
  return unit;
}

function indexOf(text: string, part: Value | undefined, offset: Value = 0n): Outcome {
  const from = offset as bigint;
  if (part === '') return from;
  if (from < 0n) return outOfRange(from);
  if (from >= BigInt(text.length)) return -1n;
  return positionOf(text, text.indexOf(part as string, unitOf(text, Number(from))));
}

function lastIndexOf(text: string, part: Value | undefined, offset?: Value): Outcome {
  const length = BigInt(codePointLength(text));
  if (part === '') return offset ?? length;
  const from = (offset as bigint | undefined) ?? length - 1n;
  if (offset !== undefined && from < 0n) return outOfRange(from);
  if (from >= length || from < 0n) return -1n;
  return positionOf(text, text.lastIndexOf(part as string, unitOf(text, Number(from))));
}

/** No function makes a longer text of shorter ones. */
const textLengthMax = 10_000_000;

/** As Go's strings.Replace: an empty `old` matches before every character and at the end. */
function replace(text: string, old: Value | undefined, by: Value | undefined, limit: Value = -1n): Outcome {
  const count = Number(limit as bigint);
  const pieces = count < 0 ? text.split(old as string) : splitAtMost(text, old as string, count + 1);
  if (old !== '')
    return pieces.length * (by as string).length > textLengthMax ? exhausted : pieces.join(by as string);
  const characters = Array.from(text);
  const gaps = count < 0 ? characters.length + 1 : Math.min(count, characters.length + 1);
  if (gaps * (by as string).length > textLengthMax) return exhausted;
  return characters
    .concat('')
    .map((character, index) => (index < gaps ? (by as string) : '') + character)
    .join('');
}

function splitAtMost(text: string, separator: string, count: number): string[] {
  const pieces = separator === '' ? Array.from(text) : text.split(separator);
  if (pieces.length <= count || count < 0) return pieces;
  return [...pieces.slice(0, count - 1), pieces.slice(count - 1).join(separator)];
}

function split(text: string, separator: Value | undefined, limit: Value = -1n): Outcome {
  const count = Number(limit as bigint);
  if (count === 0) return ArrayList.empty;
  return new ArrayList(splitAtMost(text, separator as string, count));
}

function substring(text: string, start: Value | undefined, end?: Value): Outcome {
  const characters = Array.from(text);
  const length = BigInt(characters.length);
  const first = start as bigint;
  const last = (end as bigint | undefined) ?? length;
  if (end !== undefined && first > last)
    return new Fault(`invalid substring range. start: ${first}, end: ${last}`);
  if (first < 0n || first > length) return outOfRange(first);
  if (last < 0n || last > length) return outOfRange(last);
  return characters.slice(Number(first), Number(last)).join('');
}

/** Without the spaces, as Unicode counts them, at both ends. */
function trimmed(text: string): string {
  const space = /[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;
  let start = 0;
  let end = text.length;
  while (start < end && space.test(text[start]!)) start++;
  while (end > start && space.test(text[end - 1]!)) end--;
  return text.slice(start, end);
}

function join([list, separator = '']: readonly Value[]): Outcome {
  const parts: string[] = [];
  const items = list as List;
  let length = 0;
  for (let index = 0; index < items.length; index++) {
    const item = items.at(index);
    if (item instanceof Fault) return item;
    if (typeof item !== 'string') return new Fault('join: invalid input');
    length += item.length + (separator as string).length + 1;
    if (length > textLengthMax) return exhausted;
    parts.push(item);
  }
  return parts.join(separator as string);
}

const quoted: Readonly<Record<string, string>> = {
  '\u0007': String.raw`\a`,
  '\b': String.raw`\b`,
  '\f': String.raw`\f`,
  '\n': String.raw`\n`,
  '\r': String.raw`\r`,
  '\t': String.raw`\t`,
  '\v': String.raw`\v`,
  '\\': '\\\\',
  '"': String.raw`\"`,
};

const escaped = new RegExp(`[${Object.keys(quoted).join('').replace('\\', '\\\\')}]`, 'g');

function quote(text: string): string {
  return `"${text.toWellFormed().replace(escaped, (character) => quoted[character] ?? character)}"`;
}

/** Of the language itself. */
export const textLibrary: Library = [
  ...test('contains', 'contains_string', (text, part) => text.includes(part)),
  ...test('endsWith', 'ends_with_string', (text, part) => text.endsWith(part)),
  ...test('startsWith', 'starts_with_string', (text, part) => text.startsWith(part)),
  fn('matches', 'matches', [stringType, stringType], boolType, matches),
  method('matches', 'matches_string', [stringType, stringType], boolType, matches),
];

/** The extension, version 2. */
export const stringLibrary: Library = [
  ...forms('charAt', [['string_char_at_int', [intType]]], stringType, charAt),
  ...forms(
    'indexOf',
    [
      ['string_index_of_string', [stringType]],
      ['string_index_of_string_int', [stringType, intType]],
    ],
    intType,
    indexOf,
  ),
  ...forms(
    'lastIndexOf',
    [
      ['string_last_index_of_string', [stringType]],
      ['string_last_index_of_string_int', [stringType, intType]],
    ],
    intType,
    lastIndexOf,
  ),
  ...forms('lowerAscii', [['string_lower_ascii', []]], stringType, (text) =>
    text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()),
  ),
  ...forms('upperAscii', [['string_upper_ascii', []]], stringType, (text) =>
    text.replace(/[a-z]+/g, (letters) => letters.toUpperCase()),
  ),
  ...forms(
    'replace',
    [
      ['string_replace_string_string', [stringType, stringType]],
      ['string_replace_string_string_int', [stringType, stringType, intType]],
    ],
    stringType,
    replace,
  ),
  ...forms(
    'split',
    [
      ['string_split_string', [stringType]],
      ['string_split_string_int', [stringType, intType]],
    ],
    strings,
    split,
  ),
  ...forms(
    'substring',
    [
      ['string_substring_int', [intType]],
      ['string_substring_int_int', [intType, intType]],
    ],
    stringType,
    substring,
  ),
  ...forms('trim', [['string_trim', []]], stringType, trimmed),
  method('join', 'list_join', [strings], stringType, join),
  method('join', 'list_join_string', [strings, stringType], stringType, join),
  method('format', 'string_format', [stringType, listOf(dynType)], stringType, ([text, args]) =>
    formatText(text as string, args as List),
  ),
  fn('strings.quote', 'strings_quote', [stringType], stringType, ([text]) => quote(text as string)),
];
