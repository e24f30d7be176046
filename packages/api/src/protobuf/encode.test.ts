import { describe, expect, test } from 'vitest';
import { decodeProtobuf } from '#protobuf/decode.ts';
import { encodeMessage, encodeProtobuf, hasProtobuf, protobufFrame, protobufList } from '#protobuf/encode.ts';
import { builtinKinds } from '#kinds/builtin.ts';
import type { AnyObject } from '#object.ts';
import { resolveSchema, type Schema } from '#schema.ts';
import { builtinSchemas } from '#schemas.ts';

/** Fields of JSON schemas that may be of several types. */
const open: Readonly<Record<string, unknown>> = {
  items: { type: 'string' },
  additionalItems: false,
  additionalProperties: { type: 'string' },
  dependencies: ['a', 'b'],
};

const depthMax = 9;

/** Fields whose times have microseconds; their schema does not say so. */
const preciseTimes = new Set(['eventTime', 'lastObservedTime', 'acquireTime', 'renewTime']);

/** An object with every field set that the schema knows; recursion ends at a depth. */
function sample(schema: Schema, depth = 0, field = ''): unknown {
  const {
    type,
    format,
    intOrString,
    properties,
    additionalProperties,
    items,
    preserveUnknownFields,
    enum: values,
  } = resolveSchema(builtinSchemas, schema);
  if (intOrString) return format === 'quantity' ? '1500m' : '25%';
  switch (type) {
    case 'string':
      if (format === 'byte') return btoa('bytes\u00ff\u0000');
      if (format === 'date-time')
        return preciseTimes.has(field) ? '2026-01-02T03:04:05.000678Z' : '2026-01-02T03:04:05Z';
      return values?.[0] ?? 'grün';
    case 'integer':
      return -7;
    case 'number':
      return 0.25;
    case 'boolean':
      return true;
    case 'array':
      return depth > depthMax
        ? undefined
        : [sample(items ?? {}, depth + 1)].filter((item) => item !== undefined);
    case 'object': {
      // The mark of a definition that its kind has a status: a struct without fields.
      if (field === 'status' && !properties && !additionalProperties) return undefined;
      if (depth > depthMax) return undefined;
      const wanted: Readonly<Record<string, Schema>> = additionalProperties
        ? { 'a.b/c': additionalProperties, [field]: additionalProperties }
        : (properties ?? (preserveUnknownFields ? { any: {} } : {}));
      return Object.fromEntries(
        Object.entries(wanted)
          // An object inside another does not carry its type on the wire.
          .filter(([name]) => !(wanted['metadata'] && (name === 'apiVersion' || name === 'kind')))
          .map(([name, property]) => [name, sample(property, depth + 1, additionalProperties ? field : name)])
          .filter(([, value]) => value !== undefined && !isEmpty(value)),
      );
    }
    default:
      if (field === 'status') return undefined;
      return open[field] ?? { any: ['value', 1] };
  }
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

const kinds = builtinKinds
  .map(({ group, version, kind, schema }) => ({
    apiVersion: group ? `${group}/${version}` : version,
    kind,
    schema,
  }))
  .filter(hasProtobuf);

describe('an object with every field set comes back as it went', () => {
  test.for(kinds)('$apiVersion $kind', ({ apiVersion, kind, schema }) => {
    const object = { ...(sample({ ref: schema }) as AnyObject), apiVersion, kind };
    expect(decodeProtobuf(encodeProtobuf(object))).toEqual(object);
  });
});

test('every built-in kind but those of the installation has a form', () => {
  expect(kinds.length).toBeGreaterThan(60);
});

test('a Pod has the bytes that the format names', () => {
  const pod: AnyObject = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec: { priority: -1 } };
  const text = Buffer.from(encodeProtobuf(pod)).toString('latin1');
  const spec = `\x12\x0c\xc8\x01${'\xff'.repeat(9)}\x01`;
  expect(text).toBe(`k8s\0\x0a\x09\x0a\x02v1\x12\x03Pod\x12\x13\x0a\x03\x0a\x01a${spec}`);
});

test.for([Infinity, -Infinity, NaN])('%d is refused where an integer is due', (replicas) => {
  const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: {}, spec: { replicas } };
  expect(() => encodeProtobuf(deployment)).toThrow(RangeError);
});

test('a list holds its items without their types', () => {
  const type = { apiVersion: 'v1', kind: 'ConfigMap' };
  const items = ['a', 'b'].map((name) => encodeMessage(type, { ...type, metadata: { name } }));
  const pieces = protobufList({ apiVersion: 'v1', kind: 'ConfigMapList' }, { resourceVersion: '7' }, items);
  expect(decodeProtobuf(Buffer.concat(pieces))).toEqual({
    apiVersion: 'v1',
    kind: 'ConfigMapList',
    metadata: { resourceVersion: '7' },
    items: [{ metadata: { name: 'a' } }, { metadata: { name: 'b' } }],
  });
});

test('a frame of a watch is its length and an event that holds the body', () => {
  const body = encodeProtobuf({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a'.repeat(300) } });
  const frame = Buffer.from(protobufFrame('ADDED', body));
  expect(frame.readUInt32BE(0)).toBe(frame.length - 4);
  expect(frame.subarray(4, 11).toString('latin1')).toBe('\x0a\x05ADDED');
  expect(frame.subarray(-body.length).equals(body)).toBe(true);
});
