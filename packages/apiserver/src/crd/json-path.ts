/**
 * JSONPath as kubectl and printer columns have it: `.a.b`, `['a']`, `[0]`, `[1:3]`, `[0,2]`, `[*]`, `..`, and filters
 * `[?(@.type=="Ready")]`. Dots in names are escaped (`.a\.b`), in brackets too: `['a.b']` is b within a.
 * Documentation: https://kubernetes.io/docs/reference/kubectl/jsonpath/
 */

export type Step =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'wildcard' }
  /** What is at hand and all that it holds. */
  | { readonly kind: 'recursive' }
  | { readonly kind: 'slice'; readonly slice: Slice }
  | { readonly kind: 'union'; readonly members: readonly JsonPath[] }
  | { readonly kind: 'filter'; readonly filter: Filter }
  | { readonly kind: 'literal'; readonly value: string | number | boolean }
  /** Words that mean something in templates only. */
  | { readonly kind: 'word' };

export type JsonPath = readonly Step[];

export interface Slice {
  readonly start: number | undefined;
  readonly end: number | undefined;
  /** Whether it is one element, whose index `start` is. */
  readonly single: boolean;
  readonly step: number | undefined;
}

export interface Filter {
  readonly left: JsonPath;
  /** None for `[?(@.a)]`: whether it is there. */
  readonly comparison: { readonly operator: string; readonly right: JsonPath } | undefined;
}

/** Unions and filters hold paths, and those may hold more. */
const depthMax = 16;
const fieldEnd = /[\s.,[\]$@{}]/;

/** Undefined for what is no path. */
export function parseJsonPath(text: string, depth = 0): JsonPath | undefined {
  if (depth > depthMax) return undefined;
  const steps: Step[] = [];
  let at = 0;
  while (at < text.length && text[at] !== '}') {
    const read = readStep(text, at, steps.at(-1), depth);
    if (!read) return undefined;
    steps.push(...read.steps);
    at = read.end;
  }
  return steps;
}

interface Read {
  readonly steps: readonly Step[];
  readonly end: number;
}

function readStep(text: string, at: number, before: Step | undefined, depth: number): Read | undefined {
  if (text.startsWith('[?(', at)) return readFilter(text, at, depth);
  if (text.startsWith('..', at)) {
    if (before?.kind === 'recursive') return undefined;
    const steps: Step[] = [{ kind: 'recursive' }];
    if (!/[\p{L}\p{Nd}_]/u.test(text[at + 2] ?? '')) return { steps, end: at + 2 };
    const field = readField(text, at + 2);
    return { steps: [...steps, ...field.steps], end: field.end };
  }
  const character = text[at]!;
  // The object at hand: what every path begins at.
  if (character === ' ' || character === '@' || character === '$') return { steps: [], end: at + 1 };
  if (character === '[') return readBracket(text, at, depth);
  if (character === '"' || character === "'") return readQuoted(text, at);
  if (character === '.') return readField(text, at + 1);
  if (/[-+\d]/.test(character)) return readNumber(text, at);
  return /[\p{L}_]/u.test(character) ? readWord(text, at) : undefined;
}

function readField(text: string, start: number): Read {
  let end = start;
  while (end < text.length && !fieldEnd.test(text[end]!)) end += text[end] === '\\' ? 2 : 1;
  end = Math.min(end, text.length);
  const name = text.slice(start, end);
  const step: Step = name === '*' ? { kind: 'wildcard' } : { kind: 'field', name: name.replaceAll('\\', '') };
  return { steps: [step], end };
}

function readWord(text: string, start: number): Read {
  let end = start;
  while (end < text.length && !fieldEnd.test(text[end]!)) end++;
  const word = text.slice(start, end);
  const isBoolean = word === 'true' || word === 'false';
  return { steps: [isBoolean ? { kind: 'literal', value: word === 'true' } : { kind: 'word' }], end };
}

function readNumber(text: string, start: number): Read | undefined {
  const [number] = /^[-+]?[\d.]*/.exec(text.slice(start))!;
  const value = Number(number);
  if (number === '' || !/\d/.test(number) || Number.isNaN(value)) return undefined;
  return { steps: [{ kind: 'literal', value }], end: start + number.length };
}

function readQuoted(text: string, start: number): Read | undefined {
  const quote = text[start]!;
  let end = start + 1;
  while (end < text.length && (text[end] !== quote || text[end - 1] === '\\')) end++;
  if (end >= text.length) return undefined;
  const value = unescaped(text.slice(start + 1, end), quote);
  return value === undefined ? undefined : { steps: [{ kind: 'literal', value }], end: end + 1 };
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '\\': '\\' };

function unescaped(text: string, quote: string): string | undefined {
  let known = true;
  const value = text.replace(/\\([\s\S]?)/g, (_, character: string) => {
    const meant = character === quote ? quote : escapes[character];
    known &&= meant !== undefined;
    return meant ?? '';
  });
  return known ? value : undefined;
}

function readBracket(text: string, start: number, depth: number): Read | undefined {
  const end = text.indexOf(']', start);
  if (end < 0) return undefined;
  const inner = text.slice(start + 1, end);
  const members = inner.split(',');
  if (members.length > 1) {
    const paths = members.map((member) => parseJsonPath(`[${member.replace(/^ +| +$/g, '')}]`, depth + 1));
    if (!paths.every((path) => path !== undefined)) return undefined;
    return { steps: [{ kind: 'union', members: paths }], end: end + 1 };
  }
  const quoted = /^'([^']*)'$/.exec(inner);
  if (quoted) {
    const path = parseJsonPath(`.${quoted[1]!}`, depth + 1);
    return path && { steps: path, end: end + 1 };
  }
  const slice = sliceOf(inner === '*' ? ':' : inner);
  return slice && { steps: [{ kind: 'slice', slice }], end: end + 1 };
}

function sliceOf(text: string): Slice | undefined {
  const match = /^(-?\d*)(:-?\d*)?(:-?\d*)?$/.exec(text);
  if (!match) return undefined;
  const numbers = [match[1], match[2]?.slice(1), match[3]?.slice(1)].map((part) =>
    part ? Number(part) : undefined,
  );
  if (numbers.some((number) => Number.isNaN(number))) return undefined;
  const [start, end, step] = numbers;
  return { start, end, step, single: match[2] === undefined };
}

function readFilter(text: string, start: number, depth: number): Read | undefined {
  const end = filterEnd(text, start + 3);
  if (end === undefined || text[end + 1] !== ']') return undefined;
  const inner = text.slice(start + 3, end);
  const match = /^([^!<>=]+)([!<>=]+)(.+?)$/.exec(inner);
  const left = parseJsonPath(match ? match[1]! : inner, depth + 1);
  const right = match && parseJsonPath(match[3]!, depth + 1);
  if (!left || right === undefined) return undefined;
  const comparison = match && right ? { operator: match[2]!, right } : undefined;
  return { steps: [{ kind: 'filter', filter: { left, comparison } }], end: end + 2 };
}

/** Where the first `)` is that is not within quotes. There is one pair of those at most. */
function filterEnd(text: string, start: number): number | undefined {
  let quote: string | undefined;
  let closed = false;
  for (let at = start; at < text.length; at++) {
    const character = text[at]!;
    if (character === ')' && (quote === undefined || closed)) return at;
    if (character !== '"' && character !== "'") continue;
    if (quote === undefined) quote = character;
    else if (character === quote && text[at - 1] !== '\\') closed = true;
  }
  return undefined;
}
