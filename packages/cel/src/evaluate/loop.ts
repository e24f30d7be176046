/** What macros become: a loop over a range, with an accumulator that every round makes anew. */
import type { Step } from '#evaluate/step.ts';
import { Fault, List, Mapping, type Outcome, type Value } from '#values/value.ts';

export interface Loop {
  readonly range: Step;
  readonly initial: Step;
  readonly accumulator: number;
  readonly first: number;
  readonly second: number | undefined;
  readonly condition: Step;
  readonly step: Step;
  readonly result: Step;
}

export function loop({ range, initial, accumulator, first, second, condition, step, result }: Loop): Step {
  return (run) => {
    const over = range(run);
    if (over instanceof Fault) return over;
    run.slots[accumulator] = initial(run);
    for (const [position, value] of elementsOf(over, second !== undefined)) {
      run.slots[first] = second === undefined ? value : position;
      if (second !== undefined) run.slots[second] = value;
      const more = condition(run);
      if (more instanceof Fault && more.final) return more;
      if (more !== true) break;
      const next = step(run);
      if (next instanceof Fault && next.final) return next;
      run.slots[accumulator] = next;
    }
    return result(run);
  };
}

/** Position and element of a list; of a map key and value, or the key twice where only it is wanted. */
function* elementsOf(value: Value, pairs: boolean): Generator<readonly [Value, Outcome]> {
  if (value instanceof List)
    for (let index = 0; index < value.length; index++) yield [BigInt(index), value.at(index)];
  else if (value instanceof Mapping)
    for (const key of value.keys()) yield [key, pairs ? value.get(key)! : key];
  else {
    const fault = new Fault('no such overload');
    yield [0n, fault];
  }
}
