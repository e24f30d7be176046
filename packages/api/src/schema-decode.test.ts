import { expect, test } from 'vitest';
import { decodeObject, type FieldValidationMode } from '#schema-decode.ts';
import type { Schema } from '#schema.ts';
import { builtinSchemas } from '#schemas.ts';
import { ApiError } from '#status.ts';

function decode(kind: string, name: string, value: unknown, mode: FieldValidationMode = 'Strict') {
  const schema: Schema = { ref: name };
  return decodeObject(builtinSchemas, schema, value, { mode, kind, version: 'v1' });
}

const deployment = (value: unknown, mode?: FieldValidationMode) =>
  decode('Deployment', 'io.k8s.api.apps.v1.Deployment', value, mode);
const pod = (value: unknown, mode?: FieldValidationMode) =>
  decode('Pod', 'io.k8s.api.core.v1.Pod', value, mode);

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof ApiError) return `${error.code} ${error.message}`;
    throw error;
  }
  return 'accepted';
}

test.each<[unknown, string]>([
  [
    { spec: { replicas: 'three' } },
    'json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
  ],
  [
    { spec: { replicas: 1.5 } },
    'json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32',
  ],
  [
    { spec: [] },
    'json: cannot unmarshal array into Go struct field Deployment.spec of type v1.DeploymentSpec',
  ],
  [
    { spec: { template: { spec: { containers: { name: 'a' } } } } },
    'json: cannot unmarshal object into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container',
  ],
  [
    { metadata: { labels: { a: 1 } } },
    'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string',
  ],
  [
    { spec: { paused: 'yes' } },
    'json: cannot unmarshal string into Go struct field DeploymentSpec.spec.paused of type bool',
  ],
  ['text', 'json: cannot unmarshal string into Go value of type v1.Deployment'],
])('%j is refused because %s', (value, why) => {
  expect(refusal(() => deployment(value))).toBe(
    `400 Deployment in version "v1" cannot be handled as a Deployment: ${why}`,
  );
});

test('a quantity that is none is refused with the format that it should have', () => {
  const value = { spec: { containers: [{ name: 'a', resources: { limits: { cpu: 'much' } } }] } };
  expect(refusal(() => pod(value))).toMatch(
    /^400 Pod in version "v1".*quantities must match the regular expression/,
  );
});

test('quantities come out in canonical form, numbers included', () => {
  const value = {
    spec: { containers: [{ name: 'a', resources: { limits: { cpu: 0.5, memory: '1024Mi' } } }] },
  };
  expect(pod(value).object).toEqual({
    spec: { containers: [{ name: 'a', resources: { limits: { cpu: '500m', memory: '1Gi' } } }] },
  });
});

test('null counts as absent, and as empty inside lists and maps', () => {
  const value = {
    spec: { replicas: null, template: { spec: { containers: [{ name: 'a', args: [null] }] } } },
  };
  expect(deployment(value).object).toEqual({
    spec: { template: { spec: { containers: [{ name: 'a', args: [''] }] } } },
  });
});

const strange = { spec: { foo: 1, template: { spec: { containers: [{ name: 'a', imagee: 'x' }] } } } };
const faults = ['unknown field "spec.foo"', 'unknown field "spec.template.spec.containers[0].imagee"'];

test('unknown fields are refused when strict, pruned with a warning by default, pruned silently when ignored', () => {
  expect(refusal(() => deployment(strange))).toBe(
    `400 Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: ${faults.join(', ')}`,
  );
  const pruned = { spec: { template: { spec: { containers: [{ name: 'a' }] } } } };
  expect(deployment(strange, 'Warn')).toEqual({ object: pruned, warnings: faults });
  expect(deployment(strange, 'Ignore')).toEqual({ object: pruned, warnings: [] });
});

test('faults that the reader found before are told with the others', () => {
  const decoded = decodeObject(
    builtinSchemas,
    { ref: 'io.k8s.api.core.v1.ConfigMap' },
    { data: {}, extra: 1 },
    {
      mode: 'Warn',
      kind: 'ConfigMap',
      version: 'v1',
      earlierFaults: ['duplicate field "data"', 'yaml: told first'],
    },
  );
  expect(decoded.warnings).toEqual(['yaml: told first', 'unknown field "extra"', 'duplicate field "data"']);
});

test('what no schema describes is kept as it is', () => {
  const value = { metadata: { managedFields: [{ fieldsV1: { 'f:spec': { '.': {} } } }] } };
  expect(pod(value).object).toEqual(value);
});

test('a name from the prototype of objects is a name like any other', () => {
  const value = JSON.parse('{"data": {"__proto__": "x", "constructor": "y"}, "toString": 1}') as unknown;
  const { object, warnings } = decode('ConfigMap', 'io.k8s.api.core.v1.ConfigMap', value, 'Warn');
  expect(JSON.stringify(object)).toBe('{"data":{"__proto__":"x","constructor":"y"}}');
  expect(warnings).toEqual(['unknown field "toString"']);
});

test('nesting without end is refused', () => {
  const nest: Record<string, unknown> = {};
  let inner = nest;
  for (let i = 0; i < 500; i++) inner = inner['not'] = {};
  const value = { spec: { versions: [{ schema: { openAPIV3Schema: nest } }] } };
  const name = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition';
  expect(refusal(() => decode('CustomResourceDefinition', name, value))).toContain('nested too deeply');
});

test('instants are kept in UTC, in whole seconds or with six digits; the zero instant is none', () => {
  const event = {
    metadata: { creationTimestamp: '0001-01-01T00:00:00Z' },
    lastTimestamp: '2026-01-02T03:04:05.678+01:00',
    eventTime: '2026-01-02T03:04:05.678000Z',
  };
  expect(decode('Event', 'io.k8s.api.core.v1.Event', event).object).toEqual({
    metadata: {},
    lastTimestamp: '2026-01-02T02:04:05Z',
    eventTime: '2026-01-02T03:04:05.678000Z',
  });
  expect(
    refusal(() => decode('Event', 'io.k8s.api.core.v1.Event', { eventTime: '2026-01-02T03:04:05Z' })),
  ).toBe(
    '400 Event in version "v1" cannot be handled as a Event: parsing time "2026-01-02T03:04:05Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "Z" as ".000000"',
  );
});

test.each([
  ['list elements', { spec: { containers: Array.from({ length: 20_001 }, () => ({})) } }],
  [
    'fields',
    { metadata: { labels: Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`k${i}`, ''])) } },
  ],
])('an object of more %s than anyone needs is refused as too large', (_what, value) => {
  expect(refusal(() => pod(value))).toMatch(/^413 Request entity too large/);
});
