/** Parts of texts that match. Documentation: https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-regex-library */
import { type Library, method } from '#check/declarations.ts';
import type { Run } from '#evaluate/run.ts';
import { findPattern } from '#libraries/pattern.ts';
import { PatternSearch } from '#libraries/pattern-search.ts';
import { ArrayList } from '#values/collections.ts';
import { exhausted } from '#values/equality.ts';
import { Fault, type Outcome, type Value } from '#values/value.ts';
import { intType, listOf, stringType } from '#types/type.ts';

function search(text: string, source: string, run: Run, take: (search: PatternSearch) => Outcome): Outcome {
  const pattern = findPattern(source);
  if (pattern instanceof Fault) return new Fault(`Illegal regex: ${pattern.message}`);
  const found = new PatternSearch(pattern, text, (work) => run.effort.spend(work));
  const result = take(found);
  return found.exhausted ? exhausted : result;
}

function find([text, source]: readonly Value[], run: Run): Outcome {
  return search(text as string, source as string, run, (found) => {
    const span = found.first(0);
    return span ? (text as string).slice(span.start, span.end) : '';
  });
}

function findAll([text, source, limit = -1n]: readonly Value[], run: Run): Outcome {
  const max = (limit as bigint) < 0n ? Infinity : Number(limit as bigint);
  return search(text as string, source as string, run, (found) => {
    const spans = found.all(max);
    return new ArrayList(spans.map(({ start, end }) => (text as string).slice(start, end)));
  });
}

export const patternLibrary: Library = [
  method('find', 'string_find_string', [stringType, stringType], stringType, find),
  method('findAll', 'string_find_all_string', [stringType, stringType], listOf(stringType), findAll),
  method(
    'findAll',
    'string_find_all_string_int',
    [stringType, stringType, intType],
    listOf(stringType),
    findAll,
  ),
];
