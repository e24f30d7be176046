/** Steps that choose what else is evaluated, and what counts where a part of them faults. */
import type { Step } from '#evaluate/step.ts';
import { mapKey } from '#values/collections.ts';
import { Optional } from '#values/optional.ts';
import { Fault } from '#values/value.ts';

/** Of `&&` when `deciding` is false, of `||` when it is true: one deciding side is enough, even beside a fault. */
export function logic([left, right]: readonly Step[], deciding: boolean): Step {
  return (run) => {
    const first = left!(run);
    if (first === deciding) return deciding;
    if (first instanceof Fault && first.final) return first;
    const second = right!(run);
    if (second === deciding) return deciding;
    if (second instanceof Fault && second.final) return second;
    if (first === !deciding && second === !deciding) return !deciding;
    if (first instanceof Fault) return first;
    if (second instanceof Fault) return second;
    return new Fault('no such overload');
  };
}

export function isMember(step: Step, members: ReadonlySet<string>): Step {
  return (run) => {
    const value = step(run);
    if (value instanceof Fault) return value;
    const key = mapKey(value);
    return key !== undefined && members.has(key);
  };
}

export function conditional([condition, yes, no]: readonly Step[]): Step {
  return (run) => {
    const chosen = condition!(run);
    if (chosen === true) return yes!(run);
    if (chosen === false) return no!(run);
    return chosen instanceof Fault ? chosen : new Fault('no such overload');
  };
}

export function notStrictlyFalse(step: Step): Step {
  return (run) => {
    const value = step(run);
    if (value instanceof Fault && value.final) return value;
    return run.charge(1) ?? value !== false;
  };
}

export function optionalOr([left, right]: readonly Step[], unwrap: boolean): Step {
  return (run) => {
    const value = left!(run);
    if (value instanceof Fault) return value;
    if (!(value instanceof Optional)) return new Fault('no such overload');
    if (value.value === undefined) return right!(run);
    return unwrap ? value.value : value;
  };
}
