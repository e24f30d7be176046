/**
 * What calls cost when they are evaluated, in units of roughly fifty nanoseconds, as the servers of Kubernetes reckon it.
 * What can be reckoned from the arguments is charged before the call, so that a budget also bounds the work of one call.
 */
import { extent } from '#values/describe.ts';
import { Fault, List, Mapping, Opaque, type Value } from '#values/value.ts';

/** Per character of a text that is walked once. */
export const traversalFactor = 0.1;
/** Per character of a regular expression. */
export const patternFactor = 0.25;
const listCost = 10;

type Cost = (args: readonly Value[]) => number;

const size = (args: readonly Value[], index: number): number => {
  const value = args[index];
  return value === undefined ? 1 : extent(value);
};

const one: Cost = () => 1;
const traversal =
  (index = 0, times = 1): Cost =>
  (args) =>
    Math.ceil(size(args, index) * times * traversalFactor);

const encoder = new TextEncoder();

/** Walks everything within. */
function deepTraversal(value: Value, depth = 0): number {
  if (typeof value === 'string') return Math.floor(encoder.encode(value).length * traversalFactor);
  if (value instanceof Uint8Array) return Math.floor(value.length * traversalFactor);
  if (depth > 100) return 1;
  if (value instanceof List) {
    let cost = 0;
    for (let index = 0; index < value.length && cost < 10_000_000; index++) {
      const item = value.at(index);
      cost += item instanceof Fault ? 1 : deepTraversal(item, depth + 1);
    }
    return cost;
  }
  if (value instanceof Mapping) {
    let cost = 0;
    for (const key of value.keys()) {
      const item = value.get(key);
      cost += deepTraversal(key, depth + 1);
      cost += item === undefined || item instanceof Fault ? 1 : deepTraversal(item, depth + 1);
    }
    return cost;
  }
  return 1;
}

const wholeTraversal: Cost = ([value]) => deepTraversal(value!);

const search: Cost = (args) =>
  Math.ceil((1 + size(args, 0)) * traversalFactor) * Math.ceil(size(args, 1) * patternFactor);

/** A selector of labels or fields becomes a list of requirements. */
const selector: Cost = (args) => {
  const length = size(args, 1);
  return listCost + Math.ceil(length * traversalFactor) + Math.ceil(Math.ceil(length * 0.5) * 50);
};

const shorter: Cost = (args) => {
  const [left] = args;
  if (left instanceof Opaque) return 1;
  return Math.ceil(Math.min(size(args, 0), size(args, 1)) * traversalFactor);
};

const contained =
  (extra: number): Cost =>
  (args) =>
    Math.ceil(2 * size(args, 0) * traversalFactor) +
    extra * (Math.ceil(size(args, 0) * traversalFactor) + 1) +
    (typeof args[1] === 'string' ? Math.ceil(size(args, 1) * traversalFactor) : 0);

function named(names: string, cost: Cost): (readonly [string, Cost])[] {
  return names.split(' ').map((name) => [name, cost]);
}

/** By name of the function; these go before those by overload. */
const byFunction: ReadonlyMap<string, Cost> = new Map([
  ...named('check', () => 350_000),
  ...named('serviceAccount path group resource subresource namespace name allowed reason error errored', one),
  ...named('fieldSelector labelSelector', selector),
  ...named('isSorted sum max min indexOf lastIndexOf', wholeTraversal),
  ...named('url lowerAscii upperAscii substring trim jsonpatch.escapeKey', traversal()),
  ...named('replace split', traversal(0, 2)),
  ...named('find findAll', search),
  ...named('cidr isIP isCIDR quantity isQuantity semver isSemver', traversal()),
  ...named('ip.isCanonical', traversal(0, 2)),
  ...named(
    'masked prefixLength family isUnspecified isLoopback isLinkLocalMulticast isLinkLocalUnicast isGlobalUnicast',
    one,
  ),
  ...named('containsIP', contained(0)),
  ...named('containsCIDR', contained(1)),
  ...named('format.named', one),
  ...named(
    'sign asInteger isInteger asApproximateFloat isGreaterThan isLessThan compareTo add sub major minor patch',
    one,
  ),
  ...named('getScheme getHostname getHost getPort getEscapedPath getQuery', one),
  [
    'validate',
    (args) => Math.ceil((1 + size(args, 1)) * traversalFactor) * Math.ceil(size(args, 0) * patternFactor),
  ],
  // Reckoned by what comes out.
  ...named('join', () => 0),
]);

const sets =
  (factor: number): Cost =>
  (args) =>
    1 + Math.floor(size(args, 0) * size(args, 1) * factor);

/** Every element against every other. */
const selfComparison =
  (index: number): Cost =>
  (args) => {
    const list = args[index] as List;
    const first = list.length > 0 ? list.at(0) : 0n;
    const factor = typeof first === 'string' || first instanceof Uint8Array ? 2 + traversalFactor : 2;
    return Math.floor(list.length * list.length * factor) + 1 + listCost;
  };

const flatten: Cost = (args) => {
  const depth = args.length === 2 ? Number(args[1] as bigint) : 1;
  return Math.floor(size(args, 0) * Math.max(depth, 0)) + 1 + listCost;
};

const ordered = ['less', 'less_equals', 'greater', 'greater_equals'].flatMap((word) => [
  `${word}_string`,
  `${word}_bytes`,
]);
const sortable = [
  'int',
  'uint',
  'double',
  'bool',
  'google.protobuf.Duration',
  'google.protobuf.Timestamp',
  'string',
  'bytes',
];

const byOverload: ReadonlyMap<string, Cost> = new Map([
  ...named(
    'starts_with_string ends_with_string string_to_bytes bytes_to_string strings_quote string_format',
    traversal(),
  ),
  ['in_list', (args) => size(args, 1)],
  ...ordered.map((id) => [id, shorter] as const),
  ['equals', shorter],
  ['not_equals', shorter],
  ...named('add_string add_bytes', (args) => Math.ceil((size(args, 0) + size(args, 1)) * traversalFactor)),
  ...named('matches matches_string', search),
  ['contains_string', (args) => traversal(0)(args) * traversal(1)(args)],
  ['list_sets_contains_list', sets(1)],
  ['list_sets_intersects_list', sets(1)],
  ['list_sets_equivalent_list', sets(2)],
  ['list_distinct', selfComparison(0)],
  ['list_flatten', flatten],
  ['list_flatten_int', flatten],
  ['list_reverse', (args) => size(args, 0) + 1 + listCost],
  ...named('list_slice lists_range list_join list_join_string', () => 0),
  ...sortable.map((type) => [`list_${type}_sort`, selfComparison(0)] as const),
  ...sortable.map((type) => [`list_${type}_sortByAssociatedKeys`, selfComparison(1)] as const),
  ['cidr_ip', one],
  ['string_to_ip', traversal()],
  ['format-validate', (args) => search([args[1]!, args[0]!])],
]);

export function costBefore(name: string, overloadId: string, args: readonly Value[]): number {
  const cost = byFunction.get(name) ?? byOverload.get(overloadId);
  return cost ? cost(args) : 1;
}

/** What could only be known from the result. */
export function costAfter(overloadId: string, result: Value): number {
  switch (overloadId) {
    case 'list_join':
    case 'list_join_string':
      return Math.ceil(extent(result) * 2 * traversalFactor);
    case 'list_slice':
    case 'lists_range':
      return extent(result) + 1 + listCost;
    default:
      return 0;
  }
}
