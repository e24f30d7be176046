/** A call: the overload that takes the values that came, its cost before and after, or the words for there being none. */
import type { Overload } from '#check/declarations.ts';
import { costAfter, costBefore } from '#cost/call-cost.ts';
import { accepts } from '#evaluate/accepts.ts';
import { strict, type Step } from '#evaluate/step.ts';
import { runtimeType } from '#values/describe.ts';
import { Fault, type Value } from '#values/value.ts';

export function dispatch(name: string, overloads: readonly Overload[], args: readonly Step[]): Step {
  return strict(args, (values, run) => {
    const overload = overloads.find((candidate) =>
      candidate.args.every((type, index) => accepts(type, values[index]!)),
    );
    if (!overload) return noSuchOverload(name, values);
    const over = run.charge(costBefore(name, overload.id, values));
    if (over) return over;
    const result = overload.call(values, run);
    if (result instanceof Fault) return result;
    return run.charge(costAfter(overload.id, result)) ?? result;
  });
}

const numbers = ['int', 'uint', 'double'];
const instants = ['google.protobuf.Timestamp', 'google.protobuf.Duration'];
const ordered = [...numbers, ...instants, 'bool', 'string', 'bytes'];

/** Whose values answer a sign themselves: cel-go then has fewer words for a second value that they don't know. */
const signTypes: Readonly<Record<string, readonly string[]>> = {
  '_<_': ordered,
  '_<=_': ordered,
  '_>_': ordered,
  '_>=_': ordered,
  '_+_': [...numbers, ...instants, 'string', 'bytes', 'list'],
  '_-_': [...numbers, ...instants],
  '_*_': numbers,
  '_/_': numbers,
  '_%_': ['int', 'uint'],
};

function noSuchOverload(name: string, values: readonly Value[]): Fault {
  if (signTypes[name]?.includes(runtimeType(values[0]!).name)) return new Fault('no such overload');
  if (/[^\w.@]|^_/.test(name)) return new Fault(`no such overload: ${name}`);
  const types = values.map((value) => runtimeType(value).name);
  return new Fault(`no such overload: ${name}(${types.join(', ')})`);
}
