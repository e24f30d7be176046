/**
 * Variables that are expressions themselves: `variables.name` in admission policies. Each may read those declared before it,
 * has the type that its expression has, and is evaluated when it is first read, once for all expressions that read it.
 */
import type { Compiled, Environment } from '#environment.ts';
import { type Bindings, perCallLimit, type Program } from '#evaluate/program.ts';
import { structType, type Type } from '#types/type.ts';
import { Fault, Mapping, type Outcome, type Value } from '#values/value.ts';

const typeName = 'kubernetes.variables';

export class Composition {
  readonly #base: Environment;
  readonly #types = new Map<string, Type>();
  readonly #programs = new Map<string, Program>();
  readonly #type: Type;

  constructor(base: Environment) {
    this.#base = base;
    this.#type = structType(typeName, (name) => this.#types.get(name));
  }

  /** The base, with `variables` as declared until now. */
  get environment(): Environment {
    return this.#base.extend({ variables: { variables: this.#type } });
  }

  /** Compiles and declares a variable. One that does not compile is not declared. */
  declare(name: string, expression: string): Compiled {
    const compiled = this.environment.compile(expression);
    if (compiled.ok) {
      this.#types.set(name, compiled.type);
      this.#programs.set(name, compiled.program);
    }
    return compiled;
  }

  /** Variables for one object: evaluated with `bindings`, at most at the cost of `costLimit` together. */
  bind(bindings: Bindings, { costLimit }: { readonly costLimit: number }): BoundVariables {
    return new BoundVariables(this.#type, this.#programs, bindings, costLimit);
  }
}

/** Bind the variable `variables` to it. */
export class BoundVariables extends Mapping {
  readonly #programs: ReadonlyMap<string, Program>;
  readonly #bindings: Bindings;
  readonly #values = new Map<string, Outcome>();
  #left: number;
  #spent = 0;

  constructor(type: Type, programs: ReadonlyMap<string, Program>, bindings: Bindings, costLimit: number) {
    super(type);
    this.#programs = programs;
    this.#bindings = { ...bindings, variables: this };
    this.#left = costLimit;
  }

  /** What evaluating variables has cost, which is to be taken from the budget of the whole object. */
  get spent(): number {
    return this.#spent;
  }

  override get size(): number {
    return this.#programs.size;
  }

  override keys(): Iterable<Value> {
    return this.#programs.keys();
  }

  override get(key: Value): Outcome | undefined {
    if (typeof key !== 'string') return undefined;
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    const program = this.#programs.get(key);
    return program && this.#evaluate(key, program);
  }

  #evaluate(name: string, program: Program): Outcome {
    const result = program.evaluate(this.#bindings, { costLimit: Math.min(perCallLimit, this.#left) });
    this.#left -= result.cost;
    this.#spent += result.cost;
    const value =
      'fault' in result
        ? new Fault(`composited variable "${name}" fails to evaluate: ${result.fault}`, {
            final: result.final,
          })
        : result.value;
    // An evaluation that was cut short begins anew.
    if (!(value instanceof Fault && value.final)) this.#values.set(name, value);
    return value;
  }
}
