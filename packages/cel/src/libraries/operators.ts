/** Arithmetic, comparison, indexing, membership: what the signs of the language do. */
import { fn, type Implementation, type Library, type Overload } from '#check/declarations.ts';
import { concatBytes } from '#syntax/literal.ts';
import { ArrayList, JoinedList } from '#values/collections.ts';
import { runtimeType } from '#values/describe.ts';
import { compareBytes, compareText } from '#values/order.ts';
import { containsValue, equalValues } from '#values/equality.ts';
import { compareNumbers, fitsInt, fitsUint, type Numeric } from '#values/numbers.ts';
import { type Duration, durationOf, type Timestamp, timestampOf } from '#values/time.ts';
import { Uint } from '#values/uint.ts';
import { Fault, type List, type Mapping, type Outcome, type Value } from '#values/value.ts';
import {
  boolType,
  bytesType,
  doubleType,
  durationType,
  intType,
  listOf,
  mapOf,
  stringType,
  timestampType,
  type Type,
  uintType,
  variableType,
} from '#types/type.ts';

const a = variableType('A');
const b = variableType('B');
const listA = listOf(a);
const mapAB = mapOf(a, b);

type Pair<T> = (left: T, right: T) => Outcome;

/** Takes the two arguments as what their declared types promise. */
function pair<T extends Value>(apply: Pair<T>): Implementation {
  return ([left, right]) => apply(left as T, right as T);
}

function int(value: bigint): Outcome {
  return fitsInt(value) ? value : new Fault('integer overflow');
}

function uint(value: bigint): Outcome {
  return fitsUint(value) ? new Uint(value) : new Fault('unsigned integer overflow');
}

const divisionByZero = new Fault('division by zero');
const modulusByZero = new Fault('modulus by zero');

function arithmetic(
  name: string,
  word: string,
  ints: Pair<bigint>,
  uints: Pair<bigint>,
  doubles?: (left: number, right: number) => number,
): Overload[] {
  const list = [
    fn(name, `${word}_int64`, [intType, intType], intType, pair(ints)),
    fn(
      name,
      `${word}_uint64`,
      [uintType, uintType],
      uintType,
      pair<Uint>((left, right) => uints(left.value, right.value)),
    ),
  ];
  if (doubles) list.unshift(fn(name, `${word}_double`, [doubleType, doubleType], doubleType, pair(doubles)));
  return list;
}

function timestamp(nanoseconds: bigint): Outcome {
  return timestampOf(nanoseconds) ?? new Fault('timestamp overflow');
}

function duration(nanoseconds: bigint): Outcome {
  return durationOf(nanoseconds) ?? new Fault('duration overflow');
}

type Instant = Timestamp | Duration;
const nanoseconds = (value: Value): bigint => (value as Instant).nanoseconds;

const sums: Library = [
  fn(
    '_+_',
    'add_bytes',
    [bytesType, bytesType],
    bytesType,
    pair<Uint8Array>((l, r) => concatBytes([l, r])),
  ),
  ...arithmetic(
    '_+_',
    'add',
    (l, r) => int(l + r),
    (l, r) => uint(l + r),
    (l, r) => l + r,
  ),
  fn('_+_', 'add_duration_duration', [durationType, durationType], durationType, ([l, r]) =>
    duration(nanoseconds(l!) + nanoseconds(r!)),
  ),
  fn('_+_', 'add_duration_timestamp', [durationType, timestampType], timestampType, ([l, r]) =>
    timestamp(nanoseconds(l!) + nanoseconds(r!)),
  ),
  fn('_+_', 'add_timestamp_duration', [timestampType, durationType], timestampType, ([l, r]) =>
    timestamp(nanoseconds(l!) + nanoseconds(r!)),
  ),
  fn('_+_', 'add_list', [listA, listA], listA, pair<List>(joinLists)),
  fn(
    '_+_',
    'add_string',
    [stringType, stringType],
    stringType,
    pair<string>((l, r) => l + r),
  ),
  ...arithmetic(
    '_-_',
    'subtract',
    (l, r) => int(l - r),
    (l, r) => uint(l - r),
    (l, r) => l - r,
  ),
  fn('_-_', 'subtract_duration_duration', [durationType, durationType], durationType, ([l, r]) =>
    duration(nanoseconds(l!) - nanoseconds(r!)),
  ),
  fn('_-_', 'subtract_timestamp_duration', [timestampType, durationType], timestampType, ([l, r]) =>
    timestamp(nanoseconds(l!) - nanoseconds(r!)),
  ),
  fn('_-_', 'subtract_timestamp_timestamp', [timestampType, timestampType], durationType, ([l, r]) =>
    duration(nanoseconds(l!) - nanoseconds(r!)),
  ),
  ...arithmetic(
    '_*_',
    'multiply',
    (l, r) => int(l * r),
    (l, r) => uint(l * r),
    (l, r) => l * r,
  ),
  ...arithmetic(
    '_/_',
    'divide',
    (l, r) => (r === 0n ? divisionByZero : int(l / r)),
    (l, r) => (r === 0n ? divisionByZero : uint(l / r)),
    (l, r) => l / r,
  ),
  ...arithmetic(
    '_%_',
    'modulo',
    (l, r) => (r === 0n ? modulusByZero : int(l % r)),
    (l, r) => (r === 0n ? modulusByZero : uint(l % r)),
  ),
  fn('-_', 'negate_double', [doubleType], doubleType, ([value]) => -(value as number)),
  fn('-_', 'negate_int64', [intType], intType, ([value]) => int(-(value as bigint))),
];

/** No list is longer: beyond it a list joined with itself again and again would hold more than any machine can walk. */
const listLengthMax = 2 ** 31;
/** Lists up to this long are copied rather than joined. */
const copiedMax = 32;

function joinLists(left: List, right: List): Outcome {
  if (left.length === 0) return right;
  if (right.length === 0) return left;
  const length = left.length + right.length;
  if (length > listLengthMax) return new Fault('list is too long');
  if (length > copiedMax) return new JoinedList(left, right);
  const items: Value[] = [];
  for (const list of [left, right])
    for (let index = 0; index < list.length; index++) {
      const element = list.at(index);
      if (element instanceof Fault) return new JoinedList(left, right);
      items.push(element);
    }
  return new ArrayList(items);
}

const comparisons: readonly (readonly [string, string, (order: number) => boolean])[] = [
  ['_<_', 'less', (order) => order < 0],
  ['_<=_', 'less_equals', (order) => order <= 0],
  ['_>_', 'greater', (order) => order > 0],
  ['_>=_', 'greater_equals', (order) => order >= 0],
];

const numericTypes: readonly (readonly [Type, string])[] = [
  [intType, 'int64'],
  [uintType, 'uint64'],
  [doubleType, 'double'],
];

type Compare = (left: Value, right: Value) => number | undefined;

const ordered: readonly (readonly [Type, string, Compare])[] = [
  [boolType, 'bool', (l, r) => Number(l) - Number(r)],
  [stringType, 'string', (l, r) => compareText(l as string, r as string)],
  [bytesType, 'bytes', (l, r) => compareBytes(l as Uint8Array, r as Uint8Array)],
  [timestampType, 'timestamp', (l, r) => compareNumbers(nanoseconds(l), nanoseconds(r))],
  [durationType, 'duration', (l, r) => compareNumbers(nanoseconds(l), nanoseconds(r))],
];

const numbers: Compare = (l, r) => compareNumbers(l as Numeric, r as Numeric);

const relations: Library = comparisons.flatMap(([name, word, holds]) => {
  const overload = (id: string, types: readonly Type[], compare: Compare): Overload =>
    fn(name, id, types, boolType, ([left, right]) => {
      const order = compare(left!, right!);
      // Comparisons with NaN are all false.
      return order !== undefined && holds(order);
    });
  return [
    ...ordered.map(([type, suffix, compare]) => overload(`${word}_${suffix}`, [type, type], compare)),
    ...numericTypes.flatMap(([left, leftName]) =>
      numericTypes.map(([right, rightName]) =>
        overload(
          leftName === rightName ? `${word}_${leftName}` : `${word}_${leftName}_${rightName}`,
          [left, right],
          numbers,
        ),
      ),
    ),
  ];
});

/** Position in a list; any number that is whole will do. */
export function listIndex(key: Value): number | Fault {
  if (typeof key === 'bigint') return Number(key);
  if (key instanceof Uint) return Number(key.value);
  if (typeof key === 'number' && Number.isInteger(key)) return key;
  if (typeof key === 'number') return new Fault(`unsupported index value ${key} in list`);
  return new Fault(`unsupported index type '${runtimeType(key).name}' in list`);
}

export function elementAt(list: List, key: Value): Outcome {
  const index = listIndex(key);
  if (index instanceof Fault) return index;
  if (index < 0 || index >= list.length) return new Fault(`index out of bounds: ${index}`);
  return list.at(index);
}

export function entryAt(map: Mapping, key: Value): Outcome {
  const found = map.get(key);
  if (found !== undefined) return found;
  return new Fault(`no such key: ${keyText(key)}`);
}

export function keyText(key: Value): string {
  if (key instanceof Uint) return String(key.value);
  return typeof key === 'object' ? 'unsupported key type' : String(key);
}

const access: Library = [
  fn('_[_]', 'index_list', [listA, intType], a, ([list, key]) => elementAt(list as List, key!)),
  fn('_[_]', 'index_map', [mapAB, a], b, ([map, key]) => entryAt(map as Mapping, key!)),
  fn('@in', 'in_list', [a, listA], boolType, ([value, list], run) =>
    containsValue(list as List, value!, run.effort),
  ),
  fn('@in', 'in_map', [a, mapAB], boolType, ([key, map]) => (map as Mapping).get(key!) !== undefined),
];

/** Planning knows `&&`, `||`, `?:` itself, since they do not need all their operands. */
const planned: Implementation = () => new Fault('no such overload');

const logic: Library = [
  fn('_?_:_', 'conditional', [boolType, a, a], a, planned),
  fn('_&&_', 'logical_and', [boolType, boolType], boolType, planned),
  fn('_||_', 'logical_or', [boolType, boolType], boolType, planned),
  fn('!_', 'logical_not', [boolType], boolType, ([value]) => !(value as boolean)),
  fn('@not_strictly_false', 'not_strictly_false', [boolType], boolType, planned),
  fn('_==_', 'equals', [a, a], boolType, ([left, right], run) => equalValues(left!, right!, run.effort)),
  fn('_!=_', 'not_equals', [a, a], boolType, ([left, right], run) => {
    const same = equalValues(left!, right!, run.effort);
    return same instanceof Fault ? same : !same;
  }),
];

export const operatorLibrary: Library = [...logic, ...sums, ...relations, ...access];
