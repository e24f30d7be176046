import type { Plan } from '#evaluate/plan.ts';
import { Run } from '#evaluate/run.ts';
import { Fault, type Outcome, type Value } from '#values/value.ts';

/** What one expression may cost, as the servers of Kubernetes bound it. */
export const perCallLimit = 1_000_000;

/** Values of variables by name. A function is asked when, and only if, its variable is read. */
export type Bindings = Readonly<Record<string, Value | Fault | (() => Outcome)>>;

export type Evaluation =
  | { readonly value: Value; readonly cost: number }
  | {
      /** In cel-go's words: `no such key: a`, `index out of bounds: 3`. */
      readonly fault: string;
      /** The evaluation was cut short: its cost limit was reached, or the authorizer is to be asked first. */
      readonly final: boolean;
      readonly cost: number;
    };

export class Program {
  readonly #plan: Plan;

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  /** Never throws for what an expression does. */
  evaluate(
    bindings: Bindings,
    { costLimit = perCallLimit }: { readonly costLimit?: number } = {},
  ): Evaluation {
    const values = new Map<string, Outcome>();
    const variable = (name: string): Outcome | undefined => {
      if (values.has(name)) return values.get(name);
      if (!Object.hasOwn(bindings, name)) return undefined;
      const bound = bindings[name]!;
      const value = typeof bound === 'function' ? bound() : bound;
      values.set(name, value);
      return value;
    };
    const run = new Run(this.#plan.slots, variable, { costLimit });
    const outcome = this.#outcome(run);
    if (outcome instanceof Fault) return { fault: outcome.message, final: outcome.final, cost: run.cost };
    return { value: outcome, cost: run.cost };
  }

  #outcome(run: Run): Outcome {
    try {
      return this.#plan.step(run);
    } catch (error) {
      // Texts and stacks have bounds of the machine's own, which only an expression beyond all sense reaches.
      if (error instanceof RangeError) return new Fault(`internal error: ${error.message}`);
      throw error;
    }
  }
}
