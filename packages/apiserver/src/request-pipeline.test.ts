import { once } from 'node:events';
import http from 'node:http';
import { ApiError } from '@skerry/api';
import { FakeClock, recordingLogger } from '@skerry/base/testing';
import { afterEach, expect, test } from 'vitest';
import { allowAll, type SecurityParts } from '#security.ts';
import { callerOf } from '#testing/caller.ts';
import { startTestServer, type TestServer, type TestServerOptions } from '#testing/start-test-server.ts';

let server: TestServer | undefined;
afterEach(() => server?.close());

async function startWith(parts: Partial<SecurityParts>, options: TestServerOptions = {}) {
  server = await startTestServer({ ...options, security: (access) => ({ ...allowAll(access), ...parts }) });
  return callerOf(server.url);
}

const pods = '/api/v1/namespaces/x/pods';
const jane = { name: 'jane', groups: ['dev'] };

test('a bad credential is 401, none at all is anonymous', async () => {
  const call = await startWith({
    authenticator: {
      authenticate: ({ headers }) =>
        headers['authorization']
          ? Promise.reject(new ApiError('Unauthorized', 'Unauthorized'))
          : Promise.resolve(undefined),
    },
  });
  const bad = await call('GET', pods, undefined, { headers: { authorization: 'Bearer x' } });
  expect([bad.status, bad.body.message]).toEqual([401, 'Unauthorized']);
  const who = await call('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {});
  expect(who.body).toMatchObject({ status: { userInfo: { username: 'system:anonymous' } } });
});

test('where anonymous access is off, no credential is 401', async () => {
  const call = await startWith({
    anonymous: false,
    authenticator: { authenticate: () => Promise.resolve(undefined) },
  });
  expect((await call('GET', pods)).status).toBe(401);
});

const denied: [method: string, path: string, message: string][] = [
  [
    'GET',
    pods,
    'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "x": no',
  ],
  [
    'GET',
    `${pods}/p`,
    'pods "p" is forbidden: User "jane" cannot get resource "pods" in API group "" in the namespace "x": no',
  ],
  [
    'PUT',
    '/apis/apps/v1/namespaces/x/deployments/d/scale',
    'deployments.apps "d" is forbidden: User "jane" cannot update resource "deployments/scale" in API group "apps" in the namespace "x": no',
  ],
  [
    'GET',
    '/api/v1/nodes',
    'nodes is forbidden: User "jane" cannot list resource "nodes" in API group "" at the cluster scope: no',
  ],
  ['GET', '/metrics', 'forbidden: User "jane" cannot get path "/metrics": no'],
];

test.each(denied)('%s %s is refused in the known words', async (method, path, message) => {
  const call = await startWith({
    authenticator: { authenticate: () => Promise.resolve(jane) },
    authorizer: { authorize: () => Promise.resolve({ allowed: false, reason: 'no' }) },
  });
  const { status, body } = await call(method, path);
  expect([status, body.reason, body.message]).toEqual([403, 'Forbidden', message]);
});

test('who may not impersonate is refused', async () => {
  const call = await startWith({
    authenticator: { authenticate: () => Promise.resolve(jane) },
    authorizer: {
      authorize: ({ verb }) => Promise.resolve({ allowed: !verb.startsWith('impersonate'), reason: '' }),
    },
  });
  const { status, body } = await call('GET', pods, undefined, { headers: { 'impersonate-user': 'root' } });
  expect(status).toBe(403);
  expect(body.message).toContain(
    'pods is forbidden: User "jane" cannot impersonate-on:user-info:list resource "pods"',
  );
  expect((await call('GET', pods, undefined, { headers: { 'impersonate-group': 'g' } })).status).toBe(400);
});

test.each([
  ['GET', 'exec', 403],
  ['GET', 'attach', 403],
  ['GET', 'portforward', 403],
  ['GET', 'log', 400],
  ['POST', 'exec', 403],
])('who may only read opens no stream: %s %s is %i', async (method, subresource, status) => {
  await startWith({
    authenticator: { authenticate: () => Promise.resolve(jane) },
    authorizer: { authorize: ({ verb }) => Promise.resolve({ allowed: verb === 'get', reason: '' }) },
  });
  const request = http.request(`${server!.url}${pods}/p/${subresource}`, {
    method,
    headers: { Connection: 'Upgrade', Upgrade: 'websocket' },
  });
  request.end();
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  response.resume();
  expect(response.statusCode).toBe(status);
});

test('a bug is a 500 without its stack, logged once', async () => {
  const log = recordingLogger();
  const call = await startWith(
    {
      admission: {
        mutate: () => Promise.reject(new TypeError('secret detail')),
        validate: () => Promise.resolve(),
      },
    },
    { log },
  );
  const { status, body } = await call('POST', '/api/v1/namespaces/default/configmaps', {
    metadata: { name: 'a' },
  });
  expect([status, body.reason]).toEqual([500, 'InternalError']);
  expect(JSON.stringify(body)).not.toContain('secret detail');
  expect(log.lines.filter(({ level }) => level === 'error').map(({ message }) => message)).toEqual([
    'request panicked',
  ]);
});

test('a request that takes a minute is answered 504', async () => {
  const clock = new FakeClock();
  let arrived: (() => void) | undefined;
  const waiting = new Promise<void>((resolve) => (arrived = resolve));
  const call = await startWith(
    {
      admission: {
        mutate() {
          arrived?.();
          return new Promise(() => undefined);
        },
        validate: () => Promise.resolve(),
      },
    },
    { clock },
  );
  const answer = call('POST', '/api/v1/namespaces/default/configmaps', { metadata: { name: 'a' } });
  await waiting;
  await clock.advance(60_000);
  expect((await answer).body).toMatchObject({ code: 504, reason: 'Timeout' });
});

test.each(['constructor', '__proto__', 'valueof'])('a body of the type %s is a 415', async (contentType) => {
  const call = await startWith({});
  const options = { contentType };
  expect((await call('POST', '/api/v1/namespaces/default/configmaps', '{}', options)).status).toBe(415);
  expect((await call('PATCH', '/api/v1/namespaces/default', '{}', options)).status).toBe(415);
});

test('an impersonation header that is not well encoded is a 400', async () => {
  const call = await startWith({});
  const headers = { 'impersonate-user': 'jane', 'impersonate-extra-%zz': 'x' };
  expect((await call('GET', pods, undefined, { headers })).status).toBe(400);
});

test('requests are counted by verb, resource and code', async () => {
  const call = await startWith({});
  await call('GET', '/api/v1/nodes');
  const { body } = await call('GET', '/metrics');
  expect(body.message).toContain(
    'apiserver_request_total{verb="LIST",dry_run="",group="",version="v1",resource="nodes",subresource="",scope="cluster",component="apiserver",code="200"} 1',
  );
});
