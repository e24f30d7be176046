/** Regular expressions in RE2's syntax, which take time that grows with the text and nothing else. */
import { RE2JS } from '@bufbuild/re2';
import { Fault } from '#values/value.ts';

/** Reading a pattern takes time that grows with its square. */
const lengthMax = 4096;
const compiledMax = 1000;

/** Emptied when full: what is in use comes back with its next use. */
const compiled = new Map<string, RE2JS | Fault>();

export function findPattern(source: string): RE2JS | Fault {
  const known = compiled.get(source);
  if (known) return known;
  const pattern = compile(source);
  if (compiled.size >= compiledMax) compiled.clear();
  compiled.set(source, pattern);
  return pattern;
}

function compile(source: string): RE2JS | Fault {
  if (source.length > lengthMax)
    return new Fault(`error parsing regexp: it is longer than ${lengthMax} characters`);
  try {
    return RE2JS.compile(source);
  } catch (error) {
    return new Fault(error instanceof Error ? error.message : 'error parsing regexp');
  }
}
