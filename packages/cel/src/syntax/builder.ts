/** Makes nodes: numbers them, remembers where in the text each began, and measures depth. */
import { unreachable } from '@skerry/base';
import {
  accumulatorName,
  type ComprehensionExpression,
  type Entry,
  type Expression,
  type FieldInitializer,
  type Literal,
} from '#syntax/expression.ts';

/** Macros copy their targets, so a chain of them can double the tree at every link. */
const nodesMax = 200_000;

export class TooLargeError extends Error {
  override readonly name = 'TooLargeError';
}

export class Builder {
  /** Offset by node number. */
  readonly #offsets: number[] = [];

  id(offset: number): number {
    if (this.#offsets.length >= nodesMax) throw new TooLargeError('expression is too large');
    return this.#offsets.push(offset) - 1;
  }

  offsetOf(id: number): number {
    return this.#offsets[id] ?? 0;
  }

  literal(offset: number, value: Literal): Expression {
    return { kind: 'literal', id: this.id(offset), depth: 0, value };
  }

  identifier(offset: number, name: string): Expression {
    return { kind: 'identifier', id: this.id(offset), depth: 0, name };
  }

  select(offset: number, operand: Expression, field: string, test = false): Expression {
    return { kind: 'select', id: this.id(offset), depth: operand.depth + 1, operand, field, test };
  }

  call(offset: number, name: string, args: readonly Expression[]): Expression {
    return {
      kind: 'call',
      id: this.id(offset),
      depth: deepest(args) + (isOperatorChain(name) ? 1 : 0),
      name,
      target: undefined,
      args,
    };
  }

  memberCall(offset: number, name: string, target: Expression, args: readonly Expression[]): Expression {
    return {
      kind: 'call',
      id: this.id(offset),
      depth: Math.max(target.depth, deepest(args)) + 1,
      name,
      target,
      args,
    };
  }

  list(
    offset: number,
    elements: readonly Expression[],
    optional: ReadonlySet<number> = new Set(),
  ): Expression {
    return { kind: 'list', id: this.id(offset), depth: deepest(elements), elements, optional };
  }

  map(offset: number, entries: readonly Entry[]): Expression {
    const depth = deepest(entries.flatMap(({ key, value }) => [key, value]));
    return { kind: 'map', id: this.id(offset), depth, entries };
  }

  struct(offset: number, typeName: string, fields: readonly FieldInitializer[]): Expression {
    const depth = deepest(fields.map(({ value }) => value));
    return { kind: 'struct', id: this.id(offset), depth, typeName, fields };
  }

  comprehension(
    offset: number,
    parts: Omit<ComprehensionExpression, 'kind' | 'id' | 'depth'>,
  ): ComprehensionExpression {
    const { range, initial, condition, step, result } = parts;
    const depth = deepest([range, initial, condition, step, result]) + 1;
    return { kind: 'comprehension', id: this.id(offset), depth, ...parts };
  }

  accumulator(offset: number): Expression {
    return this.identifier(offset, accumulatorName);
  }

  /** The same tree with numbers of its own, for a macro that uses an argument twice. */
  copy(node: Expression): Expression {
    const id = this.id(this.offsetOf(node.id));
    switch (node.kind) {
      case 'literal':
      case 'identifier':
        return { ...node, id };
      case 'select':
        return { ...node, id, operand: this.copy(node.operand) };
      case 'call':
        return {
          ...node,
          id,
          target: node.target && this.copy(node.target),
          args: node.args.map((arg) => this.copy(arg)),
        };
      case 'list':
        return { ...node, id, elements: node.elements.map((element) => this.copy(element)) };
      case 'map':
        return {
          ...node,
          id,
          entries: node.entries.map((entry) => ({
            ...entry,
            key: this.copy(entry.key),
            value: this.copy(entry.value),
          })),
        };
      case 'struct':
        return {
          ...node,
          id,
          fields: node.fields.map((field) => ({ ...field, value: this.copy(field.value) })),
        };
      case 'comprehension':
        return {
          ...node,
          id,
          range: this.copy(node.range),
          initial: this.copy(node.initial),
          condition: this.copy(node.condition),
          step: this.copy(node.step),
          result: this.copy(node.result),
        };
      default:
        return unreachable(node);
    }
  }
}

function deepest(nodes: readonly Expression[]): number {
  let depth = 0;
  for (const node of nodes) depth = Math.max(depth, node.depth);
  return depth;
}

/** `&&` and `||` are balanced and so never deep. */
function isOperatorChain(name: string): boolean {
  return name !== '_&&_' && name !== '_||_';
}
