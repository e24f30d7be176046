import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allowAll, type AuthorizationAttributes } from '#security.ts';
import { callerOf, type Caller } from '#testing/caller.ts';
import { startTestServer, type TestServer } from '#testing/start-test-server.ts';

let server: TestServer;
let call: Caller;
let asked: AuthorizationAttributes | undefined;
beforeAll(async () => {
  server = await startTestServer({
    security: (access) => ({
      ...allowAll(access),
      authorizer: {
        authorize(attributes) {
          // The request itself is not what is looked at here.
          if (attributes.user.name !== 'admin') asked = attributes;
          return Promise.resolve({ allowed: true, reason: 'because' });
        },
      },
    }),
  });
  call = callerOf(server.url);
});
afterAll(() => server.close());

const group = '/apis/authorization.k8s.io/v1';
const review = (spec: object, metadata?: object) =>
  call('POST', `${group}/subjectaccessreviews`, { ...(metadata ? { metadata } : {}), spec });
const about = (resourceAttributes: object) => review({ user: 'bob', resourceAttributes });

describe('an access review', () => {
  test('asks about whom and what it names', async () => {
    const { status, body } = await review({
      user: 'bob',
      groups: ['g'],
      uid: '7',
      extra: { k: ['v'] },
      resourceAttributes: {
        verb: 'get',
        group: 'apps',
        resource: 'deployments',
        subresource: 'scale',
        name: 'd',
      },
    });
    expect([status, body.status]).toEqual([201, { allowed: true, reason: 'because' }]);
    expect(asked).toMatchObject({
      user: { name: 'bob', groups: ['g'], uid: '7', extra: { k: ['v'] } },
      verb: 'get',
      group: 'apps',
      version: '*',
      resource: 'deployments',
      subresource: 'scale',
      name: 'd',
    });
  });

  test.each<[string, object, string | undefined, string | undefined, string | undefined]>([
    [
      'field text',
      { fieldSelector: { rawSelector: 'spec.nodeName=n' } },
      'spec.nodeName=n',
      undefined,
      undefined,
    ],
    [
      'field requirements',
      {
        fieldSelector: {
          requirements: [
            { key: 'spec.nodeName', operator: 'In', values: ['a,b'] },
            { key: 'status.phase', operator: 'NotIn', values: ['Failed'] },
          ],
        },
      },
      'spec.nodeName=a\\,b,status.phase!=Failed',
      undefined,
      undefined,
    ],
    [
      'field requirements of newer clients',
      {
        fieldSelector: {
          requirements: [
            { key: 'a', operator: 'Like', values: ['x'] },
            { key: 'b', operator: 'In', values: ['1'] },
          ],
        },
      },
      'b=1',
      undefined,
      'spec.resourceAttributes.fieldSelector partially ignored due to parse error',
    ],
    [
      'label requirements',
      {
        labelSelector: {
          requirements: [
            { key: 'a', operator: 'In', values: ['1', '2'] },
            { key: 'b', operator: 'NotIn', values: ['3'] },
            { key: 'c', operator: 'Exists' },
            { key: 'd', operator: 'DoesNotExist' },
          ],
        },
      },
      undefined,
      'a in (1,2),b notin (3),c,!d',
      undefined,
    ],
    [
      'text that is none',
      { fieldSelector: { rawSelector: '=== bad' }, labelSelector: { rawSelector: '!!' } },
      undefined,
      undefined,
      'spec.resourceAttributes.fieldSelector ignored due to parse error; spec.resourceAttributes.labelSelector ignored due to parse error',
    ],
  ])('passes selectors on: %s', async (_what, selectors, fieldSelector, labelSelector, evaluationError) => {
    const { body } = await about({ verb: 'list', resource: 'pods', ...selectors });
    expect([asked?.fieldSelector, asked?.labelSelector]).toEqual([fieldSelector, labelSelector]);
    expect((body.status as { evaluationError?: string }).evaluationError).toBe(evaluationError);
  });

  test.each<[object, object | undefined, string]>([
    [
      { nonResourceAttributes: { verb: 'get', path: '/' } },
      undefined,
      'spec.user: Invalid value: "": at least one of user or group must be specified',
    ],
    [
      { user: 'bob' },
      undefined,
      'spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified',
    ],
    [
      { user: 'bob', resourceAttributes: {}, nonResourceAttributes: { verb: 'get', path: '/' } },
      undefined,
      'spec.nonResourceAttributes: Invalid value: {"Path":"/","Verb":"get"}: cannot be specified in combination with resourceAttributes',
    ],
    [
      { user: 'bob', resourceAttributes: {} },
      { name: 'x' },
      'metadata: Invalid value: {"name":"x"}: must be empty',
    ],
    [
      { user: 'bob', resourceAttributes: { fieldSelector: {} } },
      undefined,
      'spec.resourceAttributes.fieldSelector.requirements: Required value: when spec.resourceAttributes.fieldSelector is specified, requirements or rawSelector is required',
    ],
    [
      {
        user: 'bob',
        resourceAttributes: {
          labelSelector: { rawSelector: 'a', requirements: [{ key: 'a', operator: 'Exists' }] },
        },
      },
      undefined,
      'spec.resourceAttributes.labelSelector.rawSelector: Invalid value: "a": may not specified at the same time as requirements',
    ],
    [
      {
        user: 'bob',
        resourceAttributes: { fieldSelector: { requirements: [{ key: '', operator: 'In', values: [] }] } },
      },
      undefined,
      "[spec.resourceAttributes.fieldSelector.requirements[0].key: Required value: must be specified, spec.resourceAttributes.fieldSelector.requirements[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn']",
    ],
  ])('%j is refused', async (spec, metadata, message) => {
    const { status, body } = await review(spec, metadata);
    expect([status, body.message]).toEqual([422, `.authorization.k8s.io "" is invalid: ${message}`]);
  });

  test('inside a namespace is about that one', async () => {
    const path = `${group}/namespaces/here/localsubjectaccessreviews`;
    const local = (spec: object) => call('POST', path, { spec: { user: 'bob', ...spec } });
    const good = await local({ resourceAttributes: { verb: 'get', resource: 'pods', namespace: 'here' } });
    expect(good.body.metadata).toMatchObject({
      namespace: 'here',
      managedFields: [{ operation: 'Update', fieldsV1: { 'f:spec': { 'f:user': {} } } }],
    });
    const other = await local({ resourceAttributes: { verb: 'get', resource: 'pods', namespace: 'there' } });
    expect(other.body.message).toContain(
      'spec.resourceAttributes.namespace: Invalid value: "there": must match metadata.namespace',
    );
    const onPath = await local({ nonResourceAttributes: { verb: 'get', path: '/' } });
    expect(onPath.body.message).toContain('disallowed on this kind of request');
  });
});

test('there is no table of a review', async () => {
  const headers = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
  const spec = { nonResourceAttributes: { verb: 'get', path: '/' } };
  const { status } = await call('POST', `${group}/selfsubjectaccessreviews`, { spec }, { headers });
  expect(status).toBe(406);
});

test.each([
  ['tokenreviews', {}, 'token is required for TokenReview in authentication'],
  ['tokenreviews', { token: 7 }, 'cannot unmarshal number into Go struct field TokenReviewSpec.spec.token'],
])('%s of %j is a 400', async (resource, spec, message) => {
  const { status, body } = await call('POST', `/apis/authentication.k8s.io/v1/${resource}`, { spec });
  expect(status).toBe(400);
  expect(body.message).toContain(message);
});
