/**
 * From a checked tree to a function that evaluates it. Names are looked up once, here: loops' variables become places in an
 * array, calls become the overloads that fit. Every step charges what cel-go would charge, so that budgets mean the same.
 */
import { unreachable } from '@skerry/base';
import type { Checked } from '#check/checker.ts';
import { accepts } from '#evaluate/accepts.ts';
import { fieldOf, hasField, insert, mapOfPairs, notOptional } from '#evaluate/containers.ts';
import { conditional, isMember, logic, notStrictlyFalse, optionalOr } from '#evaluate/decisions.ts';
import { dispatch } from '#evaluate/dispatch.ts';
import { loop } from '#evaluate/loop.ts';
import { Run } from '#evaluate/run.ts';
import { Late, readSlot, type Step, strict } from '#evaluate/step.ts';
import { elementAt, entryAt } from '#libraries/operators.ts';
import { optionalAt } from '#libraries/optionals.ts';
import { findPattern } from '#libraries/pattern.ts';
import type { Expression } from '#syntax/expression.ts';
import { ArrayList, mapKey, ValueMap } from '#values/collections.ts';
import { Optional } from '#values/optional.ts';
import { Fault, List, Mapping, type Outcome, type Value } from '#values/value.ts';
import { type Type } from '#types/type.ts';

export interface PlanContext {
  readonly checked: Checked;
  /** Values of names that stand for types. */
  typeNamed(name: string): Type | undefined;
  struct(name: string): Type | undefined;
}

export interface Plan {
  readonly step: Step;
  /** Places that loops need. */
  readonly slots: number;
}

export function plan(root: Expression, context: PlanContext): Plan {
  const planner = new Planner(context);
  return { step: planner.plan(root), slots: planner.slots };
}

/** An expression that can't be evaluated whatever its variables are: `int('a')`. */
export class InstantiationError extends Error {
  override readonly name = 'InstantiationError';
}

const conversions: ReadonlySet<string> = new Set(
  'bool bytes double duration dyn int string timestamp type uint'.split(' '),
);

const listCost = 10;
const mapCost = 30;
const structCost = 40;

class Planner {
  slots = 0;
  readonly #planning = new Run(0, () => undefined, { costLimit: 0 });
  readonly #context: PlanContext;
  readonly #locals: { readonly name: string; readonly slot: number }[] = [];

  constructor(context: PlanContext) {
    this.#context = context;
  }

  plan(node: Expression): Step {
    const constant = this.#constant(node);
    if (constant !== undefined) return () => constant;
    switch (node.kind) {
      case 'literal':
        return () => node.value;
      case 'identifier':
        return this.#identifier(node);
      case 'select':
        return this.#select(node);
      case 'call':
        return this.#call(node);
      case 'list':
        return this.#list(node);
      case 'map':
        return this.#map(node);
      case 'struct':
        return this.#struct(node);
      case 'comprehension':
        return this.#comprehension(node);
      default:
        return unreachable(node);
    }
  }

  /** What is known now and so costs nothing later: literals, what is made of them, conversions of them. */
  #constant(node: Expression): Value | undefined {
    switch (node.kind) {
      case 'literal':
        return node.value;
      case 'list':
        return this.#constantList(node);
      case 'map':
        return this.#constantMap(node);
      case 'call':
        return this.#constantCall(node);
      case 'identifier':
      case 'select':
        return this.#constantType(node);
      default:
        return undefined;
    }
  }

  /** Names of types, that no variable has taken. */
  #constantType(node: Expression): Type | undefined {
    const name = this.#context.checked.variableOf(node);
    return name === undefined ? undefined : this.#context.typeNamed(name);
  }

  #constantList(node: Expression & { kind: 'list' }): Value | undefined {
    if (node.optional.size > 0) return undefined;
    const values: Value[] = [];
    for (const element of node.elements) {
      const value = this.#constant(element);
      if (value === undefined) return undefined;
      values.push(value);
    }
    return new ArrayList(values);
  }

  #constantMap(node: Expression & { kind: 'map' }): Value | undefined {
    const pairs: (readonly [Value, Value])[] = [];
    for (const entry of node.entries) {
      const key = this.#constant(entry.key);
      const value = this.#constant(entry.value);
      if (key === undefined || value === undefined || entry.optional) return undefined;
      pairs.push([key, value]);
    }
    const map = mapOfPairs(pairs);
    return map instanceof Fault ? undefined : map;
  }

  #constantCall(node: Expression & { kind: 'call' }): Value | undefined {
    const { name, args, target } = node;
    if (name === '@in' && args[1]?.kind === 'list' && args[1].elements.length === 0) return false;
    if (target || args.length !== 1 || !conversions.has(name)) return undefined;
    const value = this.#constant(args[0]!);
    if (value === undefined) return undefined;
    const overload = this.#context.checked
      .overloadsOf(node)
      .find((candidate) => accepts(candidate.args[0]!, value));
    const result = overload?.call([value], this.#planning);
    if (result instanceof Fault) throw new InstantiationError(result.message);
    return result;
  }

  #identifier(node: Expression & { kind: 'identifier' }): Step {
    const local = node.name.startsWith('.')
      ? undefined
      : this.#locals.findLast(({ name }) => name === node.name);
    if (local) return readSlot(local.slot);
    return this.#variable(this.#context.checked.variableOf(node) ?? node.name);
  }

  #variable(name: string): Step {
    return (run) => {
      const over = run.charge(1);
      if (over) return over;
      const value = run.variable(name);
      return value === undefined ? new Fault(`no such attribute(s): ${name}`) : value;
    };
  }

  #select(node: Expression & { kind: 'select' }): Step {
    const whole = this.#context.checked.variableOf(node);
    if (whole !== undefined) return this.#variable(whole);
    const operand = this.plan(node.operand);
    const { field, test } = node;
    // A value that no name leads to costs one more to begin a path from.
    const cost = (test ? 0 : 1) + (isPath(node.operand) ? 0 : 1);
    return (run) => {
      const value = operand(run);
      if (value instanceof Fault) return value;
      const over = run.charge(cost);
      if (over) return over;
      return test ? hasField(value, field) : fieldOf(value, field);
    };
  }

  #call(node: Expression & { kind: 'call' }): Step {
    const { checked } = this.#context;
    const name = checked.functionOf(node) ?? node.name;
    const target = checked.functionOf(node) === undefined ? node.target : undefined;
    const args = (target ? [target, ...node.args] : node.args).map((arg) => this.plan(arg));
    switch (name) {
      case '_&&_':
        return logic(args, false);
      case '_||_':
        return logic(args, true);
      case '_?_:_':
        return conditional([args[0]!, this.#branch(node.args[1]!), this.#branch(node.args[2]!)]);
      case '@not_strictly_false':
        return notStrictlyFalse(args[0]!);
      case '@in': {
        const members = this.#members(node.args[1]!);
        if (members) return isMember(args[0]!, members);
        break;
      }
      case '_[_]':
        return this.#index(node, args);
      case '_?._':
      case '_[?_]':
        return strict(args, (values, run) => run.charge(1) ?? optionalAt(values[0]!, values[1]!));
      case 'cel.@mapInsert':
        return strict(args, (values, run) => run.charge(1) ?? insert(values));
      default:
        break;
    }
    if (target && (name === 'or' || name === 'orValue') && args.length === 2)
      return optionalOr(args, name === 'orValue');
    if (name === 'find' || name === 'findAll') checkPattern(node.args[0]);
    return dispatch(name, checked.overloadsOf(node), args);
  }

  /** A branch of `?:`. Where a name leads to its value, the name itself costs nothing. */
  #branch(node: Expression): Step {
    const step = this.plan(node);
    return this.#constant(node) === undefined && isNamePath(node)
      ? (run) => run.charge(-1) ?? step(run)
      : step;
  }

  /** Keys of a list of known scalars, in which a value is found at once. */
  #members(node: Expression): ReadonlySet<string> | undefined {
    const list = node.kind === 'list' ? this.#constantList(node) : undefined;
    if (!(list instanceof ArrayList)) return undefined;
    const keys = new Set<string>();
    for (let index = 0; index < list.length; index++) {
      const key = mapKey(list.at(index));
      if (key === undefined) return undefined;
      keys.add(key);
    }
    return keys;
  }

  #index(node: Expression & { kind: 'call' }, args: readonly Step[]): Step {
    const cost = isPath(node.args[0]!) ? 1 : 2;
    return strict(args, ([container, key], run) => {
      const over = run.charge(cost);
      if (over) return over;
      if (container instanceof List) return elementAt(container, key!);
      if (container instanceof Mapping) return entryAt(container, key!);
      return container instanceof Optional ? optionalAt(container, key!) : new Fault(`no such overload`);
    });
  }

  #list(node: Expression & { kind: 'list' }): Step {
    const { elements, optional } = node;
    const steps = elements.map((element) => this.plan(element));
    return (run) => {
      const items: Value[] = [];
      for (const [index, step] of steps.entries()) {
        const value = step(run);
        if (value instanceof Fault) return value;
        if (!optional.has(index)) items.push(value);
        else if (!(value instanceof Optional)) return notOptional(value);
        else if (value.value !== undefined) items.push(value.value);
      }
      return run.charge(listCost) ?? new ArrayList(items);
    };
  }

  #map(node: Expression & { kind: 'map' }): Step {
    const entries = node.entries.map(({ key, value, optional }) => ({
      key: this.plan(key),
      value: this.plan(value),
      optional,
    }));
    return (run) => {
      const pairs: (readonly [Value, Value])[] = [];
      for (const entry of entries) {
        const key = entry.key(run);
        if (key instanceof Fault) return key;
        const value = entry.value(run);
        if (value instanceof Fault) return value;
        if (!entry.optional) pairs.push([key, value]);
        else if (!(value instanceof Optional)) return notOptional(value);
        else if (value.value !== undefined) pairs.push([key, value.value]);
      }
      return run.charge(mapCost) ?? mapOfPairs(pairs);
    };
  }

  #struct(node: Expression & { kind: 'struct' }): Step {
    const type = this.#context.struct(node.typeName.replace(/^\./, ''));
    const fields = node.fields.map(({ field, value, optional }) => ({
      field,
      value: this.plan(value),
      optional,
    }));
    return (run) => {
      const pairs: (readonly [Value, Value])[] = [];
      for (const entry of fields) {
        const value = entry.value(run);
        if (value instanceof Fault) return value;
        if (!entry.optional) pairs.push([entry.field, value]);
        else if (!(value instanceof Optional)) return notOptional(value);
        else if (value.value !== undefined) pairs.push([entry.field, value.value]);
      }
      return run.charge(structCost) ?? ValueMap.of(pairs, type);
    };
  }

  #slot(name: string): number {
    const slot = this.slots++;
    this.#locals.push({ name, slot });
    return slot;
  }

  #comprehension(node: Expression & { kind: 'comprehension' }): Step {
    const range = this.plan(node.range);
    const initial = this.plan(node.initial);
    const accumulator = this.#slot(node.accumulator);
    if (node.variable === '#unused') {
      const result = this.plan(node.result);
      this.#locals.pop();
      return (run) => {
        // What is read of it is made then; until then the place holds how.
        run.slots[accumulator] = new Late(initial) as unknown as Outcome;
        return result(run);
      };
    }
    const first = this.#slot(node.variable);
    const second = node.variable2 === undefined ? undefined : this.#slot(node.variable2);
    const condition = this.plan(node.condition);
    const step = this.#gathering(node) ?? this.plan(node.step);
    this.#locals.length -= second === undefined ? 1 : 2;
    const result = this.plan(node.result);
    this.#locals.pop();
    return loop({ range, initial, accumulator, first, second, condition, step, result });
  }

  /** `accumulator + [x]`, as macros write it, grows the list rather than joining two. */
  #gathering(node: Expression & { kind: 'comprehension' }): Step | undefined {
    const grown = node.step;
    if (node.initial.kind !== 'list' || grown.kind !== 'call') return undefined;
    if (grown.name === '_?_:_') {
      const [condition, yes, no] = grown.args;
      const append = this.#append(yes!, node.accumulator);
      return append && conditional([this.plan(condition!), append, this.#branch(no!)]);
    }
    return this.#append(grown, node.accumulator);
  }

  #append(node: Expression, accumulator: string): Step | undefined {
    if (node.kind !== 'call' || node.name !== '_+_') return undefined;
    const [left, right] = node.args;
    if (left?.kind !== 'identifier' || left.name !== accumulator) return undefined;
    if (right?.kind !== 'list' || right.elements.length !== 1 || right.optional.size > 0) return undefined;
    const steps = [this.plan(left), this.plan(right.elements[0]!)];
    return strict(steps, ([list, item], run) => {
      return run.charge(1 + listCost) ?? (list as ArrayList).appended(item!);
    });
  }
}

/** Whether a name leads to the value, by fields and positions. */
function isPath(node: Expression): boolean {
  switch (node.kind) {
    case 'identifier':
    case 'select':
      return true;
    case 'call':
      return node.name === '_[_]' || node.name === '_?._' || node.name === '_[?_]' || node.name === '_?_:_';
    default:
      return false;
  }
}

/** Whether nothing but fields and positions of a variable leads to the value. */
function isNamePath(node: Expression): boolean {
  if (node.kind === 'identifier') return true;
  if (node.kind === 'select') return !node.test && isNamePath(node.operand);
  return node.kind === 'call' && node.name === '_[_]' && isNamePath(node.args[0]!);
}

/** A pattern in the expression itself must be readable. */
function checkPattern(node: Expression | undefined): void {
  if (node?.kind !== 'literal' || typeof node.value !== 'string') return;
  const pattern = findPattern(node.value);
  if (pattern instanceof Fault) throw new InstantiationError(pattern.message);
}
