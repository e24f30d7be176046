import { eventually } from '@skerry/base/testing';
import { openMemoryStore } from '@skerry/store';
import { systemClock } from '@skerry/base';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { callerOf, type Caller } from '#testing/caller.ts';
import { startTestServer, type TestServer } from '#testing/start-test-server.ts';

let server: TestServer;
let call: Caller;

beforeEach(async () => {
  server = await startTestServer();
  call = callerOf(server.url);
});
afterEach(() => server.close());

const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const widgets = '/apis/example.com/v1/namespaces/default/widgets';

function definition(names: object = {}): {
  metadata: object;
  spec: { versions: Record<string, unknown>[]; [field: string]: unknown };
  [field: string]: unknown;
} {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'widgets', kind: 'Widget', shortNames: ['wd'], ...names },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          subresources: {
            status: {},
            scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
          },
          additionalPrinterColumns: [{ name: 'Size', type: 'string', jsonPath: '.spec.size' }],
          selectableFields: [{ jsonPath: '.spec.size' }],
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: {
                spec: {
                  type: 'object',
                  required: ['size'],
                  properties: {
                    size: { type: 'string', enum: ['small', 'large'] },
                    replicas: { type: 'integer', minimum: 0, default: 1 },
                  },
                },
                status: { type: 'object', properties: { replicas: { type: 'integer' } } },
              },
            },
          },
        },
        {
          name: 'v1beta1',
          served: true,
          storage: false,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
    },
  };
}

async function define(body: object = definition()): Promise<void> {
  expect((await call('POST', crds, body)).status).toBe(201);
  await eventually(async () => {
    const { body: stored } = await call('GET', `${crds}/widgets.example.com`);
    const conditions = (stored.status as { conditions: { type: string; status: string }[] }).conditions;
    expect(conditions).toContainEqual(expect.objectContaining({ type: 'Established', status: 'True' }));
  });
}

const widget = (name: string, spec: object = {}) => ({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { name },
  spec: { size: 'small', ...spec },
});

test('an established definition is served, listed by discovery and described by OpenAPI', async () => {
  await define();
  expect((await call('GET', widgets)).body).toMatchObject({ kind: 'WidgetList', items: [] });
  const { body } = await call('GET', '/apis/example.com/v1');
  expect((body as unknown as { resources: { name: string }[] }).resources.map(({ name }) => name)).toEqual([
    'widgets',
    'widgets/status',
    'widgets/scale',
  ]);
  expect((await call('GET', '/openapi/v3/apis/example.com/v1')).status).toBe(200);
});

test('a list is of the kind that the definition calls it', async () => {
  await define(definition({ listKind: 'WidgetPile' }));
  expect((await call('GET', widgets)).body).toMatchObject({ kind: 'WidgetPile', items: [] });
});

test('instances are pruned, defaulted and validated', async () => {
  await define();
  const { body } = await call('POST', widgets, widget('a', { bogus: 1 }));
  expect(body.spec).toEqual({ size: 'small', replicas: 1 });
  const wrong = await call('POST', widgets, widget('b', { size: 'huge' }));
  expect([wrong.status, wrong.body.reason]).toEqual([422, 'Invalid']);
  const strict = await call('POST', `${widgets}?fieldValidation=Strict`, widget('c', { bogus: 1 }));
  expect(strict.body.message).toContain('unknown field "spec.bogus"');
});

test('status, scale, columns and selectable fields work as declared', async () => {
  await define();
  await call('POST', widgets, widget('a'));
  await call('POST', widgets, widget('b', { size: 'large' }));
  await call(
    'PATCH',
    `${widgets}/a/status`,
    { status: { replicas: 4 }, spec: { size: 'large' } },
    { contentType: 'application/merge-patch+json' },
  );
  const { body: scale } = await call('GET', `${widgets}/a/scale`);
  expect(scale).toMatchObject({ spec: { replicas: 1 }, status: { replicas: 4 } });
  const { body: large } = await call('GET', `${widgets}?fieldSelector=spec.size%3Dlarge`);
  expect(large.items?.map(({ metadata }) => metadata?.name)).toEqual(['b']);
  const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
  const { body: table } = await call('GET', widgets, undefined, { headers: { accept } });
  expect((table as unknown as { rows: { cells: unknown[] }[] }).rows.map(({ cells }) => cells)).toEqual([
    ['a', 'small'],
    ['b', 'large'],
  ]);
});

test('a scale is what the paths of the definition lead to, by the rules of the resource', async () => {
  await define();
  await call('POST', widgets, widget('a'));
  const scale = (replicas: unknown, namespace?: string) => ({
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: { name: 'a', namespace },
    spec: { replicas },
  });
  const answers = [
    await call('PUT', `${widgets}/a/scale`, scale(-1)),
    await call('PUT', `${widgets}/a/scale`, scale('x')),
    await call('PUT', `${widgets}/a/scale`, scale(1, 'other')),
    await call(
      'PATCH',
      `${widgets}/a/scale`,
      { spec: { replicas: 2 } },
      { contentType: 'application/strategic-merge-patch+json' },
    ),
  ];
  expect(answers.map(({ status, body }) => [status, body.message])).toEqual([
    [
      422,
      'Widget.example.com "a" is invalid: [spec.replicas: Invalid value: -1: spec.replicas in body should be greater than or equal to 0, .spec.replicas: Invalid value: -1: should be a non-negative integer]',
    ],
    [400, expect.stringContaining('cannot unmarshal string into Go struct field ScaleSpec.spec.replicas')],
    [400, 'the namespace of the provided object does not match the namespace sent on the request'],
    [415, expect.any(String)],
  ]);
});

test('a resource without replicas has no scale', async () => {
  const bare = definition();
  bare.spec.versions[0]!['schema'] = {
    openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  };
  delete bare.spec.versions[0]!['selectableFields'];
  await define(bare);
  await call('POST', widgets, widget('a'));
  const { status, body } = await call('GET', `${widgets}/a/scale`);
  expect([status, body.message]).toEqual([
    500,
    'Internal error occurred: the spec replicas field ".spec.replicas" does not exist',
  ]);
});

test('what is being deleted is said to be, when it is created again', async () => {
  await define();
  const kept = { ...widget('a'), metadata: { name: 'a', finalizers: ['example.com/x', 'example.com/x'] } };
  expect((await call('POST', widgets, kept)).status).toBe(201);
  await call('DELETE', `${widgets}/a`);
  const { status, body } = await call('POST', widgets, widget('a'));
  expect([status, body.message]).toEqual([
    409,
    'object is being deleted: widgets.example.com "a" already exists',
  ]);
});

test('every served version shows the same object', async () => {
  await define();
  await call('POST', widgets, widget('a'));
  const { body } = await call('GET', widgets.replace('v1', 'v1beta1') + '/a');
  expect(body).toMatchObject({ apiVersion: 'example.com/v1beta1', spec: { size: 'small' } });
});

test('a strategic merge patch of an instance is 415', async () => {
  await define();
  await call('POST', widgets, widget('a'));
  const contentType = 'application/strategic-merge-patch+json';
  expect((await call('PATCH', `${widgets}/a`, {}, { contentType })).status).toBe(415);
});

test('a changed definition is served as changed', async () => {
  await define();
  const { body } = await call('GET', `${crds}/widgets.example.com`);
  const next = structuredClone(body) as unknown as ReturnType<typeof definition>;
  next.spec.versions[0]!['additionalPrinterColumns'] = undefined;
  next.spec.versions.pop();
  await call('PUT', `${crds}/widgets.example.com`, next);
  await eventually(async () => {
    expect((await call('GET', '/apis/example.com/v1beta1')).status).toBe(404);
  });
  expect((await call('GET', widgets)).status).toBe(200);
});

test('names that another kind has are not accepted', async () => {
  await define();
  const other = definition({ plural: 'gadgets', kind: 'Gadget', shortNames: ['wd'] });
  await call('POST', crds, { ...other, metadata: { name: 'gadgets.example.com' } });
  await eventually(async () => {
    const { body } = await call('GET', `${crds}/gadgets.example.com`);
    expect((body.status as { conditions: object[] }).conditions).toContainEqual(
      expect.objectContaining({ type: 'NamesAccepted', status: 'False', message: '"wd" is already in use' }),
    );
  });
  expect((await call('GET', '/apis/example.com/v1/gadgets')).status).toBe(404);
  // They are when it has gone.
  await call('DELETE', `${crds}/widgets.example.com`);
  await eventually(async () => {
    expect((await call('GET', '/apis/example.com/v1/gadgets')).status).toBe(200);
  });
});

test('a schema that is not structural is refused', async () => {
  const bad = definition();
  bad.spec.versions[0]!['schema'] = {
    openAPIV3Schema: { type: 'object', properties: { spec: { properties: {} } } },
  };
  const { status, body } = await call('POST', crds, bad);
  expect(status).toBe(422);
  expect(body.message).toContain('must not be empty for specified object fields');
});

test('a pattern that stock servers could not read is refused with its definition', async () => {
  const bad = definition();
  const properties = { spec: { type: 'string', pattern: '(?=a)b' } };
  bad.spec.versions[0]!['schema'] = { openAPIV3Schema: { type: 'object', properties } };
  const { status, body } = await call('POST', crds, bad);
  expect([status, body.message]).toEqual([
    422,
    expect.stringContaining('"(?=a)b": must be a valid regular expression, but isn\'t: error parsing regexp'),
  ]);
});

test('deleting a definition deletes its instances first, then takes it out of service', async () => {
  await define();
  await call('POST', widgets, { ...widget('a'), metadata: { name: 'a', finalizers: ['example.com/keep'] } });
  const { body: going } = await call('DELETE', `${crds}/widgets.example.com`);
  expect((going.status as { conditions: object[] }).conditions).toContainEqual(
    expect.objectContaining({ type: 'Terminating', status: 'True', reason: 'InstanceDeletionPending' }),
  );
  await eventually(async () => {
    const { body } = await call('GET', `${widgets}/a`);
    expect(body.metadata?.deletionTimestamp).toBeDefined();
  });
  expect((await call('GET', `${crds}/widgets.example.com`)).status).toBe(200);
  const late = await call('POST', widgets, widget('late'));
  expect([late.status, late.body.message]).toEqual([
    403,
    'widgets.example.com "late" is forbidden: create not allowed while custom resource definition is terminating',
  ]);
  await call(
    'PATCH',
    `${widgets}/a`,
    { metadata: { finalizers: null } },
    { contentType: 'application/merge-patch+json' },
  );
  await eventually(async () => {
    expect((await call('GET', `${crds}/widgets.example.com`)).status).toBe(404);
    expect((await call('GET', widgets)).status).toBe(404);
  });
});

test('definitions and instances are there after a restart', async () => {
  const store = openMemoryStore({ clock: systemClock });
  const before = await startTestServer({ store });
  call = callerOf(before.url);
  await define();
  await call('POST', widgets, widget('a'));
  await before.close();
  const after = await startTestServer({ store });
  call = callerOf(after.url);
  expect((await call('GET', `${widgets}/a`)).body).toMatchObject({ spec: { size: 'small' } });
  await after.close();
  await store.close();
});

test('what was written before its definition had a default is read with it', async () => {
  const [version] = definition().spec.versions;
  const spec = { type: 'object', properties: { size: { type: 'string' }, color: { type: 'string' } } };
  const schema = { openAPIV3Schema: { type: 'object', properties: { spec } } };
  const single = definition();
  single.spec.versions = [{ ...version, schema, selectableFields: undefined }];
  await define(single);
  await call('POST', widgets, widget('a'));
  const path = '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/color/default';
  const patch = [{ op: 'add', path, value: 'red' }];
  await call('PATCH', `${crds}/widgets.example.com`, patch, { contentType: 'application/json-patch+json' });
  await eventually(async () => {
    expect((await call('GET', `${widgets}/a`)).body.spec).toEqual({ size: 'small', color: 'red' });
  });
  const { body } = await call('GET', widgets);
  expect(body.items?.[0]?.['spec']).toEqual({ size: 'small', color: 'red' });
});
