/** What a call costs at least and at most, and how large its result may be. */
import { patternFactor, traversalFactor } from '#cost/call-cost.ts';
import type { Argument, Estimator } from '#cost/estimate.ts';
import { exactly, limitless, plus, type Range, scaled, times, union, zero } from '#cost/range.ts';
import { sameType } from '#types/type.ts';

export interface CallEstimate {
  readonly cost: Range;
  readonly size?: Range | undefined;
}

interface Call {
  readonly overloadId: string;
  readonly target: Argument | undefined;
  readonly args: readonly Argument[];
  readonly argCosts: readonly Range[];
  readonly estimator: Estimator;
}

/** Undefined when the shape of the call is not the one that is known. */
type Estimate = (call: Call) => CallEstimate | undefined;

const listCost = 10;

export function callEstimate(
  name: string,
  overloadId: string,
  target: Argument | undefined,
  args: readonly Argument[],
  argCosts: readonly Range[],
  estimator: Estimator,
): CallEstimate {
  const call: Call = { overloadId, target, args, argCosts, estimator };
  const whole = branching.get(overloadId)?.(call);
  if (whole) return whole;
  const own = extensionOverloads.get(overloadId)?.(call) ??
    byFunction.get(name)?.(call) ??
    byOverload.get(overloadId)?.(call) ?? { cost: exactly(1) };
  return { cost: plus(own.cost, argCosts.reduce(plus, zero)), size: own.size };
}

function entries<T>(names: string, value: T): (readonly [string, T])[] {
  return names.split(' ').map((name) => [name, value]);
}

/** Operands that need not all be evaluated: their costs are in. */
const branching: ReadonlyMap<string, Estimate> = new Map<string, Estimate>([
  ...entries<Estimate>('logical_and logical_or', ({ argCosts: [left = zero, right = zero] }) => ({
    cost: { min: left.min, max: plus(left, right).max },
  })),
  [
    'conditional',
    ({ args, argCosts: [condition = zero, yes = zero, no = zero] }) => ({
      cost: plus(condition, union(yes, no)),
      size: union(args[1]!.size, args[2]!.size),
    }),
  ],
]);

const one: Estimate = () => ({ cost: exactly(1) });

const argumentTraversal =
  (factor = 1, keepsSize = false): Estimate =>
  ({ args: [arg] }) =>
    arg && {
      cost: scaled(arg.size, traversalFactor * factor),
      size: keepsSize ? arg.size : undefined,
    };

const targetTraversal: Estimate = ({ target }) =>
  target && { cost: scaled(target.size, traversalFactor), size: target.size };

/** Each element once, and the texts of elements that are texts. */
const elements: Estimate = ({ target, estimator }) => {
  if (!target) return undefined;
  const element = estimator.elementOf(target);
  if (!element) return { cost: scaled(target.size, traversalFactor) };
  const text = element.type.kind === 'string' || element.type.kind === 'bytes';
  const each = text ? plus(exactly(1), scaled(element.size, traversalFactor)) : exactly(1);
  return { cost: times(target.size, each) };
};

const selector: Estimate = ({ args }) => {
  if (args.length !== 1) return undefined;
  const { size } = args[0]!;
  const requirements = scaled(scaled(size, 0.5), 50);
  return { cost: plus(plus(exactly(listCost), scaled(size, traversalFactor)), requirements) };
};

const replace: Estimate = ({ target, args }) => {
  if (!target || args.length < 2) return undefined;
  const { size } = target;
  const old = args[0]!.size;
  const by = args[1]!.size;
  const most = mostReplaced(size, old, by);
  const least = leastReplaced(size, old, by);
  const count = { min: least.count, max: most.count };
  const kept = { min: least.kept, max: most.kept };
  return {
    cost: scaled(size, 2 * traversalFactor),
    size: plus(times(count, by), kept),
  };
};

function mostReplaced(size: Range, old: Range, by: Range): { count: number; kept: number } {
  // An empty text is found between all characters.
  if (old.min === 0) return { count: size.max < limitless ? size.max + 1 : size.max, kept: size.max };
  if (by.max <= old.min) return { count: 0, kept: size.max };
  return { count: Math.ceil(size.max / old.min), kept: 0 };
}

function leastReplaced(size: Range, old: Range, by: Range): { count: number; kept: number } {
  if (old.max === 0) return { count: size.min < limitless ? size.min + 1 : size.min, kept: size.min };
  if (old.max <= by.min) return { count: 0, kept: size.min };
  return { count: Math.ceil(size.min / old.max), kept: 0 };
}

const split: Estimate = ({ target, args }) => {
  if (!target) return undefined;
  const limit = args[1]?.node?.kind === 'literal' ? args[1].node.value : undefined;
  let max = target.size.max;
  if (typeof limit === 'bigint') max = limit < 0n ? limitless : Number(limit);
  return { cost: scaled(target.size, 2 * traversalFactor), size: { min: 0, max } };
};

const join: Estimate = ({ target, args, estimator }) => {
  if (!target) return undefined;
  const list = target.size;
  const element = estimator.elementOf(target);
  let size = element ? times(list, element.size) : zero;
  if (args[0]) {
    const gaps = { min: Math.max(list.min - 1, 0), max: Math.max(list.max - 1, 0) };
    size = plus(size, times(args[0].size, gaps));
  }
  return { cost: scaled(size, traversalFactor), size };
};

function searchCost(text: Range, pattern: Range): Range {
  return times(scaled(plus(text, exactly(1)), traversalFactor), scaled(pattern, patternFactor));
}

const find: Estimate = ({ target, args }) =>
  target &&
  args[0] && {
    cost: searchCost(target.size, args[0].size),
    size: { min: 0, max: target.size.max },
  };

const addressSize = { min: 4, max: 16 };
const parsedArgument = (call: Call, overloadId: string): Range =>
  call.overloadId === overloadId && call.args[0] ? scaled(call.args[0].size, traversalFactor) : zero;

const containsIp: Estimate = (call) => ({
  cost: plus(
    scaled(plus(addressSize, addressSize), traversalFactor),
    parsedArgument(call, 'cidr_contains_ip_string'),
  ),
});

const containsCidr: Estimate = (call) => ({
  cost: [
    scaled(plus(addressSize, addressSize), traversalFactor),
    scaled(addressSize, traversalFactor),
    exactly(1),
    parsedArgument(call, 'cidr_contains_cidr_string'),
  ].reduce(plus),
});

const ip: Estimate = (call) => (call.overloadId === 'cidr_ip' ? one(call) : argumentTraversal()(call));

const nameFormatMax = 128;
const formatMax = 64;

const validate: Estimate = ({ args: [arg] }) =>
  arg && {
    cost: scaled(scaled(arg.size, traversalFactor), nameFormatMax * patternFactor),
  };

const constantEquality: ReadonlySet<string> = new Set([
  'net.IP',
  'net.CIDR',
  'kubernetes.Quantity',
  'kubernetes.Semver',
  'kubernetes.authorization.Authorizer',
  'kubernetes.authorization.PathCheck',
  'kubernetes.authorization.GroupCheck',
  'kubernetes.authorization.ResourceCheck',
  'kubernetes.authorization.Decision',
]);

/** Values of the libraries of Kubernetes; anything else is compared by its size. */
const libraryEquality: Estimate = ({ args: [left, right] }) => {
  if (!left || !right || !sameType(left.type, right.type)) return undefined;
  const { name } = left.type;
  if (constantEquality.has(name)) return { cost: exactly(1) };
  if (name === 'kubernetes.NamedFormat') return { cost: scaled({ min: 1, max: formatMax }, traversalFactor) };
  if (name !== 'kubernetes.URL') return undefined;
  const max = right.known ? right.size.max : 1;
  return { cost: scaled({ min: 1, max }, traversalFactor) };
};

const byFunction: ReadonlyMap<string, Estimate> = new Map<string, Estimate>([
  ['check', () => ({ cost: exactly(350_000) })],
  ...entries(
    'serviceAccount path group resource subresource namespace name allowed reason error errored',
    one,
  ),
  ...entries('fieldSelector labelSelector', selector),
  ...entries('isSorted sum max min indexOf lastIndexOf', elements),
  ...entries('url jsonpatch.escapeKey', argumentTraversal(1, true)),
  ...entries('lowerAscii upperAscii substring trim', targetTraversal),
  ['replace', replace],
  ['split', split],
  ['join', join],
  ...entries('find findAll', find),
  ...entries('cidr isIP isCIDR quantity isQuantity semver isSemver', argumentTraversal()),
  ['ip', ip],
  ['ip.isCanonical', argumentTraversal(2)],
  ...entries(
    'masked prefixLength family isUnspecified isLoopback isLinkLocalMulticast isLinkLocalUnicast isGlobalUnicast',
    one,
  ),
  ['containsIP', containsIp],
  ['containsCIDR', containsCidr],
  ['validate', validate],
  ['format.named', one],
  ...entries(
    'sign asInteger isInteger asApproximateFloat isGreaterThan isLessThan compareTo add sub major minor patch',
    one,
  ),
  ...entries('getScheme getHostname getHost getPort getEscapedPath getQuery', one),
  ['_==_', libraryEquality],
]);

const shorter: Estimate = ({ args: [left, right] }) => {
  const max = Math.min(left!.size.max, right!.size.max);
  return { cost: scaled({ min: max > 0 ? 1 : 0, max }, traversalFactor) };
};

const concatenation: Estimate = ({ overloadId, args: [left, right] }) => {
  if (!left || !right) return undefined;
  const size = plus(left.size, right.size);
  return { cost: overloadId === 'add_list' ? exactly(1) : scaled(size, traversalFactor), size };
};

const ordered = ['less', 'less_equals', 'greater', 'greater_equals']
  .flatMap((word) => [`${word}_string`, `${word}_bytes`])
  .join(' ');

const byOverload: ReadonlyMap<string, Estimate> = new Map<string, Estimate>([
  ['string_format', ({ target }) => target && { cost: scaled(target.size, traversalFactor) }],
  [
    'string_to_bytes',
    ({ args: [arg] }) =>
      arg && {
        cost: scaled(arg.size, traversalFactor),
        size: { min: arg.size.min, max: Math.min(arg.size.max * 4, limitless) },
      },
  ],
  [
    'bytes_to_string',
    ({ args: [arg] }) =>
      arg && {
        cost: scaled(arg.size, traversalFactor),
        size: { min: Math.floor(arg.size.min / 4), max: arg.size.max },
      },
  ],
  [
    'strings_quote',
    ({ args: [arg] }) =>
      arg && {
        cost: scaled(arg.size, traversalFactor),
        size: { min: arg.size.min + 2, max: Math.min(arg.size.max * 2 + 2, limitless) },
      },
  ],
  ...entries('starts_with_string ends_with_string', argumentTraversal()),
  ['in_list', ({ args: [, list] }) => list && { cost: list.size }],
  [
    'matches_string',
    ({ target, args: [pattern] }) => target && pattern && { cost: searchCost(target.size, pattern.size) },
  ],
  [
    'contains_string',
    ({ target, args: [part] }) =>
      target &&
      part && {
        cost: times(scaled(target.size, traversalFactor), scaled(part.size, traversalFactor)),
      },
  ],
  ...entries('add_string add_bytes add_list', concatenation),
  ...entries(`${ordered} equals not_equals`, shorter),
]);

function allocated(size: Range, factor: number): CallEstimate {
  return { cost: plus(scaled(size, factor), exactly(1 + listCost)), size };
}

const square = (factor: number, of: (call: Call) => Argument | undefined): Estimate => {
  return (call) => {
    const list = of(call);
    return list && allocated(times(list.size, list.size), factor);
  };
};

const setOperation =
  (factor: number): Estimate =>
  ({ args: [left, right] }) =>
    left && right && { cost: plus(scaled(times(left.size, right.size), factor), exactly(1)) };

function literalInt(arg: Argument | undefined, otherwise: number): number {
  const value = arg?.node?.kind === 'literal' ? arg.node.value : undefined;
  if (typeof value !== 'bigint') return otherwise;
  return value < 0n ? 0 : Number(value);
}

const sortable: readonly (readonly [string, number])[] = [
  ['int', 2],
  ['uint', 2],
  ['double', 2],
  ['bool', 2],
  ['google.protobuf.Duration', 2],
  ['google.protobuf.Timestamp', 2],
  ['string', 2 + traversalFactor],
  ['bytes', 2 + traversalFactor],
];

const flatten: Estimate = ({ target, args }) =>
  target && allocated(target.size, args.length === 1 ? literalInt(args[0], limitless) : 1);

/** Of extensions that bring their own reckoning. */
const extensionOverloads: ReadonlyMap<string, Estimate> = new Map<string, Estimate>([
  ['list_sets_contains_list', setOperation(1)],
  ['list_sets_intersects_list', setOperation(1)],
  ['list_sets_equivalent_list', setOperation(2)],
  [
    'list_slice',
    ({ target, args: [start, end] }) => {
      if (!target) return undefined;
      const length = literalInt(end, target.size.max) - literalInt(start, 0);
      return allocated(exactly(length < 0 ? limitless : length), 1);
    },
  ],
  ['lists_range', ({ args: [count] }) => allocated(exactly(literalInt(count, limitless)), 1)],
  ['list_reverse', ({ target }) => target && allocated(target.size, 1)],
  ...entries('list_flatten list_flatten_int', flatten),
  ['list_distinct', square(2, ({ target }) => target)],
  ...sortable.map(([type, factor]) => [`list_${type}_sort`, square(factor, ({ target }) => target)] as const),
  ...sortable.map(
    ([type, factor]) =>
      [`list_${type}_sortByAssociatedKeys`, square(factor, ({ args: [keys] }) => keys)] as const,
  ),
]);
