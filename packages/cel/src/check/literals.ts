/**
 * What the checker lets pass and servers of Kubernetes refuse all the same: texts that must be readable as what they are
 * used for (durations, times, patterns), and lists and maps whose elements are of more than one type.
 */
import { unreachable } from '@skerry/base';
import type { Checked } from '#check/checker.ts';
import { formatFault } from '#check/format-call.ts';
import { findPattern } from '#libraries/pattern.ts';
import type { Expression, Literal } from '#syntax/expression.ts';
import type { Issue } from '#syntax/issue.ts';
import { sameType, type Type, withinOptional } from '#types/type.ts';
import { durationOf, parseDuration, parseTimestamp, timestampOf } from '#values/time.ts';
import { Fault } from '#values/value.ts';

type Readable = (value: Literal) => boolean;

const second = 1_000_000_000n;

const readable: Readonly<Record<string, Readable>> = {
  duration: (value) => {
    if (typeof value === 'bigint') return durationOf(value) !== undefined;
    return typeof value !== 'string' || parseDuration(value) !== undefined;
  },
  timestamp: (value) => {
    if (typeof value === 'bigint') return timestampOf(value * second) !== undefined;
    return typeof value !== 'string' || parseTimestamp(value) !== undefined;
  },
  matches: (value) => typeof value !== 'string' || !(findPattern(value) instanceof Fault),
};

/** Arguments of these may be lists of anything. */
const mixedAllowed: ReadonlySet<string> = new Set(['format']);

export function literalIssues(root: Expression, checked: Checked, offsetOf: (id: number) => number): Issue[] {
  const issues: Issue[] = [];
  const report = (node: Expression, message: string): void => {
    issues.push({ offset: offsetOf(node.id), message });
  };
  const mismatch = (node: Expression, expected: Type, actual: Type): void => {
    report(node, `expected type '${expected.toString()}' but found '${actual.toString()}'`);
  };
  const visit = (node: Expression, mixed: boolean): void => {
    if (node.kind === 'call') {
      checkCall(node, report);
      const wrong = formatFault(node, checked);
      if (wrong) report(wrong.node, wrong.message);
    } else if (node.kind === 'list' && !mixed) checkList(node, checked, mismatch);
    else if (node.kind === 'map' && !mixed) checkMap(node, checked, mismatch);
    const below = mixed || (node.kind === 'call' && mixedAllowed.has(node.name));
    for (const child of childrenOf(node)) visit(child, below);
  };
  visit(root, false);
  return issues;
}

function checkCall(
  node: Expression & { kind: 'call' },
  report: (node: Expression, message: string) => void,
): void {
  const { name, args, target } = node;
  if (!Object.hasOwn(readable, name)) return;
  const argument = args[name === 'matches' && !target ? 1 : 0];
  if (argument?.kind === 'literal' && !readable[name]?.(argument.value))
    report(argument, `invalid ${name} argument`);
}

type Mismatch = (node: Expression, expected: Type, actual: Type) => void;

/** The first element that differs is named. */
function checkList(node: Expression & { kind: 'list' }, checked: Checked, mismatch: Mismatch): void {
  let expected: Type | undefined;
  for (const [index, element] of node.elements.entries()) {
    const type = checked.typeOf(element);
    const actual = node.optional.has(index) ? withinOptional(type).type : type;
    if (expected && !sameType(expected, actual)) {
      mismatch(element, expected, actual);
      return;
    }
    expected ??= actual;
  }
}

function checkMap(node: Expression & { kind: 'map' }, checked: Checked, mismatch: Mismatch): void {
  let first: { readonly key: Type; readonly value: Type } | undefined;
  for (const entry of node.entries) {
    const key = checked.typeOf(entry.key);
    const type = checked.typeOf(entry.value);
    const value = entry.optional ? withinOptional(type).type : type;
    if (first && !sameType(first.key, key)) mismatch(entry.key, first.key, key);
    if (first && !sameType(first.value, value)) mismatch(entry.value, first.value, value);
    first ??= { key, value };
  }
}

function childrenOf(node: Expression): readonly Expression[] {
  switch (node.kind) {
    case 'literal':
    case 'identifier':
      return [];
    case 'select':
      return [node.operand];
    case 'call':
      return node.target ? [node.target, ...node.args] : node.args;
    case 'list':
      return node.elements;
    case 'map':
      return node.entries.flatMap(({ key, value }) => [key, value]);
    case 'struct':
      return node.fields.map(({ value }) => value);
    case 'comprehension':
      return [node.range, node.initial, node.condition, node.step, node.result];
    default:
      return unreachable(node);
  }
}
