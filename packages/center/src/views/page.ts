/**
 * One page of a resource: filtered, counted, grouped, sorted and cut, in one walk over the cache. Pure: what it is given is
 * what the caller may see.
 */
import { badRequest } from '@skerry/api';
import type { Cell, Freshness, Group, Page, Row, Tone, ViewQuery } from '#contract/index.ts';
import type { Item } from '#cache/item.ts';
import { columnOf } from '#views/columns.ts';
import { parseFilter, textOf, type Filter } from '#views/filter.ts';
import { compareNatural } from '#views/natural-order.ts';
import { selectRange } from '#views/select-range.ts';
import type { ViewColumn, ViewContext, ViewKind } from '#views/view-kind.ts';

export interface PageSource {
  readonly view: ViewKind;
  readonly columns: readonly ViewColumn[];
  /** All that the caller may see, in any order. */
  readonly items: readonly Item[];
  readonly context: ViewContext;
  readonly freshness: Freshness;
}

/** The page, and the items of its rows in their order, whose actions are yet to be told. */
export interface ComputedPage {
  readonly page: Page;
  readonly items: readonly Item[];
}

export const rowsMax = 200;
const rowsDefault = 50;
const facetValuesMax = 50;
/** Of more groups only the first are told; their rows are there all the same. */
const groupsMax = 500;

/** @throws ApiError BadRequest for a column to sort by that isn't there, or a label selector that is none. */
export function computePage(source: PageSource, query: ViewQuery): ComputedPage {
  const { view, columns, context, freshness } = source;
  const filters = parseFilter(query.q ?? '', columns);
  const order = orderOf(query.sort, columns, context);
  const grouping = groupingOf(query.group, view);
  const facets = new FacetCounts(columns.filter(({ facet }) => facet));
  const buckets = new Map<string, Bucket>();
  const inScope = scopeOf(query, context);
  let total = 0;
  for (const item of source.items) {
    if (!inScope(item)) continue;
    const failed = firstFailures(item, { filters, context });
    if (failed === many) continue;
    facets.count(item, { context, only: failed });
    if (failed !== undefined) continue;
    total++;
    bucketOf(item, { buckets, grouping, context }).add(item, context);
  }
  const ordered = [...buckets.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  const items = cut(ordered, { query, order });
  return {
    page: {
      columns: columns.map(columnOf),
      rows: items.map((item) => rowOf(item, columns, context)),
      total,
      groups: grouping === 'none' ? [] : ordered.slice(0, groupsMax).map((bucket) => bucket.group(grouping)),
      facets: facets.counts(),
      freshness,
    },
    items,
  };
}

/** More than one filter fails, or one that is no facet's. */
const many = Symbol('many');

/** The key of the one filter that an item fails: it counts for that key's facet alone. */
function firstFailures(
  item: Item,
  { filters, context }: { filters: readonly Filter[]; context: ViewContext },
): string | typeof many | undefined {
  let failed: string | undefined;
  for (const filter of filters) {
    if (filter.matches(item, context)) continue;
    if (failed !== undefined || filter.key === '' || filter.key === 'label') return many;
    failed = filter.key;
  }
  return failed;
}

function scopeOf(query: ViewQuery, context: ViewContext): (item: Item) => boolean {
  const namespaces = query.namespace?.length ? new Set(query.namespace) : undefined;
  const { region, pool } = query;
  return (item) => {
    if (namespaces && item.metadata.namespace !== undefined && !namespaces.has(item.metadata.namespace))
      return false;
    if (region === undefined && pool === undefined) return true;
    const place = context.placeOf(item);
    return (region === undefined || place?.region === region) && (pool === undefined || place?.pool === pool);
  };
}

type Grouping = NonNullable<ViewQuery['group']>;

function groupingOf(asked: ViewQuery['group'], view: ViewKind): Grouping {
  const placed = view.placed !== undefined;
  if (asked === undefined) return placed ? 'pool' : 'none';
  if ((asked === 'pool' || asked === 'region') && !placed) return 'none';
  return asked === 'namespace' && !view.ref.namespaced ? 'none' : asked;
}

class Bucket {
  readonly id: string;
  readonly items: Item[] = [];
  readonly #names: readonly string[];
  readonly #tones: Partial<Record<Tone, number>> = {};

  constructor(id: string, names: readonly string[]) {
    this.id = id;
    this.#names = names;
  }

  add(item: Item, context: ViewContext): void {
    this.items.push(item);
    const tone = context.stateOf(item)?.tone;
    if (tone) this.#tones[tone] = (this.#tones[tone] ?? 0) + 1;
  }

  group(grouping: Grouping): Group {
    const [first = '', second = ''] = this.#names;
    const rest = { total: this.items.length, tones: this.#tones };
    if (grouping === 'namespace') return { namespace: first, ...rest };
    return grouping === 'region' ? { region: first, ...rest } : { region: first, pool: second, ...rest };
  }
}

function bucketOf(
  item: Item,
  { buckets, grouping, context }: { buckets: Map<string, Bucket>; grouping: Grouping; context: ViewContext },
): Bucket {
  const names = groupNames(item, grouping, context);
  // Whatever has no place comes last.
  const id = names.map((name) => (name === '' ? '\uffff' : name)).join('\0');
  let bucket = buckets.get(id);
  if (!bucket) buckets.set(id, (bucket = new Bucket(id, names)));
  return bucket;
}

function groupNames(item: Item, grouping: Grouping, context: ViewContext): readonly string[] {
  if (grouping === 'none') return [];
  if (grouping === 'namespace') return [item.metadata.namespace ?? ''];
  const place = context.placeOf(item);
  return grouping === 'region' ? [place?.region ?? ''] : [place?.region ?? '', place?.pool ?? ''];
}

/** Only groups that the page shows something of are sorted, and of them only what it shows. */
function cut(buckets: readonly Bucket[], { query, order }: { query: ViewQuery; order: Order }): Item[] {
  const offset = Math.max(0, query.offset ?? 0);
  const limit = Math.min(Math.max(1, query.limit ?? rowsDefault), rowsMax);
  const items: Item[] = [];
  let start = 0;
  for (const bucket of buckets) {
    const from = Math.max(0, offset - start);
    const to = offset + limit - start;
    if (to <= 0) break;
    if (from < bucket.items.length) items.push(...order(bucket.items, { from, to }));
    start += bucket.items.length;
  }
  return items;
}

type Order = (items: Item[], range: { from: number; to: number }) => Item[];

function orderOf(sort: string | undefined, columns: readonly ViewColumn[], context: ViewContext): Order {
  if (!sort) return (items, range) => selectRange(items, { ...range, compare: byName });
  const descending = sort.startsWith('-');
  const id = descending ? sort.slice(1) : sort;
  const column = columns.find((candidate) => candidate.id === id && candidate.sortable);
  if (!column) throw badRequest(`sort: there is no column ${JSON.stringify(id)}`);
  const compare = (a: Sorted, b: Sorted): number => {
    const [left, right] = [a.value, b.value];
    if (left === right) return byName(a.item, b.item);
    // Nothing comes last either way.
    if (left === null) return 1;
    if (right === null) return -1;
    const order =
      typeof left === 'string' && typeof right === 'string'
        ? compareNatural(left, right)
        : left < right
          ? -1
          : 1;
    return descending ? -order : order;
  };
  // Each value is made once, and lies beside its item: it is compared many times.
  return (items, range) =>
    selectRange(
      items.map((item): Sorted => ({ item, value: sortable(column.derive(item, context), column) })),
      { ...range, compare },
    ).map(({ item }) => item);
}

interface Sorted {
  readonly item: Item;
  readonly value: string | number | null;
}

/** The worst first, as states are sorted. */
const toneRanks: Readonly<Record<Tone, number>> = {
  error: 0,
  disconnected: 1,
  warning: 2,
  progressing: 3,
  unknown: 4,
  ok: 5,
};

function sortable(cell: Cell, column: ViewColumn): string | number | null {
  if (cell === null) return null;
  if (typeof cell === 'object') return `${toneRanks[cell.tone]}${cell.state}`;
  if (typeof cell === 'number')
    return column.type === 'number' || column.type === 'quantity' ? cell : String(cell);
  // Younger before older, as ages go up.
  return column.type === 'date' ? -Date.parse(cell) : cell;
}

function byName(a: Item, b: Item): number {
  const left = a.metadata;
  const right = b.metadata;
  if (left.namespace !== right.namespace) return (left.namespace ?? '') < (right.namespace ?? '') ? -1 : 1;
  return compareNatural(left.name, right.name);
}

export function rowOf(item: Item, columns: readonly ViewColumn[], context: ViewContext): Row {
  const { uid, name, namespace, creationTimestamp = '' } = item.metadata;
  const place = context.placeOf(item);
  return {
    key: uid,
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(place?.region ? { region: place.region } : {}),
    ...(place?.pool ? { pool: place.pool } : {}),
    cells: columns.map((column) => column.derive(item, context)),
    created: creationTimestamp,
  };
}

/** Counts of values by column: of rows that match, and for a column that is filtered by, of rows that match but for it. */
class FacetCounts {
  readonly #facets: readonly { readonly column: ViewColumn; readonly counts: Map<string, number> }[];

  constructor(columns: readonly ViewColumn[]) {
    this.#facets = columns.map((column) => ({ column, counts: new Map() }));
  }

  count(item: Item, { context, only }: { context: ViewContext; only: string | undefined }): void {
    for (const { column, counts } of this.#facets) {
      if (only !== undefined && column.id !== only) continue;
      const value = textOf(column.derive(item, context));
      if (value === '' || (counts.size >= countedMax && !counts.has(value))) continue;
      counts.set(value, (counts.get(value) ?? 0) + 1);
    }
  }

  counts(): Page['facets'] {
    return Object.fromEntries(
      this.#facets.map(({ column, counts }) => [
        column.id,
        [...counts]
          .map(([value, count]) => ({ value, count }))
          .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
          .slice(0, facetValuesMax),
      ]),
    );
  }
}

/** Distinct values counted of one facet; beyond, new ones are left out. */
const countedMax = 5_000;
