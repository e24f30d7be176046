/**
 * Patterns of schemas as Kubernetes reads them: RE2, in time that grows with the text and nothing else. The language's own
 * expressions backtrack: thirty characters that almost match `(a+)+$` stop the whole server for seconds, and whoever may
 * write a custom resource chooses them.
 * Syntax: https://github.com/google/re2/wiki/Syntax
 */
import { RE2JS } from '@bufbuild/re2';
import { describeError } from '@skerry/base';

/** Longest pattern: reading one takes time that grows with its square. */
const lengthMax = 4096;
const compiledMax = 10_000;

/** By source; undefined for what can't be read. Emptied when full: what is in use comes back with its next use. */
const compiled = new Map<string, RE2JS | undefined>();

/** Whether the pattern occurs in the text. One that can't be read, which its definition should not have got through, never does. */
export function matchesPattern(source: string, text: string): boolean {
  if (!compiled.has(source)) {
    if (compiled.size >= compiledMax) compiled.clear();
    compiled.set(source, patternFault(source) === undefined ? RE2JS.compile(source) : undefined);
  }
  return compiled.get(source)?.test(text) ?? false;
}

/** Why a pattern can't be read; undefined when it can. */
export function patternFault(source: string): string | undefined {
  if (source.length > lengthMax) return `it is longer than ${lengthMax} characters`;
  try {
    RE2JS.compile(source);
    return undefined;
  } catch (error) {
    return describeError(error);
  }
}
