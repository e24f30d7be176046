import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventually } from '@skerry/base/testing';
import { callerOf, type Caller } from '#testing/caller.ts';
import { startTestServer, type TestServer } from '#testing/start-test-server.ts';

let server: TestServer;
let call: Caller;

beforeEach(async () => {
  server = await startTestServer({ checksPolicies: true });
  call = callerOf(server.url);
});

afterEach(() => server.close());

const path = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies';
const rule = { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['*'], resources: ['deployments'] };

function post(spec: object) {
  return call('POST', path, {
    metadata: { name: 'p' },
    spec: { matchConstraints: { resourceRules: [rule] }, ...spec },
  });
}

test('a policy is told of fields that its kinds have not', async () => {
  const { status } = await post({
    validations: [
      { expression: 'object.spec.replicas > 1' },
      { expression: 'object.spec.replica > 1', messageExpression: 'string(object.none)' },
    ],
  });
  expect(status).toBe(201);
  await eventually(async () => {
    const { body } = await call('GET', `${path}/p`);
    expect(body.status).toMatchObject({
      observedGeneration: 1,
      typeChecking: {
        expressionWarnings: [
          {
            fieldRef: 'spec.validations[1].expression',
            warning: expect.stringMatching(
              /^apps\/v1, Kind=Deployment: compilation failed: ERROR: <input>:1:12: undefined field 'replica'/,
            ),
          },
          { fieldRef: 'spec.validations[1].messageExpression' },
        ],
      },
    });
  });
});

test('a policy whose expressions fit has nothing to be told', async () => {
  await post({ validations: [{ expression: 'object.spec.replicas > 1' }] });
  await eventually(async () => {
    expect((await call('GET', `${path}/p`)).body.status).toEqual({ observedGeneration: 1, typeChecking: {} });
  });
});

test.each([
  [
    { validations: [{ expression: 'object.' }] },
    'spec.validations[0].expression: Invalid value: "object.": compilation failed: ERROR: <input>:1:8: Syntax error: no viable alternative at input \'.\'',
  ],
  [
    { validations: [{ expression: '1 + 1' }] },
    'spec.validations[0].expression: Invalid value: "1 + 1": must evaluate to bool but got int',
  ],
  [
    {
      validations: [{ expression: 'true', messageExpression: "authorizer.path('/x').check('get').reason()" }],
    },
    "undeclared reference to 'authorizer'",
  ],
  [{ validations: [{ expression: 'params.x == 1' }] }, "undeclared reference to 'params'"],
  [{ validations: [{ expression: 'variables.x == 1' }] }, "undeclared reference to 'variables'"],
  [
    { variables: [{ name: 'a', expression: 'variables.b' }], validations: [{ expression: 'true' }] },
    "undefined field 'b'",
  ],
  [
    { matchConditions: [{ name: 'c', expression: "'a'" }], validations: [{ expression: 'true' }] },
    'spec.matchConditions[0].expression: Invalid value: "\'a\'": must evaluate to bool but got string',
  ],
  [
    { validations: [] },
    'spec.validations: Required value: validations or auditAnnotations must contain at least one item',
  ],
])('a policy with %j is refused', async (spec, message) => {
  const { status, body } = await post(spec);
  expect(status).toBe(422);
  expect(body.message).toContain(message);
});
