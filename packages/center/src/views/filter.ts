/**
 * The language of the filter box: words and `key:value` tokens, all of which must hold.
 *
 *     status:NotReady pool:osaka,tokyo -ns:kube-system label:app=x restarts:>5 age:<2h "two words"
 *
 * Values after one key, comma-separated or in several tokens, are alternatives; `-` before a token turns it around. A value is
 * compared whole and without case, `*` stands for anything. Numbers and ages take `>`, `>=`, `<`, `<=`. `label:` takes a label
 * selector. A word matches where the name, namespace or any text of the row contains it; so does a token whose key is no column.
 */
import { durationMs, parseLabelSelector, type Selector } from '@skerry/api';
import type { Cell } from '#contract/index.ts';
import type { Item } from '#cache/item.ts';
import type { ViewColumn, ViewContext } from '#views/view-kind.ts';

/** One key's tokens together; a row fails or passes each by itself, which is what facets count by. */
export interface Filter {
  /** Column id, `label` or '' for words. */
  readonly key: string;
  readonly matches: (item: Item, context: ViewContext) => boolean;
}

const aliases: Readonly<Record<string, string>> = {
  state: 'status',
  ns: 'namespace',
  phase: 'status',
  labels: 'label',
  l: 'label',
};

/** What else a state goes by: a node out of reach is not ready. */
const alsoKnownAs: Readonly<Record<string, readonly string[]>> = {
  Disconnected: ['notready'],
  Autonomous: ['notready', 'disconnected'],
  Offline: ['notready', 'disconnected'],
  Dead: ['notready', 'disconnected'],
};

const tokensMax = 50;
const queryLengthMax = 2000;

interface Token {
  readonly key: string;
  readonly value: string;
  readonly negative: boolean;
}

/** @throws ApiError BadRequest for a label selector that is none. */
export function parseFilter(query: string, columns: readonly ViewColumn[]): Filter[] {
  const byId = new Map(columns.map((column) => [column.id, column]));
  const tokens = tokenize(query.slice(0, queryLengthMax))
    .slice(0, tokensMax)
    .map((text) => tokenOf(text, byId));
  const filters: Filter[] = [];
  for (const key of new Set(tokens.map((token) => token.key))) {
    const own = tokens.filter((token) => token.key === key);
    if (key === '') filters.push(...own.map(wordFilter));
    else if (key === 'label') filters.push(...own.map(labelFilter));
    else filters.push(columnFilter(byId.get(key)!, own));
  }
  return filters;
}

/** Split at spaces outside of quotes. */
function tokenize(query: string): string[] {
  return [...query.matchAll(/(?:[^\s"]|"[^"]*"?)+/g)]
    .map(([text]) => text.replaceAll('"', ''))
    .filter(Boolean);
}

function tokenOf(text: string, columns: ReadonlyMap<string, ViewColumn>): Token {
  const negative = text.length > 1 && text.startsWith('-');
  const bare = negative ? text.slice(1) : text;
  const colon = bare.indexOf(':');
  if (colon > 0) {
    const given = bare.slice(0, colon).toLowerCase();
    const key = columns.has(given) ? given : (aliases[given] ?? given);
    const value = bare.slice(colon + 1);
    if (value !== '' && (key === 'label' || columns.has(key))) return { key, value, negative };
  }
  return { key: '', value: bare, negative };
}

function wordFilter({ value, negative }: Token): Filter {
  const word = value.toLowerCase();
  return {
    key: '',
    matches: (item, context) => contains(item, context, word) !== negative,
  };
}

function contains(item: Item, context: ViewContext, word: string): boolean {
  const { name, namespace } = item.metadata;
  if (name.includes(word) || namespace?.includes(word)) return true;
  const { facts } = item;
  if (facts?.kind === 'pod' && facts.node?.includes(word)) return true;
  for (const cell of item.cells)
    if (typeof cell === 'string' && cell.toLowerCase().includes(word)) return true;
  const state = context.stateOf(item);
  if (state?.state.toLowerCase().includes(word)) return true;
  const place = context.placeOf(item);
  return place !== undefined && (place.pool.includes(word) || place.region.includes(word));
}

function labelFilter({ value, negative }: Token): Filter {
  const selector: Selector = parseLabelSelector(value);
  return { key: 'label', matches: ({ metadata }) => selector.matches(metadata.labels) !== negative };
}

function columnFilter(column: ViewColumn, tokens: readonly Token[]): Filter {
  const alternatives = (wanted: boolean) =>
    tokens
      .filter(({ negative }) => negative === wanted)
      .flatMap(({ value }) => value.split(','))
      .filter((value) => value !== '')
      .map((value) => cellTest(value, column));
  const [included, excluded] = [alternatives(false), alternatives(true)];
  return {
    key: column.id,
    matches: (item, context) => {
      const cell = column.derive(item, context);
      const test = (matches: CellTest) => matches(cell, context.nowMs);
      return (included.length === 0 || included.some(test)) && !excluded.some(test);
    },
  };
}

type CellTest = (cell: Cell, nowMs: number) => boolean;

function cellTest(value: string, column: ViewColumn): CellTest {
  const [, operator, bound = ''] = /^(>=|<=|>|<)(.+)$/.exec(value) ?? [];
  if (operator) {
    const limit = column.type === 'date' ? ageMs(bound) : Number(bound);
    if (limit !== undefined && !Number.isNaN(limit))
      return (cell, nowMs) => compares(measure(cell, column, nowMs), operator, limit);
  }
  const test = textTest(value);
  return (cell) => test(textOf(cell)) || (stateWords(cell)?.some((word) => test(word)) ?? false);
}

function stateWords(cell: Cell): readonly string[] | undefined {
  return typeof cell === 'object' && cell ? alsoKnownAs[cell.state] : undefined;
}

/** Undefined where there is nothing to compare. */
function measure(cell: Cell, column: ViewColumn, nowMs: number): number | undefined {
  if (column.type === 'date') return typeof cell === 'string' ? nowMs - Date.parse(cell) : undefined;
  if (typeof cell === 'number') return cell;
  return undefined;
}

function compares(value: number | undefined, operator: string, limit: number): boolean {
  if (value === undefined) return false;
  switch (operator) {
    case '>':
      return value > limit;
    case '>=':
      return value >= limit;
    case '<':
      return value < limit;
    default:
      return value <= limit;
  }
}

const dayMs = 24 * 60 * 60_000;

/** `90s`, `2h30m`, `3d`. */
function ageMs(text: string): number | undefined {
  const days = /^(\d+)d(.*)$/.exec(text);
  if (!days) return durationMs(text);
  const rest = days[2] === '' ? 0 : durationMs(days[2]);
  return rest === undefined ? undefined : Number(days[1]) * dayMs + rest;
}

function textTest(value: string): (text: string) => boolean {
  const wanted = value.toLowerCase();
  if (!wanted.includes('*')) return (text) => text.toLowerCase() === wanted;
  const parts = wanted.split('*');
  return (text) => matchesParts(text.toLowerCase(), parts);
}

/** Without a regular expression: patterns come from strangers. */
function matchesParts(text: string, parts: readonly string[]): boolean {
  const [first = '', ...rest] = parts;
  const last = rest.pop() ?? '';
  if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last))
    return false;
  let at = first.length;
  const end = text.length - last.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

export function textOf(cell: Cell): string {
  if (cell === null) return '';
  return typeof cell === 'object' ? cell.state : String(cell);
}
