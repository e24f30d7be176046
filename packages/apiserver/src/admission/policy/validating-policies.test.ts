import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AnyObject } from '@skerry/api';
import { eventually } from '@skerry/base/testing';
import { allowAll, type AuthorizationAttributes, type SecurityFactory } from '#security.ts';
import { callerOf, type Caller } from '#testing/caller.ts';
import { startTestServer, type TestServer } from '#testing/start-test-server.ts';

let server: TestServer;
let call: Caller;
let asked: AuthorizationAttributes[];

/** Everyone may do everything, but nobody `fly`. */
const security: SecurityFactory = (access) => ({
  ...allowAll(access),
  authorizer: {
    authorize: (attributes) => {
      if (!['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'].includes(attributes.verb)) {
        asked.push(attributes);
      }
      return Promise.resolve({ allowed: attributes.verb !== 'fly', reason: 'no wings' });
    },
  },
});

beforeEach(async () => {
  asked = [];
  server = await startTestServer({ security });
  call = callerOf(server.url);
});

afterEach(() => server.close());

const registration = '/apis/admissionregistration.k8s.io/v1';
const configMaps = '/api/v1/namespaces/default/configmaps';
const merge = { contentType: 'application/merge-patch+json' };
const rule = {
  apiGroups: [''],
  apiVersions: ['v1'],
  operations: ['CREATE', 'UPDATE'],
  resources: ['configmaps'],
};
const prefix =
  "configmaps \"x\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: ";

async function create(path: string, object: object): Promise<AnyObject> {
  const { status, body } = await call('POST', path, object);
  if (status !== 201) throw new Error(`${path}: ${JSON.stringify(body)}`);
  return body;
}

async function bind(policy: object, binding: object = {}): Promise<void> {
  await create(`${registration}/validatingadmissionpolicies`, {
    metadata: { name: 'p' },
    spec: { matchConstraints: { resourceRules: [rule] }, ...policy },
  });
  await create(`${registration}/validatingadmissionpolicybindings`, {
    metadata: { name: 'b' },
    spec: { policyName: 'p', validationActions: ['Deny'], ...binding },
  });
}

const configMap = (name: string, fields: object = {}) => ({ metadata: { name }, ...fields });
const validations = [{ expression: 'has(object.data) && object.data.size() < 2' }];

describe('a policy', () => {
  test('refuses what its expression says no to, in the words of Kubernetes', async () => {
    await bind({ validations });
    const { status, body } = await call('POST', configMaps, configMap('x'));
    expect(status).toBe(422);
    expect(body).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: `${prefix}failed expression: ${validations[0]!.expression}`,
      reason: 'Invalid',
      details: {
        name: 'x',
        kind: 'configmaps',
        causes: [
          {
            message: `ValidatingAdmissionPolicy 'p' with binding 'b' denied request: failed expression: ${validations[0]!.expression}`,
          },
        ],
      },
      code: 422,
    });
    expect((await call('POST', configMaps, configMap('x', { data: { a: '1' } }))).status).toBe(201);
  });

  test('that nothing binds refuses nothing', async () => {
    await create(`${registration}/validatingadmissionpolicies`, {
      metadata: { name: 'p' },
      spec: { matchConstraints: { resourceRules: [rule] }, validations: [{ expression: 'false' }] },
    });
    await create(configMaps, configMap('x'));
  });

  test.each([
    [{ message: ' no more ' }, 422, 'no more'],
    [{ message: 'own', messageExpression: "'made of ' + object.metadata.name" }, 422, 'made of x'],
    [{ message: 'own', messageExpression: "'a\\nb'" }, 422, 'own'],
    [{ message: 'own', messageExpression: 'string(object.none)' }, 422, 'own'],
    [{ message: 'no', reason: 'Forbidden' }, 403, 'no'],
    [{ message: 'no', reason: 'RequestEntityTooLarge' }, 413, 'no'],
  ])('that says %j answers %i %s', async (fields, status, message) => {
    await bind({ validations: [{ expression: 'false', ...fields }] });
    const answer = await call('POST', configMaps, configMap('x'));
    expect([answer.status, answer.body.message]).toEqual([status, prefix + message]);
    expect(answer.body.reason).toBe((fields as { reason?: string }).reason ?? 'Invalid');
  });

  test.each([
    ["request.operation == 'CREATE' && oldObject == null"],
    ["request.resource.resource == 'configmaps' && request.kind.kind == 'ConfigMap'"],
    ["request.userInfo.username == 'admin' && 'system:masters' in request.userInfo.groups"],
    ["request.name == 'x' && request.namespace == 'default' && !request.dryRun"],
    [
      "namespaceObject.metadata.name == 'default' && namespaceObject.metadata.labels['kubernetes.io/metadata.name'] == 'default'",
    ],
    ['!has(request.subResource)'],
    ["authorizer.group('').resource('configmaps').namespace('default').check('get').allowed()"],
    [
      "!authorizer.requestResource.check('fly').allowed() && authorizer.requestResource.check('fly').reason() == 'no wings'",
    ],
    ["object.metadata.?labels['none'].orValue('x') == 'x'"],
  ])('may say %s', async (expression) => {
    await bind({ validations: [{ expression }] });
    expect(await call('POST', configMaps, configMap('x'))).toMatchObject({ status: 201 });
  });

  test('asks the authorizer about the request and about service accounts', async () => {
    await bind({
      validations: [
        { expression: "!authorizer.requestResource.check('fly').allowed()" },
        { expression: "!authorizer.serviceAccount('ns', 'sa').path('/moon').check('fly').allowed()" },
      ],
    });
    await create(configMaps, configMap('x'));
    expect(asked).toMatchObject([
      {
        verb: 'fly',
        group: '',
        resource: 'configmaps',
        namespace: 'default',
        name: 'x',
        user: { name: 'admin' },
      },
      { verb: 'fly', path: '/moon', user: { name: 'system:serviceaccount:ns:sa' } },
    ]);
  });

  test('sees what is updated, before and after', async () => {
    await bind({ validations: [{ expression: 'oldObject == null || object.data.a == oldObject.data.a' }] });
    await create(configMaps, configMap('x', { data: { a: '1' } }));
    expect((await call('PATCH', `${configMaps}/x`, { data: { a: '2' } }, merge)).status).toBe(422);
    expect((await call('PATCH', `${configMaps}/x`, { data: { b: '2' } }, merge)).status).toBe(200);
  });

  test('has variables that build on each other', async () => {
    await bind({
      variables: [
        { name: 'count', expression: 'object.data.size()' },
        { name: 'few', expression: 'variables.count < 2' },
      ],
      validations: [
        { expression: 'variables.few', messageExpression: "'there are ' + string(variables.count)" },
      ],
    });
    const { body } = await call('POST', configMaps, configMap('x', { data: { a: '1', b: '2' } }));
    expect(body.message).toBe(`${prefix}there are 2`);
  });

  test('concerns only what its conditions say', async () => {
    await bind({
      matchConditions: [{ name: 'named', expression: "object.metadata.name.startsWith('x')" }],
      validations: [{ expression: 'false' }],
    });
    expect((await call('POST', configMaps, configMap('x'))).status).toBe(422);
    expect((await call('POST', configMaps, configMap('y'))).status).toBe(201);
  });

  test.each([
    ['Fail', 422],
    ['Ignore', 201],
  ])('that can not be evaluated follows its failurePolicy %s', async (failurePolicy, status) => {
    await bind({ failurePolicy, validations: [{ expression: 'object.none.none == 1' }] });
    const answer = await call('POST', configMaps, configMap('x'));
    expect(answer.status).toBe(status);
    if (status !== 422) return;
    expect(answer.body.message).toBe(
      `${prefix}expression 'object.none.none == 1' resulted in error: no such key: none`,
    );
  });

  test('excepts what is excluded, and single names', async () => {
    await bind({
      matchConstraints: {
        resourceRules: [rule],
        excludeResourceRules: [{ ...rule, resourceNames: ['free'] }],
      },
      validations: [{ expression: 'false' }],
    });
    expect((await call('POST', configMaps, configMap('x'))).status).toBe(422);
    expect((await call('POST', configMaps, configMap('free'))).status).toBe(201);
  });

  test('never concerns policies', async () => {
    await bind({
      matchConstraints: {
        resourceRules: [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*'] }],
      },
      validations: [{ expression: 'false' }],
    });
    expect((await call('DELETE', `${registration}/validatingadmissionpolicies/p`)).status).toBe(200);
  });

  test('has a budget', async () => {
    const list = `[${Array.from({ length: 200 }, (_none, index) => index).join(',')}]`;
    const expression = `${list}.all(a, ${list}.all(b, ${list}.all(c, a + b + c >= 0)))`;
    await bind({ validations: [{ expression }] });
    const { body } = await call('POST', configMaps, configMap('x'));
    expect(body.message).toContain('operation cancelled: actual cost limit exceeded');
  });
});

describe('a binding', () => {
  test('may only warn', async () => {
    await bind({ validations: [{ expression: 'false', message: 'mind' }] }, { validationActions: ['Warn'] });
    const { status, headers } = await call('POST', configMaps, configMap('x'));
    expect(status).toBe(201);
    expect(headers.get('warning')).toBe(
      `299 - "Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': mind"`,
    );
  });

  test('narrows what its policy is about', async () => {
    await create('/api/v1/namespaces', { metadata: { name: 'strict', labels: { strict: 'yes' } } });
    await bind(
      { validations: [{ expression: 'false' }] },
      { matchResources: { namespaceSelector: { matchLabels: { strict: 'yes' } } } },
    );
    await create(configMaps, configMap('x'));
    expect((await call('POST', '/api/v1/namespaces/strict/configmaps', configMap('x'))).status).toBe(422);
  });

  const paramKind = { apiVersion: 'v1', kind: 'ConfigMap' };
  const limited = {
    paramKind,
    validations: [{ expression: 'object.data.size() <= int(params.data.limit)' }],
    matchConditions: [
      {
        name: 'no-params',
        expression: "!has(object.metadata.labels) || !('param' in object.metadata.labels)",
      },
    ],
  };
  const limit = (name: string, value: string) => ({
    metadata: { name, labels: { param: 'yes' } },
    data: { limit: value },
  });
  const two = { data: { a: '1', b: '2' } };

  test('brings params by name', async () => {
    await create(configMaps, limit('limits', '1'));
    await bind(limited, {
      paramRef: { name: 'limits', namespace: 'default', parameterNotFoundAction: 'Deny' },
    });
    expect((await call('POST', configMaps, configMap('x', two))).status).toBe(422);
    await call('PATCH', `${configMaps}/limits`, { data: { limit: '2' } }, merge);
    expect((await call('POST', configMaps, configMap('x', two))).status).toBe(201);
  });

  test('brings params by selector, each of which must agree', async () => {
    await create(configMaps, limit('wide', '5'));
    await bind(limited, {
      paramRef: { selector: { matchLabels: { param: 'yes' } }, parameterNotFoundAction: 'Allow' },
    });
    expect((await call('POST', configMaps, configMap('x', two))).status).toBe(201);
    await create(configMaps, limit('narrow', '1'));
    expect((await call('POST', configMaps, configMap('y', two))).status).toBe(422);
  });

  test.each([
    ['Allow', 201],
    ['Deny', 422],
  ])('whose params are missing follows %s', async (parameterNotFoundAction, status) => {
    await bind(limited, { paramRef: { name: 'none', namespace: 'default', parameterNotFoundAction } });
    const answer = await call('POST', configMaps, configMap('x', two));
    expect(answer.status).toBe(status);
    if (status === 422) {
      expect(answer.body.message).toBe(
        `${prefix}failed to configure binding: no params found for policy binding with \`Deny\` parameterNotFoundAction`,
      );
    }
  });

  test('brings custom resources', async () => {
    await bind(
      {
        paramKind: { apiVersion: 'example.com/v1', kind: 'Limit' },
        validations: [{ expression: 'object.data.size() <= params.most' }],
      },
      { paramRef: { name: 'limits', parameterNotFoundAction: 'Deny' } },
    );
    expect((await call('POST', configMaps, configMap('x', two))).body.message).toBe(
      `configmaps "x" is forbidden: ValidatingAdmissionPolicy 'p' denied request: failed to configure policy: failed to find resource referenced by paramKind: 'example.com/v1, Kind=Limit'`,
    );
    await create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      metadata: { name: 'limits.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Cluster',
        names: { plural: 'limits', kind: 'Limit' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: { openAPIV3Schema: { type: 'object', properties: { most: { type: 'integer' } } } },
          },
        ],
      },
    });
    await eventually(async () => {
      const { status } = await call('POST', '/apis/example.com/v1/limits', {
        apiVersion: 'example.com/v1',
        kind: 'Limit',
        metadata: { name: 'limits' },
        most: 1,
      });
      expect(status).toBe(201);
    });
    expect((await call('POST', configMaps, configMap('x', two))).status).toBe(422);
    expect((await call('POST', configMaps, configMap('x', { data: { a: '1' } }))).status).toBe(201);
  });
});
