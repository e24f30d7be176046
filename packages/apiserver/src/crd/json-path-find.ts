/** What a JSONPath finds in an object. */
import { unreachable } from '@skerry/base';
import type { Filter, JsonPath, Slice, Step } from '#crd/json-path.ts';

/** Paths with several `..` find the same things again and again. */
const foundMax = 10_000;

/** Why nothing is found: a filter of what is no list, an index beyond one, a comparison of what can't be compared. */
class Unfit extends Error {}

/** Undefined where the path doesn't fit the object; a path to what isn't there finds nothing. */
export function findByPath(root: unknown, path: JsonPath): unknown[] | undefined {
  try {
    return walk([root], path);
  } catch (error) {
    if (error instanceof Unfit) return undefined;
    throw error;
  }
}

function walk(values: unknown[], path: JsonPath): unknown[] {
  for (const step of path) {
    values = follow(values, step);
    if (values.length > foundMax) throw new Unfit();
  }
  return values;
}

function follow(values: unknown[], step: Step): unknown[] {
  switch (step.kind) {
    case 'field':
      return values.flatMap((value) =>
        isMap(value) && Object.hasOwn(value, step.name) ? [value[step.name]] : [],
      );
    case 'wildcard':
      return values.flatMap(partsOf);
    case 'recursive':
      return descend(values);
    case 'slice':
      return values.filter((value) => value !== null).flatMap((value) => slice(value, step.slice));
    case 'union':
      return step.members.flatMap((member) => walk(values, member));
    case 'filter':
      return values.flatMap((value) => filtered(value, step.filter));
    case 'literal':
      return values.map(() => step.value);
    case 'word':
      throw new Unfit();
    default:
      return unreachable(step);
  }
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function partsOf(value: unknown): unknown[] {
  return typeof value === 'object' && value !== null ? Object.values(value) : [];
}

/** Everything that holds something, itself first. */
function descend(values: readonly unknown[]): unknown[] {
  const found: unknown[] = [];
  const pending = [...values].reverse();
  while (pending.length > 0) {
    const value = pending.pop();
    const parts = partsOf(value);
    if (parts.length === 0 && (typeof value !== 'string' || value === '')) continue;
    if (found.push(value) > foundMax) throw new Unfit();
    pending.push(...parts.reverse());
  }
  return found;
}

function slice(value: unknown, { start = 0, end, step = 1, single }: Slice): unknown[] {
  if (!Array.isArray(value)) throw new Unfit();
  const { length } = value;
  const first = start < 0 ? start + length : start;
  let last = single ? start + 1 : (end ?? length);
  if (last < 0 || (last === 0 && single)) last += length;
  if (first === last) return [];
  if (first < 0 || first >= length || last < 0 || last > length || first > last || step <= 0)
    throw new Unfit();
  return value.slice(first, last).filter((_, index) => index % step === 0);
}

function filtered(value: unknown, { left, comparison }: Filter): unknown[] {
  if (!Array.isArray(value)) throw new Unfit();
  return value.filter((item) => {
    if (!comparison) return (findByPath(item, left) ?? []).length > 0;
    const lefts = walk([item], left);
    if (lefts.length === 0) return false;
    const rights = walk([item], comparison.right);
    if (lefts.length > 1 || rights.length > 1) throw new Unfit();
    return rights.length === 1 && compare(lefts[0], comparison.operator, rights[0]);
  });
}

function compare(left: unknown, operator: string, right: unknown): boolean {
  const kind = basicKind(left);
  if (kind !== basicKind(right)) throw new Unfit();
  if (operator === '==') return left === right;
  if (operator === '!=') return left !== right;
  if (kind === 'boolean') throw new Unfit();
  const a = left as string;
  const b = right as string;
  switch (operator) {
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    case '>=':
      return a >= b;
    default:
      throw new Unfit();
  }
}

/** Whole numbers and others don't compare. */
function basicKind(value: unknown): string {
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  if (typeof value === 'string' || typeof value === 'boolean') return typeof value;
  throw new Unfit();
}
