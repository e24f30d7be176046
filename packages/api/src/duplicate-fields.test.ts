import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { duplicateFields } from '#duplicate-fields.ts';

test.each<[string, string[]]>([
  ['{"a": 1, "b": 2}', []],
  ['{"a": 1, "a": 2, "a": 3}', ['duplicate field "a"']],
  ['{"spec": {"replicas": 1, "x": {"replicas": 1}, "replicas": 2}}', ['duplicate field "spec.replicas"']],
  ['{"a": [{"b": 1}, {"b": 1, "b": 2}]}', ['duplicate field "a[1].b"']],
  ['{"a": "\\"a\\": {", "b": "a"}', []],
  ['{"a\\u0062": 1, "ab": 2}', ['duplicate field "ab"']],
  ['[[{"a": 1}], {"a": 1}]', []],
  ['"text"', []],
])('%s has %j', (json, expected) => {
  expect(duplicateFields(json)).toEqual(expected);
});

test('what was written from an object has none', () => {
  fc.assert(
    fc.property(fc.json(), (json) => {
      expect(duplicateFields(JSON.stringify(JSON.parse(json)))).toEqual([]);
    }),
    { numRuns: 200, seed: 1 },
  );
});
