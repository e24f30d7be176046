import { once } from 'node:events';
import http from 'node:http';
import { ApiError } from '@skerry/api';
import { eventually } from '@skerry/base/testing';
import { afterEach, expect, test } from 'vitest';
import type { AuditEvent } from '#audit/audit-event.ts';
import { AuditPolicy, type AuditRule } from '#audit/policy.ts';
import { allowAll, type SecurityParts } from '#security.ts';
import { callerOf } from '#testing/caller.ts';
import { startTestServer, type TestServer } from '#testing/start-test-server.ts';

let server: TestServer | undefined;
let events: AuditEvent[] = [];
let refusing = false;
afterEach(async () => {
  await server?.close();
  events = [];
  refusing = false;
});

async function startWith(rule: AuditRule, parts: Partial<SecurityParts> = {}) {
  const sink = {
    record(event: AuditEvent) {
      events.push(structuredClone(event));
      return refusing ? Promise.reject(new Error('the log is full')) : undefined;
    },
    plugins: [
      {
        name: 'log',
        get counts() {
          return { recorded: events.length, dropped: 0 };
        },
      },
    ],
  };
  server = await startTestServer({
    security: (access) => ({
      ...allowAll(access),
      audit: { policy: new AuditPolicy({ rules: [rule] }), sink },
      ...parts,
    }),
  });
  return callerOf(server.url);
}

const secrets = '/api/v1/namespaces/default/secrets';
const configMaps = '/api/v1/namespaces/default/configmaps';
const stages = () => events.map(({ stage }) => stage);
/** Answers are audited once they are gone. */
const ended = () =>
  eventually(() => {
    const last = events.at(-1);
    if (last?.stage !== 'ResponseComplete' && last?.stage !== 'Panic') throw new Error(stages().join(' '));
    return Promise.resolve(last);
  });

test('an event says who did what to which object, and how it went', async () => {
  const call = await startWith({ level: 'Metadata' });
  await call(
    'POST',
    `${configMaps}?fieldManager=x`,
    { metadata: { name: 'a' } },
    { headers: { 'user-agent': 'tester/1', 'x-forwarded-for': '192.0.2.1', 'audit-id': 'given' } },
  );
  await ended();
  expect(stages()).toEqual(['RequestReceived', 'ResponseComplete']);
  const [received, complete] = events;
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/) as string;
  expect(received).toMatchObject({ objectRef: { resource: 'configmaps' }, stage: 'RequestReceived' });
  expect(received?.stageTimestamp).toBe(received?.requestReceivedTimestamp);
  expect(JSON.parse(JSON.stringify(complete))).toEqual({
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'Metadata',
    auditID: 'given',
    stage: 'ResponseComplete',
    requestURI: `${configMaps}?fieldManager=x`,
    verb: 'create',
    user: { username: 'admin', groups: ['system:masters', 'system:authenticated'] },
    sourceIPs: ['192.0.2.1', '127.0.0.1'],
    userAgent: 'tester/1',
    objectRef: { resource: 'configmaps', namespace: 'default', name: 'a', apiVersion: 'v1' },
    responseStatus: { metadata: {}, code: 201 },
    requestReceivedTimestamp: time,
    stageTimestamp: time,
    annotations: { 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': '' },
  });
});

test.each<[AuditRule['level'], boolean, boolean]>([
  ['Metadata', false, false],
  ['Request', true, false],
  ['RequestResponse', true, true],
])('level %s: the request body %s, the answer %s', async (level, request, response) => {
  const call = await startWith({ level });
  await call('POST', secrets, { metadata: { name: 's' }, stringData: { a: 'hidden' } });
  const event = await ended();
  expect(event.requestObject !== undefined).toBe(request);
  expect(event.responseObject !== undefined).toBe(response);
  expect(JSON.stringify(events).includes('hidden')).toBe(request);
});

test.each<[AuditRule['level']]>([['Metadata'], ['Request'], ['RequestResponse']])(
  'why it failed is told at level %s',
  async (level) => {
    const call = await startWith({ level });
    await call('GET', `${configMaps}/nope`);
    expect((await ended()).responseStatus).toMatchObject({
      status: 'Failure',
      reason: 'NotFound',
      message: 'configmaps "nope" not found',
      details: { name: 'nope', kind: 'configmaps' },
      code: 404,
    });
  },
);

test('bodies are there in JSON, whatever they were sent in', async () => {
  const call = await startWith({ level: 'RequestResponse', omitStages: ['RequestReceived'] });
  await call('POST', configMaps, 'metadata: {name: y}\ndata: {a: b}', { contentType: 'application/yaml' });
  await call('PATCH', `${configMaps}/y`, [{ op: 'remove', path: '/data/a' }], {
    contentType: 'application/json-patch+json',
  });
  await call('GET', configMaps, undefined, {
    headers: { accept: 'application/vnd.kubernetes.protobuf' },
  });
  await call('PATCH', `${configMaps}/y?fieldManager=m`, 'apiVersion: v1\nkind: ConfigMap\ndata: {c: d}', {
    contentType: 'application/apply-patch+yaml',
  });
  await eventually(() => expect(events).toHaveLength(4));
  expect(events[3]).toMatchObject({ requestObject: { kind: 'ConfigMap', data: { c: 'd' } } });
  expect(events[0]).toMatchObject({
    requestObject: { metadata: { name: 'y' }, data: { a: 'b' } },
    responseObject: { kind: 'ConfigMap', data: { a: 'b' } },
  });
  expect(events[1]).toMatchObject({ requestObject: [{ op: 'remove', path: '/data/a' }] });
  expect(events[2]).toMatchObject({ responseObject: { kind: 'ConfigMapList' } });
});

test('managed fields are left out on request', async () => {
  const call = await startWith({ level: 'RequestResponse', omitManagedFields: true });
  await call('POST', configMaps, { metadata: { name: 'm' }, data: { a: 'b' } });
  expect(await ended()).toMatchObject({ responseObject: { data: { a: 'b' } } });
  await call('GET', configMaps);
  await eventually(() => expect(events).toHaveLength(4));
  expect(JSON.stringify(events)).not.toContain('managedFields');
});

test('a watch is told when it begins and when it ends', async () => {
  const call = await startWith({ level: 'Metadata' });
  const { body } = await call('GET', configMaps);
  events.length = 0;
  const aborter = new AbortController();
  const version = body.metadata?.resourceVersion;
  const response = await fetch(`${server!.url}${configMaps}?watch=1&resourceVersion=${version}`, {
    signal: aborter.signal,
  });
  await eventually(() => expect(stages()).toEqual(['RequestReceived', 'ResponseStarted']));
  expect(events[1]?.responseStatus).toEqual({ metadata: {}, code: 200 });
  aborter.abort();
  await response.text().catch(() => undefined);
  await ended();
  expect(stages()).toEqual(['RequestReceived', 'ResponseStarted', 'ResponseComplete']);
});

test('a stream that is refused is told as one that begins and ends with why', async () => {
  await startWith({ level: 'Metadata' });
  const request = http.request(`${server!.url}/api/v1/namespaces/default/pods/p/exec`, {
    headers: { Connection: 'Upgrade', Upgrade: 'websocket' },
  });
  request.end();
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  response.resume();
  await ended();
  expect(events.map(({ stage, responseStatus }) => [stage, responseStatus?.code])).toEqual([
    ['RequestReceived', undefined],
    ['ResponseStarted', 400],
    ['ResponseComplete', 400],
  ]);
});

test('who is refused is told with why, and a bad credential without a user', async () => {
  const call = await startWith(
    { level: 'Metadata' },
    {
      authenticator: {
        authenticate: ({ headers }) =>
          headers['authorization']
            ? Promise.reject(new ApiError('Unauthorized', 'Unauthorized'))
            : Promise.resolve({ name: 'jane', groups: [] }),
      },
      authorizer: { authorize: () => Promise.resolve({ allowed: false, reason: 'no rule' }) },
    },
  );
  await call('GET', configMaps);
  expect(await ended()).toMatchObject({
    responseStatus: { code: 403, reason: 'Forbidden' },
    annotations: { 'authorization.k8s.io/decision': 'forbid', 'authorization.k8s.io/reason': 'no rule' },
  });
  events.length = 0;
  await call('GET', configMaps, undefined, { headers: { authorization: 'Bearer x' } });
  await eventually(() => expect(stages()).toEqual(['ResponseStarted']));
  expect(events[0]).toMatchObject({ user: {}, responseStatus: { code: 401, reason: 'Unauthorized' } });
});

test('who acts as someone else stands there beside them', async () => {
  const call = await startWith({ level: 'Metadata' });
  await call('GET', configMaps, undefined, {
    headers: { 'impersonate-user': 'bob', 'impersonate-group': 'g', 'impersonate-extra-scopes': 'x' },
  });
  expect(await ended()).toMatchObject({
    user: { username: 'admin' },
    impersonatedUser: {
      username: 'bob',
      groups: ['g', 'system:authenticated'],
      extra: { scopes: ['x'] },
    },
  });
});

test('a bug is a panic', async () => {
  const call = await startWith(
    { level: 'Metadata' },
    { admission: { mutate: () => Promise.reject(new TypeError('oops')), validate: () => Promise.resolve() } },
  );
  await call('POST', configMaps, { metadata: { name: 'a' } });
  expect(await ended()).toMatchObject({
    stage: 'Panic',
    responseStatus: { code: 500, reason: 'InternalError', message: "APIServer panic'd: oops" },
  });
});

test('what admission notes stands in the event', async () => {
  const call = await startWith(
    { level: 'Metadata' },
    {
      admission: {
        mutate: () => Promise.resolve(),
        validate: ({ auditAnnotations }) => {
          auditAnnotations.add('example.com/checked', 'yes');
          return Promise.resolve();
        },
      },
    },
  );
  await call('POST', configMaps, { metadata: { name: 'a' } });
  expect((await ended()).annotations).toMatchObject({ 'example.com/checked': 'yes' });
});

test('events and levels are counted', async () => {
  const call = await startWith({ level: 'Metadata' });
  await call('GET', configMaps);
  await ended();
  const { body } = await call('GET', '/metrics');
  expect(body.message).toContain('apiserver_audit_level_total{level="Metadata"} 2');
  expect(body.message).toContain('apiserver_audit_error_total{plugin="log"} 0');
});

test('requests are answered the same where no log is written', async () => {
  const call = await startWith({ level: 'None' });
  expect((await call('POST', configMaps, { metadata: { name: 'a' } })).status).toBe(201);
  expect(events).toEqual([]);
});

test('a request that the log must have and does not take is refused', async () => {
  const call = await startWith({ level: 'Metadata' });
  refusing = true;
  const answer = await fetch(`${server!.url}${configMaps}`, { method: 'POST', body: '{}' });
  expect(answer.status).toBe(500);
  expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  expect(await answer.text()).toBe(
    'Internal Server Error: "/api/v1/namespaces/default/configmaps": failed to store audit event\n',
  );
  expect(stages()).toEqual(['RequestReceived']);
  refusing = false;
  const list = await call('GET', configMaps);
  expect(list).toMatchObject({ body: { items: [] } });
  expect(await (await fetch(`${server!.url}/metrics`)).text()).toContain(
    'apiserver_audit_requests_rejected_total 1',
  );
});
