/**
 * Calls that are no functions: they expand, while the text is read, to the one loop of the language, or to other calls.
 * Documentation: https://github.com/google/cel-spec/blob/master/doc/langdef.md#macros
 */
import type { Builder } from '#syntax/builder.ts';
import { accumulatorName, type Expression } from '#syntax/expression.ts';

export interface MacroCall {
  /** Place of the call, which the nodes of the expansion take. */
  readonly offset: number;
  readonly name: string;
  readonly target: Expression | undefined;
  readonly args: readonly Expression[];
}

export type Expansion =
  | { readonly expression: Expression }
  | { readonly fault: string; readonly offset: number };

/** Undefined when the call is not the macro's after all. */
type Expand = (builder: Builder, call: MacroCall) => Expansion | undefined;

/** By `macroKey`. */
export type MacroTable = ReadonlyMap<string, Expand>;

function macroKey(name: string, argumentCount: number, hasTarget: boolean): string {
  return `${hasTarget ? 'of' : ''} ${name}/${argumentCount}`;
}

export function expandMacro(table: MacroTable, builder: Builder, call: MacroCall): Expansion | undefined {
  const expand = table.get(macroKey(call.name, call.args.length, call.target !== undefined));
  return expand?.(builder, call);
}

function table(entries: readonly (readonly [string, readonly number[], boolean, Expand])[]): MacroTable {
  return new Map(
    entries.flatMap(([name, counts, hasTarget, expand]) =>
      counts.map((count) => [macroKey(name, count, hasTarget), expand] as const),
    ),
  );
}

/** Which element or pair of variables a loop runs with. */
interface Loop {
  readonly range: Expression;
  readonly variable: string;
  readonly variable2: string | undefined;
  /** What follows the variables. */
  readonly rest: readonly Expression[];
}

type Body = (builder: Builder, offset: number, loop: Loop) => Expression;

/** Reads one variable (`map(x, …)`) or two (`transformList(i, x, …)`), then builds. */
function loopMacro(variables: 1 | 2, notAName: string, body: Body): Expand {
  return (builder, { offset, target, args }) => {
    const names: string[] = [];
    for (const arg of args.slice(0, variables)) {
      const at = builder.offsetOf(arg.id);
      if (arg.kind !== 'identifier') return { fault: notAName, offset: at };
      if (names.includes(arg.name)) return { fault: `duplicate variable name: ${arg.name}`, offset: at };
      if (arg.name === '__result__')
        return { fault: 'iteration variable overwrites accumulator variable', offset: at };
      names.push(arg.name);
    }
    const [variable = '', variable2] = names;
    const loop: Loop = { range: target!, variable, variable2, rest: args.slice(variables) };
    return { expression: body(builder, offset, loop) };
  };
}

/** `all` and `exists`: stops as soon as the answer is known, and forgives faults that do not change it. */
function quantifier(operator: '_&&_' | '_||_'): Body {
  return (builder, offset, { rest, ...loop }) => {
    const all = operator === '_&&_';
    const accumulator = (): Expression => builder.accumulator(offset);
    return builder.comprehension(offset, {
      ...loop,
      accumulator: accumulatorName,
      initial: builder.literal(offset, all),
      condition: builder.call(offset, '@not_strictly_false', [
        all ? accumulator() : builder.call(offset, '!_', [accumulator()]),
      ]),
      step: builder.call(offset, operator, [accumulator(), rest[0]!]),
      result: accumulator(),
    });
  };
}

function existsOne(builder: Builder, offset: number, { rest, ...loop }: Loop): Expression {
  const accumulator = (): Expression => builder.accumulator(offset);
  return builder.comprehension(offset, {
    ...loop,
    accumulator: accumulatorName,
    initial: builder.literal(offset, 0n),
    condition: builder.literal(offset, true),
    step: builder.call(offset, '_?_:_', [
      rest[0]!,
      builder.call(offset, '_+_', [accumulator(), builder.literal(offset, 1n)]),
      accumulator(),
    ]),
    result: builder.call(offset, '_==_', [accumulator(), builder.literal(offset, 1n)]),
  });
}

/** Gathers `grow(accumulator)` for the elements that pass. */
function gather(
  builder: Builder,
  offset: number,
  { range, variable, variable2 }: Loop,
  parts: {
    readonly initial: Expression;
    readonly filter: Expression | undefined;
    readonly grow: (accumulator: Expression) => Expression;
  },
): Expression {
  const grown = parts.grow(builder.accumulator(offset));
  return builder.comprehension(offset, {
    range,
    variable,
    variable2,
    accumulator: accumulatorName,
    initial: parts.initial,
    condition: builder.literal(offset, true),
    step: parts.filter
      ? builder.call(offset, '_?_:_', [parts.filter, grown, builder.accumulator(offset)])
      : grown,
    result: builder.accumulator(offset),
  });
}

function toList(builder: Builder, offset: number, loop: Loop): Expression {
  const [filter, transform] = loop.rest.length === 2 ? loop.rest : [undefined, loop.rest[0]];
  return gather(builder, offset, loop, {
    initial: builder.list(offset, []),
    filter,
    grow: (accumulator) => builder.call(offset, '_+_', [accumulator, builder.list(offset, [transform!])]),
  });
}

function filterList(builder: Builder, offset: number, loop: Loop): Expression {
  return gather(builder, offset, loop, {
    initial: builder.list(offset, []),
    filter: loop.rest[0]!,
    grow: (accumulator) =>
      builder.call(offset, '_+_', [
        accumulator,
        builder.list(offset, [builder.identifier(offset, loop.variable)]),
      ]),
  });
}

/** With `keyed` the transformed value goes under the same key; otherwise it is a map of entries. */
function toMap(keyed: boolean): Body {
  return (builder, offset, loop) => {
    const [filter, transform] = loop.rest.length === 2 ? loop.rest : [undefined, loop.rest[0]];
    return gather(builder, offset, loop, {
      initial: builder.map(offset, []),
      filter,
      grow: (accumulator) =>
        builder.call(offset, 'cel.@mapInsert', [
          accumulator,
          ...(keyed ? [builder.identifier(offset, loop.variable)] : []),
          transform!,
        ]),
    });
  };
}

function has(builder: Builder, { offset, args }: MacroCall): Expansion {
  const [arg] = args;
  if (arg?.kind !== 'select' || arg.test)
    return { fault: 'invalid argument to has() macro', offset: builder.offsetOf(arg?.id ?? 0) };
  return { expression: builder.select(offset, arg.operand, arg.field, true) };
}

/** A loop over nothing that names a value for an expression. */
export function bind(
  builder: Builder,
  offset: number,
  name: string,
  value: Expression,
  result: Expression,
): Expression {
  return builder.comprehension(offset, {
    range: builder.list(offset, []),
    variable: '#unused',
    variable2: undefined,
    accumulator: name,
    initial: value,
    condition: builder.literal(offset, false),
    step: builder.identifier(offset, name),
    result,
  });
}

/** `optMap` wraps what comes out; `optFlatMap` takes it as the optional that it is. */
function optionalMap(name: 'optMap' | 'optFlatMap'): Expand {
  return (builder, { offset, target, args }) => {
    const [variable, transform] = args;
    if (variable?.kind !== 'identifier')
      return {
        fault: `${name}() variable name must be a simple identifier`,
        offset: builder.offsetOf(variable?.id ?? 0),
      };
    const value = builder.memberCall(offset, 'value', builder.copy(target!), []);
    const mapped = bind(builder, offset, variable.name, value, transform!);
    return {
      expression: builder.call(offset, '_?_:_', [
        builder.memberCall(offset, 'hasValue', target!, []),
        name === 'optMap' ? builder.call(offset, 'optional.of', [mapped]) : mapped,
        builder.call(offset, 'optional.none', []),
      ]),
    };
  };
}

const sortInput = '@__sortBy_input__';

function sortBy(builder: Builder, call: MacroCall): Expansion {
  const { offset, target, args } = call;
  const input = builder.identifier(offset, sortInput);
  const keys = loopMacro(
    1,
    'argument is not an identifier',
    toList,
  )(builder, {
    ...call,
    target: builder.copy(input),
    args,
  });
  if (!keys || 'fault' in keys) return keys ?? { fault: 'argument is not an identifier', offset };
  const sorted = builder.memberCall(offset, '@sortByAssociatedKeys', input, [keys.expression]);
  return { expression: bind(builder, offset, sortInput, target!, sorted) };
}

/** `cel.bind(name, value, expression)`. */
function celBind(builder: Builder, { offset, target, args }: MacroCall): Expansion | undefined {
  if (target?.kind !== 'identifier' || target.name !== 'cel') return undefined;
  const [name, value, result] = args;
  if (name?.kind !== 'identifier')
    return {
      fault: 'cel.bind() variable names must be simple identifiers',
      offset: builder.offsetOf(name?.id ?? 0),
    };
  return { expression: bind(builder, offset, name.name, value!, result!) };
}

const simpleName = 'argument must be a simple name';
const notIdentifier = 'argument is not an identifier';

/** What every server of Kubernetes knows. */
export const kubernetesMacros: MacroTable = table([
  ['has', [1], false, has],
  ['all', [2], true, loopMacro(1, simpleName, quantifier('_&&_'))],
  ['exists', [2], true, loopMacro(1, simpleName, quantifier('_||_'))],
  ['exists_one', [2], true, loopMacro(1, simpleName, existsOne)],
  ['existsOne', [2], true, loopMacro(1, simpleName, existsOne)],
  ['map', [2, 3], true, loopMacro(1, notIdentifier, toList)],
  ['filter', [2], true, loopMacro(1, notIdentifier, filterList)],
  ['all', [3], true, loopMacro(2, simpleName, quantifier('_&&_'))],
  ['exists', [3], true, loopMacro(2, simpleName, quantifier('_||_'))],
  ['existsOne', [3], true, loopMacro(2, simpleName, existsOne)],
  ['exists_one', [3], true, loopMacro(2, simpleName, existsOne)],
  ['transformList', [3, 4], true, loopMacro(2, simpleName, toList)],
  ['transformMap', [3, 4], true, loopMacro(2, simpleName, toMap(true))],
  ['transformMapEntry', [3, 4], true, loopMacro(2, simpleName, toMap(false))],
  ['optMap', [2], true, optionalMap('optMap')],
  ['optFlatMap', [2], true, optionalMap('optFlatMap')],
  ['sortBy', [2], true, sortBy],
]);

/** `cel.bind`, which stock servers do not offer. */
export const bindMacro: MacroTable = table([['bind', [3], true, celBind]]);
