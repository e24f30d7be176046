import { expect, test } from 'vitest';
import { validateListTypes } from '#list-types.ts';
import { validateStructural } from '#schema-validate.ts';
import type { Schema } from '#schema.ts';
import { applyDefaults, pruneUnknown } from '#structural-schema.ts';

const set = { schemas: {} };
const at = (schema: Schema): Schema => ({ type: 'object', properties: { x: schema } });

test('a duration of a hundred thousand digits is refused in linear time', () => {
  const digits = `${'0'.repeat(300_000)}@`;
  const schema = at({ type: 'string', format: 'duration' });
  expect(validateStructural(set, schema, { x: digits }, '')).toHaveLength(1);
});

test.each<[Schema, unknown, string]>([
  [
    { type: 'integer' },
    'a',
    'FieldValueTypeInvalid spec.x: Invalid value: "string": spec.x in body must be of type integer: "string"',
  ],
  [{ type: 'number' }, 1, ''],
  [
    { type: 'string' },
    null,
    'FieldValueTypeInvalid spec.x: Invalid value: "null": spec.x in body must be of type string: "null"',
  ],
  [{ type: 'string', nullable: true }, null, ''],
  [{ intOrString: true }, '25%', ''],
  [
    { type: 'string', enum: ['b', 'a'] },
    'c',
    'FieldValueNotSupported spec.x: Unsupported value: "c": supported values: "b", "a"',
  ],
  [
    { type: 'integer', minimum: 1 },
    0,
    'FieldValueInvalid spec.x: Invalid value: 0: spec.x in body should be greater than or equal to 1',
  ],
  [
    { type: 'integer', maximum: 1, exclusiveMaximum: true },
    1,
    'FieldValueInvalid spec.x: Invalid value: 1: spec.x in body should be less than 1',
  ],
  [{ type: 'number', multipleOf: 0.1 }, 0.3, ''],
  [
    { type: 'number', multipleOf: 0.5 },
    1,
    'FieldValueInvalid spec.x: Invalid value: 0: factor MultipleOf declared for spec.x must be positive: 0',
  ],
  [{ type: 'integer', multipleOf: 2.5 }, 4, ''],
  [
    { type: 'string', maxLength: 2 },
    'abc',
    'FieldValueTooLong spec.x: Too long: may not be more than 2 bytes',
  ],
  [
    { type: 'string', minLength: 1 },
    '',
    'FieldValueInvalid spec.x: Invalid value: "": spec.x in body should be at least 1 chars long',
  ],
  [
    { type: 'string', pattern: '^a+$' },
    'b',
    'FieldValueInvalid spec.x: Invalid value: "b": spec.x in body should match \'^a+$\'',
  ],
  [{ type: 'array', maxItems: 1 }, [1, 2], 'FieldValueTooMany spec.x: Too many: 2: must have at most 1 item'],
  [{ type: 'object', required: ['y'] }, {}, 'FieldValueRequired spec.x.y: Required value'],
  [
    { type: 'object', additionalProperties: { type: 'string' } },
    { k: 1 },
    'FieldValueTypeInvalid spec.x.k: Invalid value: "integer": spec.x.k in body must be of type string: "integer"',
  ],
  [
    { oneOf: [{ required: ['a'] }, { required: ['b'] }] },
    { a: 1, b: 1 },
    'FieldValueInvalid <nil>: Invalid value: "": "spec.x" must validate one and only one schema (oneOf). Found 2 valid alternatives',
  ],
  [
    { not: { required: ['a'] } },
    { a: 1 },
    'FieldValueInvalid <nil>: Invalid value: "": "spec.x" must not validate the schema (not)',
  ],
  [
    { type: 'string', format: 'date-time' },
    'soon',
    'FieldValueTypeInvalid spec.x: Invalid value: "soon": spec.x in body must be of type date-time: "soon"',
  ],
  [{ type: 'string', format: 'unheard-of' }, 'soon', ''],
])('by %j, %j says: %s', (schema, value, expected) => {
  const faults = validateStructural(
    set,
    { type: 'object', properties: { spec: at(schema) } },
    { spec: { x: value } },
  );
  expect(faults.map((fault) => `${fault.reason} ${fault.path}: ${fault.message}`).join('\n')).toBe(expected);
});

test('a change is let pass what it leaves as it was, and judged for all else', () => {
  const schema: Schema = {
    type: 'object',
    properties: {
      a: { type: 'string', maxLength: 1 },
      list: {
        type: 'array',
        listType: 'map',
        listMapKeys: ['k'],
        items: { type: 'object', properties: { v: { type: 'integer', maximum: 1 } } },
      },
      plain: { type: 'array', items: { type: 'integer', maximum: 1 } },
    },
  };
  const old = { a: 'long', list: [{ k: 'x', v: 5 }], plain: [5] };
  const next = {
    a: 'long',
    list: [
      { k: 'y', v: 6 },
      { k: 'x', v: 5 },
    ],
    plain: [5, 1],
  };
  const faults = validateStructural(set, schema, next, '', { value: old });
  expect(faults.map(({ path }) => path)).toEqual(['list[0].v', 'plain[0]']);
  expect(validateStructural(set, schema, old, '', { value: old })).toEqual([]);
});

test('lists that are sets or maps hold nothing twice', () => {
  const schema: Schema = {
    type: 'object',
    properties: {
      set: { type: 'array', listType: 'set', items: { type: 'string' } },
      map: { type: 'array', listType: 'map', listMapKeys: ['name'], items: { type: 'object' } },
      free: { type: 'array', items: { type: 'string' } },
    },
    additionalProperties: { type: 'array', listType: 'set', items: { type: 'integer' } },
  };
  const value = {
    set: ['a', 'a', 'a'],
    map: [{ name: 'a' }, { name: 'a', more: 1 }, {}],
    free: ['a', 'a'],
    other: [1, 1],
  };
  expect(validateListTypes(set, schema, value).map(({ path, message }) => `${path}: ${message}`)).toEqual(
    [
      'set[1]: Duplicate value: "a"',
      'map[1]: Duplicate value: {"name":"a"}',
      'other[1]: Duplicate value: 1',
    ].map((text) => text.replace('other[1]', '[other][1]')),
  );
});

test('pruning takes what is not named, and keeps identity and what is to be preserved', () => {
  const schema: Schema = {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        properties: {
          list: { type: 'array', items: { type: 'object', properties: { a: {} } } },
          open: { type: 'object', preserveUnknownFields: true, properties: { a: { type: 'object' } } },
          embedded: { type: 'object', embeddedResource: true },
        },
      },
    },
  };
  const value = {
    apiVersion: 'x/v1',
    kind: 'X',
    metadata: { name: 'a' },
    extra: 1,
    spec: {
      list: [{ a: 1, b: 2 }],
      open: { a: { gone: 1 }, kept: 1 },
      embedded: { apiVersion: 'v1', kind: 'Y', metadata: {}, spec: {} },
    },
  };
  expect(pruneUnknown(set, schema, value)).toEqual([
    'extra',
    'spec.list[0].b',
    'spec.open.a.gone',
    'spec.embedded.spec',
  ]);
  expect(value).toEqual({
    apiVersion: 'x/v1',
    kind: 'X',
    metadata: { name: 'a' },
    spec: {
      list: [{ a: 1 }],
      open: { a: {}, kept: 1 },
      embedded: { apiVersion: 'v1', kind: 'Y', metadata: {} },
    },
  });
});

test('defaults fill what is absent or wrongly null, also below other defaults, and each object gets its own', () => {
  const schema: Schema = {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        default: {},
        properties: {
          replicas: { type: 'integer', default: 1 },
          note: { type: 'string', nullable: true, default: 'n' },
          ports: { type: 'array', items: { type: 'object', properties: { protocol: { default: 'TCP' } } } },
        },
      },
    },
  };
  const first: Record<string, unknown> = {};
  applyDefaults(set, schema, first);
  expect(first).toEqual({ spec: { replicas: 1, note: 'n' } });
  const second = { spec: { replicas: null, note: null, ports: [{}] } };
  applyDefaults(set, schema, second);
  expect(second).toEqual({ spec: { replicas: 1, note: null, ports: [{ protocol: 'TCP' }] } });
  const third: Record<string, unknown> = {};
  applyDefaults(set, schema, third);
  expect(third['spec']).not.toBe(first['spec']);
});
