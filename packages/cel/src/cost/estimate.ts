/**
 * What an expression costs at least and at most, told from its text, its types and the bounds of schemas. Rules whose most
 * is too much are refused when they are written, so this follows the reckoning of Kubernetes' servers step by step.
 */
import { unreachable } from '@skerry/base';
import type { Checked } from '#check/checker.ts';
import { callEstimate } from '#cost/call-estimate.ts';
import { exactly, plus, type Range, times, union, unknownSize, zero } from '#cost/range.ts';
import type { Expression } from '#syntax/expression.ts';
import type { Declared } from '#types/declared.ts';
import { isOptionalType, type Type } from '#types/type.ts';
import { codePointLength } from '#values/describe.ts';

export type CostRange = Range;

export function estimateCost(
  root: Expression,
  checked: Checked,
  declared: (variable: string) => Declared | undefined,
): CostRange {
  return new Estimator(checked, declared).cost(root);
}

/** Sizes of what a container holds. */
interface EntrySizes {
  readonly container: 'list' | 'map';
  readonly key: Range;
  readonly value: Range;
}

interface Local {
  readonly path: Path | undefined;
  readonly size: Range | undefined;
  readonly entries: EntrySizes | undefined;
}

/** Variable first, then names of fields, '@items', '@keys', '@values'. */
export type Path = readonly string[];

/** What the estimate of a call may ask about an argument. */
export interface Argument {
  readonly node: Expression | undefined;
  readonly type: Type;
  readonly path: Path | undefined;
  readonly size: Range;
  /** The size is that of a value in the expression or of a schema, not a guess. */
  readonly known: boolean;
}

export class Estimator {
  readonly #checked: Checked;
  readonly #declared: (variable: string) => Declared | undefined;
  readonly #paths = new Map<number, Path>();
  readonly #sizes = new Map<number, Range>();
  readonly #entries = new Map<number, EntrySizes>();
  readonly #locals: { readonly name: string; readonly local: Local }[] = [];

  constructor(checked: Checked, declared: (variable: string) => Declared | undefined) {
    this.#checked = checked;
    this.#declared = declared;
  }

  cost(node: Expression): Range {
    switch (node.kind) {
      case 'literal':
        return zero;
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
        return node.fields.reduce((sum, { value }) => plus(sum, this.cost(value)), exactly(40));
      case 'comprehension':
        return node.variable === '#unused' ? this.#bind(node) : this.#comprehension(node);
      default:
        return unreachable(node);
    }
  }

  #local(name: string): Local | undefined {
    return this.#locals.findLast((entry) => entry.name === name)?.local;
  }

  #identifier(node: Expression & { kind: 'identifier' }): Range {
    const local = this.#local(node.name);
    const path = local ? local.path : [node.name];
    if (path) this.#paths.set(node.id, path);
    return exactly(1);
  }

  #select(node: Expression & { kind: 'select' }): Range {
    if (this.#checked.variableOf(node) !== undefined) return exactly(1);
    const operand = this.cost(node.operand);
    if (node.test) return operand;
    const { kind } = this.#checked.typeOf(node.operand);
    this.#extendPath(node, node.operand, node.field);
    return kind === 'map' || kind === 'struct' ? plus(operand, exactly(1)) : operand;
  }

  #extendPath(node: Expression, from: Expression, step: string): void {
    this.#paths.set(node.id, [...(this.#pathOf(from) ?? []), step]);
  }

  #pathOf(node: Expression): Path | undefined {
    if (node.kind === 'identifier') {
      const local = this.#local(node.name);
      if (local) return local.path;
    }
    return this.#paths.get(node.id);
  }

  #call(node: Expression & { kind: 'call' }): Range {
    const name = this.#checked.functionOf(node) ?? node.name;
    if (name === 'dyn' && node.args.length === 1) return this.#dyn(node, node.args[0]!);
    const argCosts = node.args.map((arg) => this.cost(arg));
    const args = node.args.map((arg) => this.#argument(arg));
    const overloads = this.#checked.overloadsOf(node);
    if (overloads.length === 0) return zero;
    const hasTarget = node.target !== undefined && name === node.name;
    const targetCost = hasTarget ? this.cost(node.target) : zero;
    const target = hasTarget ? this.#argument(node.target) : undefined;
    let cost: Range | undefined;
    let size: Range | undefined;
    for (const { id } of overloads) {
      const estimate = callEstimate(name, id, target, args, argCosts, this);
      cost = cost ? union(cost, estimate.cost) : estimate.cost;
      if (estimate.size) size = size ? union(size, estimate.size) : estimate.size;
      size = this.#afterOverload(node, id, size);
    }
    if (size) this.#sizes.set(node.id, size);
    return plus(targetCost, cost ?? zero);
  }

  /** Paths of indexed elements, and sizes of entries that calls pass on. */
  #afterOverload(
    node: Expression & { kind: 'call' },
    overloadId: string,
    given: Range | undefined,
  ): Range | undefined {
    const [first, second, third] = node.args;
    let size = given;
    switch (overloadId) {
      case 'index_list':
      case 'index_map':
        size = this.#entriesOf(first!)?.value;
        this.#extendPath(node, first!, overloadId === 'index_list' ? '@items' : '@values');
        break;
      case 'conditional':
        this.#unionEntries(node, second!, third!);
        break;
      case 'add_string':
      case 'add_bytes':
      case 'add_list':
        this.#unionEntries(node, first!, second!);
        break;
      default:
        break;
    }
    return size ?? this.sizeOf(node);
  }

  #unionEntries(node: Expression, a: Expression, b: Expression): void {
    const left = this.#entriesOf(a);
    const right = this.#entriesOf(b);
    if (!left || !right) return;
    this.#entries.set(node.id, {
      container: left.container,
      key: union(left.key, right.key),
      value: union(left.value, right.value),
    });
  }

  #dyn(node: Expression, arg: Expression): Range {
    const cost = plus(this.cost(arg), exactly(1));
    this.#copySizes(node, arg);
    return cost;
  }

  #copySizes(to: Expression, from: Expression): void {
    const size = this.sizeOf(from);
    if (size) this.#sizes.set(to.id, size);
    const entries = this.#entriesOf(from);
    if (entries) this.#entries.set(to.id, entries);
  }

  #argument(node: Expression): Argument {
    const path = this.#pathOf(node);
    const size = this.sizeOf(node);
    return {
      node,
      type: this.#checked.typeOf(node),
      // What a loop gathers is at no place of a schema.
      path: path?.[0]?.startsWith('@result') ? undefined : path,
      size: size ?? unknownSize,
      known: size !== undefined,
    };
  }

  /** The elements of a list argument, for functions that walk them. */
  elementOf(list: Argument): Argument | undefined {
    const type = list.type.params[0];
    if (!type) return undefined;
    const path = list.path && [...list.path, '@items'];
    const size = this.#declaredSize(path);
    return { node: undefined, type, path, size: size ?? unknownSize, known: size !== undefined };
  }

  #list(node: Expression & { kind: 'list' }): Range {
    let cost = zero;
    let value: Range | undefined;
    for (const element of node.elements) {
      cost = plus(cost, this.cost(element));
      const size = this.sizeOf(element) ?? unknownSize;
      value = value ? union(value, size) : size;
    }
    this.#entries.set(node.id, { container: 'list', key: exactly(1), value: value ?? zero });
    return plus(cost, exactly(10));
  }

  #map(node: Expression & { kind: 'map' }): Range {
    let cost = zero;
    let keys: Range | undefined;
    let values: Range | undefined;
    for (const { key, value } of node.entries) {
      cost = plus(plus(cost, this.cost(key)), this.cost(value));
      const keySize = this.sizeOf(key) ?? unknownSize;
      const valueSize = this.sizeOf(value) ?? unknownSize;
      keys = keys ? union(keys, keySize) : keySize;
      values = values ? union(values, valueSize) : valueSize;
    }
    this.#entries.set(node.id, { container: 'map', key: keys ?? zero, value: values ?? zero });
    return plus(cost, exactly(30));
  }

  #bind(node: Expression & { kind: 'comprehension' }): Range {
    let cost = plus(this.cost(node.range), this.cost(node.initial));
    this.#push(node.accumulator, this.#localOf(node.initial));
    cost = plus(cost, this.cost(node.result));
    this.#locals.pop();
    this.#copySizes(node, node.result);
    return cost;
  }

  #push(name: string, local: Local): void {
    this.#locals.push({ name, local });
  }

  #localOf(node: Expression): Local {
    return { path: this.#pathOf(node), size: this.sizeOf(node), entries: this.#entriesOf(node) };
  }

  #comprehension(node: Expression & { kind: 'comprehension' }): Range {
    let cost = plus(this.cost(node.range), this.cost(node.initial));
    this.#push(node.accumulator, this.#localOf(node.initial));
    this.#pushLoop(node);
    const each = plus(this.cost(node.condition), this.cost(node.step));
    this.#locals.length -= node.variable2 === undefined ? 1 : 2;
    cost = plus(cost, this.cost(node.result));
    this.#locals.pop();
    const count = this.sizeOf(node.range) ?? unknownSize;
    cost = plus(cost, times(count, each));
    if (node.initial.kind === 'literal') {
      const size = this.sizeOf(node.initial);
      if (size) this.#sizes.set(node.id, size);
    } else if (node.initial.kind === 'list' || node.initial.kind === 'map') {
      this.#sizes.set(node.id, count);
      const entries = this.#entriesOf(node.step);
      if (entries) this.#entries.set(node.id, entries);
    }
    return cost;
  }

  #pushLoop(node: Expression & { kind: 'comprehension' }): void {
    const entries = this.#entriesOf(node.range);
    const list = (entries?.container ?? this.#checked.typeOf(node.range).kind) === 'list';
    const path = this.#pathOf(node.range) ?? [];
    const value: Local = {
      path: [...path, list ? '@items' : '@values'],
      size: entries?.value,
      entries: undefined,
    };
    const key: Local = {
      path: [...path, list ? '@indices' : '@keys'],
      size: entries?.key,
      entries: undefined,
    };
    if (node.variable2 !== undefined) {
      this.#push(node.variable, key);
      this.#push(node.variable2, value);
    } else this.#push(node.variable, list ? value : key);
  }

  sizeOf(node: Expression): Range | undefined {
    const known = this.#sizes.get(node.id) ?? literalSize(node);
    if (known) return known;
    const declared = this.#declaredSize(this.#pathOf(node));
    if (declared) {
      this.#sizes.set(node.id, declared);
      return declared;
    }
    if (isScalar(this.#checked.typeOf(node))) return exactly(1);
    return node.kind === 'identifier' ? this.#local(node.name)?.size : undefined;
  }

  #entriesOf(node: Expression): EntrySizes | undefined {
    const known = this.#entries.get(node.id);
    if (known) return known;
    return node.kind === 'identifier' ? this.#local(node.name)?.entries : undefined;
  }

  #declaredSize(path: Path | undefined): Range | undefined {
    if (!path || path.length === 0) return undefined;
    let declared = this.#declared(path[0]!);
    for (const step of path.slice(1)) {
      if (!declared) return undefined;
      if (step === '@items' || step === '@values') declared = declared.element;
      else if (step === '@keys') declared = declared.key;
      else declared = declared.fields?.get(step) ?? declared.named;
    }
    return declared && { min: 0, max: declared.maxElements };
  }
}

function literalSize(node: Expression): Range | undefined {
  switch (node.kind) {
    case 'literal':
      if (typeof node.value === 'string') return exactly(codePointLength(node.value));
      return exactly(node.value instanceof Uint8Array ? node.value.length : 1);
    case 'list':
      return exactly(node.elements.length);
    case 'map':
      return exactly(node.entries.length);
    default:
      return undefined;
  }
}

const scalars: ReadonlySet<string> = new Set(['bool', 'double', 'duration', 'int', 'timestamp', 'uint']);

function isScalar(type: Type): boolean {
  if (isOptionalType(type)) return type.params[0] !== undefined && isScalar(type.params[0]);
  return scalars.has(type.kind);
}
