/** One evaluation: what variables are, what loops hold, and what it may still cost. */
import { Effort, exhausted } from '#values/equality.ts';
import type { Fault, Outcome } from '#values/value.ts';

/** Values that operations may look at within one evaluation, beyond what their costs say. */
const effortMax = 5_000_000;

export class Run {
  /** Variables of loops, each at the place that planning gave it. */
  readonly slots: Outcome[];
  readonly variable: (name: string) => Outcome | undefined;
  readonly effort = new Effort(effortMax);
  readonly #costLimit: number;
  #cost = 0;

  constructor(
    slots: number,
    variable: (name: string) => Outcome | undefined,
    { costLimit }: { readonly costLimit: number },
  ) {
    this.slots = Array.from<Outcome>({ length: slots }).fill(null);
    this.variable = variable;
    this.#costLimit = costLimit;
  }

  get cost(): number {
    return this.#cost;
  }

  /** A fault that ends the evaluation when it costs too much. */
  charge(cost: number): Fault | undefined {
    this.#cost += cost;
    return this.#cost > this.#costLimit ? exhausted : undefined;
  }
}
