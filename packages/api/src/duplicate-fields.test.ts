import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { duplicateFields, faultOrder } from '#duplicate-fields.ts';

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

test('faults are sorted by where they stand in the text', () => {
  const text = '{"x":1,"kind":"A","kind":"B","metadata":{"y":1,"labels":{},"labels":{},"z":1}}';
  const told = [
    'unknown field "x"',
    'duplicate field "kind"',
    'unknown field "metadata.y"',
    'duplicate field "metadata.labels"',
    'unknown field "metadata.z"',
  ];
  expect(told.toReversed().sort(faultOrder(text))).toEqual(told);
});
