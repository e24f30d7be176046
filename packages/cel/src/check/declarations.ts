/** Functions as libraries declare them: a name has overloads, told apart by the types of their arguments. */
import type { Run } from '#evaluate/run.ts';
import type { Outcome, Value } from '#values/value.ts';
import type { Type } from '#types/type.ts';

/** Called with as many arguments as are declared, of the declared types. Where dyn or a variable is declared: with anything. */
export type Implementation = (args: readonly Value[], run: Run) => Outcome;

export interface Overload {
  /** Unique among all; costs are known by it. */
  readonly id: string;
  readonly name: string;
  /** `a.f(b)` rather than `f(a, b)`; the target is the first argument. */
  readonly member: boolean;
  readonly args: readonly Type[];
  readonly result: Type;
  readonly call: Implementation;
}

export type Library = readonly Overload[];

/** Overloads by name of the function. */
export type FunctionTable = ReadonlyMap<string, readonly Overload[]>;

/** A function: `f(a, b)`. */
export function fn(
  name: string,
  id: string,
  args: readonly Type[],
  result: Type,
  call: Implementation,
): Overload {
  return { id, name, member: false, args, result, call };
}

/** A member: `a.f(b)`. */
export function method(
  name: string,
  id: string,
  args: readonly Type[],
  result: Type,
  call: Implementation,
): Overload {
  return { id, name, member: true, args, result, call };
}

export function functionTable(libraries: readonly Library[]): FunctionTable {
  const table = new Map<string, Overload[]>();
  for (const overload of libraries.flat()) {
    const known = table.get(overload.name);
    if (known) known.push(overload);
    else table.set(overload.name, [overload]);
  }
  return table;
}
