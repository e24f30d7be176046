import { expect, test } from 'vitest';
import { configurationFaults } from '#apply/configuration-faults.ts';
import type { Schema } from '#schema.ts';
import { builtinSchemas } from '#schemas.ts';

const pod: Schema = { ref: 'io.k8s.api.core.v1.Pod' };

test.each([
  { containers: [{ image: 'x' }] },
  { containers: [{ name: 'a', ports: [{}] }], imagePullSecrets: [{}], hostAliases: [{}] },
])('an element of %j that does not tell its key has an empty one', (spec) => {
  expect(configurationFaults(builtinSchemas, pod, { spec })).toEqual([]);
});

test('two elements that do not tell their keys have the same', () => {
  const spec = { imagePullSecrets: [{}, { name: '' }] };
  expect(configurationFaults(builtinSchemas, pod, { spec })).toEqual([
    '.spec.imagePullSecrets: duplicate entries for key [name=""]',
  ]);
});

test.each([
  [{ ref: 'io.k8s.api.core.v1.ServiceAccount' }, { secrets: [{}] }, '.secrets'],
  [listOfDefinition(), { list: [{ value: 'x' }] }, '.list'],
])('an element whose type need not have its key must tell it', (schema, value, path) => {
  expect(configurationFaults(builtinSchemas, schema, value)).toEqual([
    `${path}: element 0: associative list with keys has an element that omits all key fields ["name"] (and doesn't have default values for any key fields)`,
  ]);
});

function listOfDefinition(): Schema {
  const text: Schema = { type: 'string' };
  const items: Schema = { type: 'object', properties: { name: text, value: text }, required: ['name'] };
  return {
    type: 'object',
    properties: { list: { type: 'array', items, listType: 'map', listMapKeys: ['name'] } },
  };
}
