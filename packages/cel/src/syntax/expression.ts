/** The tree of an expression. Nodes carry a number by which types, overloads and places are found. */
import type { Uint } from '#values/uint.ts';

export type Literal = boolean | bigint | Uint | number | string | Uint8Array | null;

interface Node {
  readonly id: number;
  /** Nodes on the longest way down, counted as the parser's bound counts them. */
  readonly depth: number;
}

export interface LiteralExpression extends Node {
  readonly kind: 'literal';
  readonly value: Literal;
}

export interface IdentifierExpression extends Node {
  readonly kind: 'identifier';
  readonly name: string;
}

/** `operand.field`, or `has(operand.field)`. */
export interface SelectExpression extends Node {
  readonly kind: 'select';
  readonly operand: Expression;
  readonly field: string;
  readonly test: boolean;
}

export interface CallExpression extends Node {
  readonly kind: 'call';
  readonly name: string;
  /** What stands before the dot. */
  readonly target: Expression | undefined;
  readonly args: readonly Expression[];
}

export interface ListExpression extends Node {
  readonly kind: 'list';
  readonly elements: readonly Expression[];
  /** Positions of the elements that are written `?element`. */
  readonly optional: ReadonlySet<number>;
}

export interface Entry {
  readonly id: number;
  readonly key: Expression;
  readonly value: Expression;
  readonly optional: boolean;
}

export interface MapExpression extends Node {
  readonly kind: 'map';
  readonly entries: readonly Entry[];
}

export interface FieldInitializer {
  readonly id: number;
  readonly field: string;
  readonly value: Expression;
  readonly optional: boolean;
}

/** `TypeName{field: value}`. */
export interface StructExpression extends Node {
  readonly kind: 'struct';
  readonly typeName: string;
  readonly fields: readonly FieldInitializer[];
}

/**
 * The one loop of the language, which macros expand to: for each element of `range`, while `condition` holds, the
 * accumulator becomes `step`; then the value is `result`.
 */
export interface ComprehensionExpression extends Node {
  readonly kind: 'comprehension';
  readonly range: Expression;
  /** The element of a list or the key of a map; with `variable2` the position or key. */
  readonly variable: string;
  /** The element or value. */
  readonly variable2: string | undefined;
  readonly accumulator: string;
  readonly initial: Expression;
  readonly condition: Expression;
  readonly step: Expression;
  readonly result: Expression;
}

export type Expression =
  | LiteralExpression
  | IdentifierExpression
  | SelectExpression
  | CallExpression
  | ListExpression
  | MapExpression
  | StructExpression
  | ComprehensionExpression;

/** Name of the accumulator of the stock macros; no source text can say it. */
export const accumulatorName = '@result';

/** `a.b.c` of nothing but identifiers; undefined otherwise. */
export function qualifiedName(expression: Expression): string | undefined {
  const parts: string[] = [];
  let current = expression;
  while (current.kind === 'select' && !current.test) {
    parts.unshift(current.field);
    current = current.operand;
  }
  return current.kind === 'identifier' ? [current.name, ...parts].join('.') : undefined;
}
