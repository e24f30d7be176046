/** `'…'.format([…])` whose clauses and arguments do not fit, told when both are in the expression itself. */
import type { Checked } from '#check/checker.ts';
import type { Expression } from '#syntax/expression.ts';
import { isDyn, type Kind } from '#types/type.ts';

interface Clause {
  readonly kinds: readonly Kind[];
  readonly fault: string;
}

const integers: readonly Kind[] = ['int', 'uint'];
const doubles: Clause['kinds'] = ['double'];
const hexadecimal: Clause = {
  kinds: ['int', 'uint', 'string', 'bytes'],
  fault: 'only integers, byte buffers, and strings can be formatted as hex',
};

const clauses: Readonly<Record<string, Clause>> = {
  s: {
    kinds: 'list map int uint double bool string timestamp bytes duration type null'.split(' ') as Kind[],
    fault:
      'string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps',
  },
  d: { kinds: integers, fault: 'decimal clause can only be used on integers' },
  f: { kinds: doubles, fault: 'fixed-point clause can only be used on doubles' },
  e: { kinds: doubles, fault: 'scientific clause can only be used on doubles' },
  b: { kinds: [...integers, 'bool'], fault: 'only integers and bools can be formatted as binary' },
  x: hexadecimal,
  X: hexadecimal,
  o: { kinds: integers, fault: 'octal clause can only be used on integers' },
};

/** The first thing that is wrong and the node that it is about. */
export function formatFault(
  node: Expression & { kind: 'call' },
  checked: Checked,
): { readonly node: Expression; readonly message: string } | undefined {
  const { name, target, args } = node;
  const [list] = args;
  if (name !== 'format' || target?.kind !== 'literal' || list?.kind !== 'list') return undefined;
  if (typeof target.value !== 'string') return undefined;
  let next = 0;
  for (const [match, letter = ''] of target.value.matchAll(/%(?:%|(?:\.\d+)?([\s\S])?)/g)) {
    if (match === '%%') continue;
    const clause = Object.hasOwn(clauses, letter) ? clauses[letter] : undefined;
    if (letter === '') return { node, message: 'unexpected end of string' };
    const argument = list.elements[next];
    if (!argument) return { node, message: `index ${next} out of range` };
    if (!clause)
      return {
        node,
        message: `could not parse formatting clause: unrecognized formatting clause "${letter}"`,
      };
    const type = checked.typeOf(argument);
    // Infinity and NaN are written as texts.
    const spelled =
      argument.kind === 'literal' && ['NaN', 'Infinity', '-Infinity'].some((text) => argument.value === text);
    if (!isDyn(type) && !clause.kinds.includes(type.kind) && !(clause.kinds === doubles && spelled))
      return {
        node: argument,
        message: `error during formatting: ${clause.fault}, was given ${type.toString()}`,
      };
    next++;
  }
  if (next === list.elements.length) return undefined;
  return {
    node,
    message: `too many arguments supplied to string.format (expected ${next}, got ${list.elements.length})`,
  };
}
