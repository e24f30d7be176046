import { expect, test } from 'vitest';
import type { DefinitionVersion } from '#crd/definition.ts';
import { columnsOf } from '#crd/printer-columns.ts';

const now = Date.parse('2020-01-02T00:00:00Z');
const object = {
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { name: 'w', creationTimestamp: '2020-01-01T12:00:00Z' },
  spec: {
    n: 3,
    f: 1.5,
    on: true,
    text: 'text',
    none: null,
    list: ['a', 'b'],
    map: { b: '<1>', a: [true] },
    date: '2020-01-01T00:00:00Z',
    day: '2020-01-01',
    empty: '',
  },
};

function version(...columns: (readonly [type: string, jsonPath: string])[]): DefinitionVersion {
  const additionalPrinterColumns = columns.map(([type, jsonPath], index) => ({
    name: `c${index}`,
    type,
    jsonPath,
  }));
  return { name: 'v1', served: true, storage: true, additionalPrinterColumns };
}

// As stock servers fill them.
test.each([
  ['string', '.spec.text', 'text'],
  ['string', '.spec.n', '3'],
  ['string', '.spec.on', 'true'],
  ['string', '.spec.none', '<no value>'],
  ['string', '.spec.missing', null],
  ['string', '.spec.list[*]', 'a'],
  ['string', '.spec.list', '["a","b"]'],
  ['string', '.spec.map', '{"a":[true],"b":"\\u003c1\\u003e"}'],
  ['string', '.spec.n[0]', null],
  ['integer', '.spec.n', 3],
  ['integer', '.spec.f', 1],
  ['integer', '.spec.text', null],
  ['number', '.spec.f', 1.5],
  ['boolean', '.spec.on', true],
  ['boolean', '.spec.n', null],
  ['date', '.spec.date', '24h'],
  ['date', '.spec.day', '<invalid>'],
  ['date', '.spec.empty', '<unknown>'],
  ['date', '.spec.n', null],
])('a cell of type %s by %s is %j', (type, jsonPath, expected) => {
  const column = columnsOf(version([type, jsonPath])).at(-1)!;
  expect(column.cell(object, now)).toBe(expected);
});

test('without columns of its own a kind shows its age', () => {
  const columns = columnsOf(version());
  expect(columns.map((column) => [column.name, column.cell(object, now)])).toEqual([
    ['Name', 'w'],
    ['Age', '12h'],
  ]);
});

test('columns end before the first whose path is none', () => {
  const columns = columnsOf(version(['string', '.spec.n'], ['string', '.spec['], ['string', '.spec.f']));
  expect(columns.map(({ name }) => name)).toEqual(['Name', 'c0']);
});

test('a column that describes itself by nothing is described by its path', () => {
  expect(columnsOf(version(['string', '.spec.n'])).at(-1)?.description).toBe(
    'Custom resource definition column (in JSONPath format): .spec.n',
  );
});
