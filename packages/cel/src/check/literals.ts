/** Texts in the expression itself that must be readable as what they are used for: durations, times, patterns. */
import { unreachable } from '@skerry/base';
import { findPattern } from '#libraries/pattern.ts';
import type { Expression } from '#syntax/expression.ts';
import type { Issue } from '#syntax/issue.ts';
import { parseDuration, parseTimestamp } from '#values/time.ts';
import { Fault } from '#values/value.ts';

type Readable = (text: string) => boolean;

const readable: Readonly<Record<string, Readable>> = {
  duration: (text) => parseDuration(text) !== undefined,
  timestamp: (text) => parseTimestamp(text) !== undefined,
  matches: (text) => !(findPattern(text) instanceof Fault),
};

export function literalIssues(root: Expression, offsetOf: (id: number) => number): Issue[] {
  const issues: Issue[] = [];
  walk(root, (node) => {
    if (node.kind !== 'call' || !Object.hasOwn(readable, node.name)) return;
    const argument = node.args[node.name === 'matches' && !node.target ? 1 : 0];
    if (argument?.kind !== 'literal' || typeof argument.value !== 'string') return;
    if (!readable[node.name]?.(argument.value))
      issues.push({ offset: offsetOf(argument.id), message: `invalid ${node.name} argument` });
  });
  return issues;
}

export function walk(node: Expression, visit: (node: Expression) => void): void {
  visit(node);
  for (const child of childrenOf(node)) walk(child, visit);
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
