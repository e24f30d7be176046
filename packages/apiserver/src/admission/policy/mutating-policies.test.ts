import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AnyObject } from '@skerry/api';
import { callerOf, type Caller } from '#testing/caller.ts';
import { startTestServer, type TestServer } from '#testing/start-test-server.ts';

let server: TestServer;
let call: Caller;

beforeEach(async () => {
  server = await startTestServer();
  call = callerOf(server.url);
});

afterEach(() => server.close());

const registration = '/apis/admissionregistration.k8s.io/v1';
const configMaps = '/api/v1/namespaces/default/configmaps';
const deployments = '/apis/apps/v1/namespaces/default/deployments';
const configMapRule = {
  apiGroups: [''],
  apiVersions: ['v1'],
  operations: ['CREATE', 'UPDATE'],
  resources: ['configmaps'],
};
const deploymentRule = {
  apiGroups: ['apps'],
  apiVersions: ['v1'],
  operations: ['CREATE'],
  resources: ['deployments'],
};

async function create(path: string, object: object): Promise<AnyObject> {
  const { status, body } = await call('POST', path, object);
  if (status !== 201) throw new Error(`${path}: ${JSON.stringify(body)}`);
  return body;
}

const apply = (expression: string) => ({
  patchType: 'ApplyConfiguration',
  applyConfiguration: { expression },
});
const jsonPatch = (expression: string) => ({ patchType: 'JSONPatch', jsonPatch: { expression } });

async function bind(name: string, policy: object, binding: object = {}): Promise<void> {
  await create(`${registration}/mutatingadmissionpolicies`, {
    metadata: { name },
    spec: {
      matchConstraints: { resourceRules: [configMapRule] },
      reinvocationPolicy: 'Never',
      failurePolicy: 'Fail',
      ...policy,
    },
  });
  await create(`${registration}/mutatingadmissionpolicybindings`, {
    metadata: { name: `${name}-b` },
    spec: { policyName: name, ...binding },
  });
}

const configMap = (name: string, data: object = { a: '1' }) => ({ metadata: { name }, data });

function deployment(name: string): AnyObject {
  const labels = { app: name };
  return {
    metadata: { name },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'i' }] } },
    },
  };
}

describe('a mutating policy', () => {
  test('applies a configuration', async () => {
    await bind('p', {
      matchConstraints: { resourceRules: [deploymentRule] },
      mutations: [
        apply(`Object{
          metadata: Object.metadata{labels: {'team': object.metadata.name}},
          spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{
            containers: [Object.spec.template.spec.containers{name: 'side', image: 'side:1'}]
          }}}
        }`),
      ],
    });
    const { metadata, spec } = await create(deployments, deployment('d'));
    expect(metadata?.labels).toEqual({ team: 'd' });
    const { containers } = (spec as { template: { spec: { containers: AnyObject[] } } }).template.spec;
    expect(containers).toMatchObject([
      { name: 'main', image: 'i' },
      { name: 'side', imagePullPolicy: 'IfNotPresent' },
    ]);
  });

  test('applies a JSON patch, whose values are JSON or initializers', async () => {
    await bind('p', {
      variables: [{ name: 'key', expression: "jsonpatch.escapeKey('example.com/k')" }],
      mutations: [
        jsonPatch(`[
          JSONPatch{op: 'add', path: '/metadata/labels', value: {'from': request.userInfo.username}},
          JSONPatch{op: 'add', path: '/metadata/annotations', value: Object.metadata.annotations{x: 'y'}},
          JSONPatch{op: 'add', path: '/metadata/labels/' + variables.key, value: 'v'},
          JSONPatch{op: 'test', path: '/data/a', value: '1'}
        ]`),
      ],
    });
    expect((await create(configMaps, configMap('x'))).metadata).toMatchObject({
      labels: { from: 'admin', 'example.com/k': 'v' },
      annotations: { x: 'y' },
    });
  });

  test('does nothing when a test of its patch fails', async () => {
    await bind('p', {
      mutations: [
        jsonPatch(`[
          JSONPatch{op: 'test', path: '/data/a', value: 'other'},
          JSONPatch{op: 'add', path: '/data/b', value: '2'}
        ]`),
      ],
    });
    expect((await create(configMaps, configMap('x'))).data).toEqual({ a: '1' });
  });

  test('sees in each mutation what those before it made', async () => {
    await bind('p', {
      mutations: [
        jsonPatch("[JSONPatch{op: 'add', path: '/data/b', value: '2'}]"),
        jsonPatch("[JSONPatch{op: 'add', path: '/data/c', value: object.data.b + '3'}]"),
      ],
    });
    expect((await create(configMaps, configMap('x'))).data).toEqual({ a: '1', b: '2', c: '23' });
  });

  test('is applied with each set of params', async () => {
    await create(configMaps, { metadata: { name: 'one', labels: { param: 'yes' } }, data: { key: 'k1' } });
    await create(configMaps, { metadata: { name: 'two', labels: { param: 'yes' } }, data: { key: 'k2' } });
    await bind(
      'p',
      {
        paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
        mutations: [jsonPatch("[JSONPatch{op: 'add', path: '/data/' + params.data.key, value: 'set'}]")],
      },
      { paramRef: { selector: { matchLabels: { param: 'yes' } }, parameterNotFoundAction: 'Deny' } },
    );
    expect((await create(configMaps, configMap('x'))).data).toEqual({ a: '1', k1: 'set', k2: 'set' });
  });

  test('that wants to is applied again after others changed the object, once', async () => {
    const count =
      "[JSONPatch{op: 'add', path: '/data/n', value: has(object.data.n) ? object.data.n + 'x' : 'x'}]";
    await bind('a', { reinvocationPolicy: 'IfNeeded', mutations: [jsonPatch(count)] });
    await bind('b', { mutations: [jsonPatch("[JSONPatch{op: 'add', path: '/data/b', value: '2'}]")] });
    expect((await create(configMaps, configMap('x'))).data).toEqual({ a: '1', b: '2', n: 'xx' });
  });

  test('concerns only what its conditions say', async () => {
    await bind('p', {
      matchConditions: [{ name: 'c', expression: "object.metadata.name == 'x'" }],
      mutations: [jsonPatch("[JSONPatch{op: 'add', path: '/data/b', value: '2'}]")],
    });
    expect((await create(configMaps, configMap('x'))).data).toHaveProperty('b');
    expect((await create(configMaps, configMap('y'))).data).not.toHaveProperty('b');
  });

  test.each([
    [
      jsonPatch("[JSONPatch{op: 'add', path: '/none/b', value: '2'}]"),
      'JSON Patch: add operation does not apply: doc is missing path: "/none/b": missing value',
    ],
    [
      apply("Object{data: Object.wrong{b: '2'}}"),
      'type mismatch: unexpected type name "Object.wrong", expected "Object.data", which matches field name path from root Object type',
    ],
    [
      apply(
        "Object{metadata: Object.metadata{managedFields: [Object.metadata.managedFields{manager: 'me'}]}}",
      ),
      'error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .metadata.managedFields',
    ],
    [
      jsonPatch("[JSONPatch{op: 'add', path: '/data/b', value: object.none}]"),
      "expression '[JSONPatch{op: 'add', path: '/data/b', value: object.none}]' resulted in error: no such key: none",
    ],
  ])('with %j is refused', async (mutation, message) => {
    await bind('p', { mutations: [mutation] });
    const { status, body } = await call('POST', configMaps, configMap('x'));
    expect([status, body.reason, body.message]).toEqual([
      403,
      'Invalid',
      `policy 'p' with binding 'p-b' denied request: ${message}`,
    ]);
  });

  test('that fails may be ignored', async () => {
    await bind('p', { failurePolicy: 'Ignore', mutations: [apply("Object{data: Object.wrong{b: '2'}}")] });
    expect((await create(configMaps, configMap('x'))).data).toEqual({ a: '1' });
  });

  test('comes before judging ones', async () => {
    await bind('p', { mutations: [jsonPatch("[JSONPatch{op: 'add', path: '/data/b', value: '2'}]")] });
    await create(`${registration}/validatingadmissionpolicies`, {
      metadata: { name: 'v' },
      spec: {
        matchConstraints: { resourceRules: [configMapRule] },
        validations: [{ expression: "!('b' in object.data)" }],
      },
    });
    await create(`${registration}/validatingadmissionpolicybindings`, {
      metadata: { name: 'v' },
      spec: { policyName: 'v', validationActions: ['Deny'] },
    });
    expect((await call('POST', configMaps, configMap('x'))).status).toBe(422);
  });
});
