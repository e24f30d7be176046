/** What a node of an expression becomes: a function that evaluates it, and charges for it. */
import type { Run } from '#evaluate/run.ts';
import { Fault, type Outcome, type Value } from '#values/value.ts';

export type Step = (run: Run) => Outcome;

/** A value that is made when it is first asked for: what `cel.bind` names. */
export class Late {
  readonly make: Step;

  constructor(make: Step) {
    this.make = make;
  }
}

/** All arguments have values, or the first fault is the result. */
export function strict(steps: readonly Step[], apply: (values: readonly Value[], run: Run) => Outcome): Step {
  return (run) => {
    const values: Value[] = [];
    for (const step of steps) {
      const value = step(run);
      if (value instanceof Fault) return value;
      values.push(value);
    }
    return apply(values, run);
  };
}

export function readSlot(slot: number): Step {
  return (run) => {
    const over = run.charge(1);
    if (over) return over;
    const value = run.slots[slot]!;
    if (!((value as unknown) instanceof Late)) return value;
    const made = (value as unknown as Late).make(run);
    run.slots[slot] = made;
    return made;
  };
}
