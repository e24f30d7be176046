import { expect, test } from 'vitest';
import { Environment } from '#environment.ts';
import { jsonPatchLibrary } from '#libraries/json-patch.ts';
import { kubernetesLibraries } from '#libraries/kubernetes.ts';
import { dynType, structType } from '#types/type.ts';
import { toJson } from '#values/to-json.ts';
import { Fault } from '#values/value.ts';

const environment = new Environment({
  libraries: [...kubernetesLibraries, jsonPatchLibrary],
  structNamed: (name) => (/^Object(\.|$)/.test(name) ? structType(name, () => dynType) : undefined),
});

function json(expression: string): unknown {
  const compiled = environment.compile(expression);
  if (!compiled.ok) return compiled.issues;
  const result = compiled.program.evaluate({});
  if ('fault' in result) return result.fault;
  const made = toJson(result.value);
  return made instanceof Fault ? made.message : made;
}

test.each([
  ['1', 1],
  ['2u', 2],
  ['1.5', 1.5],
  ["'a'", 'a'],
  ['null', null],
  ["[dyn(1), dyn('a'), dyn(true)]", [1, 'a', true]],
  ["{'a': {'b': 1}}", { a: { b: 1 } }],
  ["{'__proto__': 1}", JSON.parse('{"__proto__":1}')],
  ['{1: 2}', 'map keys must be strings'],
  ["timestamp('2026-01-02T03:04:05Z')", '2026-01-02T03:04:05Z'],
  ["b'ab'", 'YWI='],
  ['type(1)', 'a type has no JSON'],
  [
    "Object{spec: Object.spec{replicas: 3, list: [Object.spec.list{name: 'a'}]}}",
    { spec: { replicas: 3, list: [{ name: 'a' }] } },
  ],
  ['Object{?spec: optional.none()}', {}],
  ["jsonpatch.escapeKey('a/b~c')", 'a~1b~0c'],
])('%s is %j', (expression, expected) => {
  expect(json(expression)).toEqual(expected);
});
