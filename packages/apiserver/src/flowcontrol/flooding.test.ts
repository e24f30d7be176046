import { sleep } from '@skerry/base';
import { eventually, FakeClock } from '@skerry/base/testing';
import { afterEach, expect, test } from 'vitest';
import { allowAll } from '#security.ts';
import { callerOf, type Caller } from '#testing/caller.ts';
import { startTestServer, type TestServer } from '#testing/start-test-server.ts';

/** Seats that flooders have, with all that they can borrow at first, are fewer than this. */
const flood = 500;

let server: TestServer | undefined;
const flooding = new Set<Promise<unknown>>();
let stop = new AbortController();
afterEach(async () => {
  stop.abort();
  await server?.close();
  await Promise.allSettled(flooding);
  flooding.clear();
  stop = new AbortController();
});

/** A server where requests of users named `slow…` take half a minute. */
async function start(): Promise<{ clock: FakeClock; call: Caller }> {
  const clock = new FakeClock();
  server = await startTestServer({
    clock,
    security: (access) => ({
      ...allowAll(access),
      authenticator: {
        authenticate: ({ headers }) => {
          const name = headers['x-user'] ?? 'admin';
          const group = name.startsWith('system:node:') ? 'system:nodes' : 'system:authenticated';
          const groups = name === 'admin' ? ['system:masters'] : [group];
          return Promise.resolve({ name, groups });
        },
      },
      authorizer: {
        authorize: async ({ user }) => {
          if (user.name.startsWith('slow')) await sleep(clock, 30_000, stop.signal).catch(() => undefined);
          return { allowed: true, reason: '' };
        },
      },
    }),
  });
  return { clock, call: callerOf(server.url) };
}

const as = (user: string) => ({ headers: { 'x-user': user } });
const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';

async function waitingOrRefused(call: Caller, count: number): Promise<void> {
  await eventually(async () => {
    const { body } = await call('GET', '/metrics');
    const sum = (name: string) =>
      [...(body.message ?? '').matchAll(new RegExp(`^${name}\\{.*global-default.* (\\d+)$`, 'gm'))].reduce(
        (total, [, value]) => total + Number(value),
        0,
      );
    const seen =
      sum('apiserver_flowcontrol_dispatched_requests_total') +
      sum('apiserver_flowcontrol_current_inqueue_requests') +
      sum('apiserver_flowcontrol_rejected_requests_total');
    expect(seen).toBeGreaterThanOrEqual(count);
  });
}

test('a user that floods the server does not hold up the lease of a node', async () => {
  const { call } = await start();
  const created = await call('POST', leases, { metadata: { name: 'n' }, spec: { holderIdentity: 'n' } });
  const answers: number[] = [];
  for (let index = 0; index < flood; index++) {
    const asked = call('GET', '/api/v1/namespaces/default/configmaps', undefined, as('slow'));
    flooding.add(asked.then(({ status }) => answers.push(status)));
  }
  await waitingOrRefused(call, flood);
  const { status } = await call('PUT', `${leases}/n`, created.body, as('system:node:n'));
  expect(status).toBe(200);
  expect(answers.every((each) => each === 429)).toBe(true);
  expect(answers.length).toBeGreaterThan(0);
});

test('one who is refused is told in the known words when to come back', async () => {
  const { call } = await start();
  const asked = Array.from({ length: flood }, () =>
    call('GET', '/api/v1/namespaces/default/configmaps', undefined, as('slow')),
  );
  for (const each of asked) flooding.add(each);
  const first = await Promise.race(asked);
  expect([first.status, first.body.message]).toEqual([429, 'Too many requests, please try again later.\n']);
  expect(first.headers.get('retry-after')).toBe('1');
  expect(first.headers.get('x-kubernetes-pf-flowschema-uid')).toMatch(/^[0-9a-f-]{36}$/);
});

test('another user of the same level is served while one floods', async () => {
  const { clock, call } = await start();
  for (let index = 0; index < 250; index++)
    flooding.add(call('GET', '/api/v1/namespaces/default/configmaps', undefined, as('slow')));
  await waitingOrRefused(call, 250);
  const served = call('GET', '/api/v1/namespaces/default/configmaps', undefined, as('jane'));
  const answers: number[] = [];
  flooding.add(served.then(({ status }) => answers.push(status)));
  // No slow one ends in this time. Seats are lent anew, and the next one is not the flooder's.
  for (let second = 0; second < 14; second++) await clock.advance(1000);
  await eventually(() => expect(answers).toEqual([200]));
});

test('a watch holds a seat only until it has begun', async () => {
  const { call } = await start();
  const ends: AbortController[] = [];
  for (let index = 0; index < 60; index++) {
    const end = new AbortController();
    ends.push(end);
    await fetch(`${server!.url}/api/v1/configmaps?watch=1`, { signal: end.signal, ...as('jane') });
  }
  const { status } = await call('GET', '/api/v1/configmaps', undefined, as('jane'));
  const { body } = await call('GET', '/metrics');
  for (const end of ends) end.abort();
  expect(status).toBe(200);
  expect(body.message).toContain(
    'apiserver_flowcontrol_current_executing_requests{priority_level="global-default",flow_schema="global-default"} 0',
  );
});

test('the default objects are there, and mandatory ones are put right', async () => {
  const { clock, call } = await start();
  const base = '/apis/flowcontrol.apiserver.k8s.io/v1';
  const { body } = await call('GET', `${base}/flowschemas`);
  expect(body.items?.map(({ metadata }) => metadata?.name)).toEqual([
    'catch-all',
    'exempt',
    'global-default',
    'kube-controller-manager',
    'kube-scheduler',
    'kube-system-service-accounts',
    'probes',
    'service-accounts',
    'system-leader-election',
    'system-node-high',
    'system-nodes',
  ]);
  expect(body.items?.[0]).toMatchObject({
    metadata: { annotations: { 'apf.kubernetes.io/autoupdate-spec': 'true' } },
    status: {
      conditions: [
        {
          type: 'Dangling',
          status: 'False',
          reason: 'Found',
          message:
            'This FlowSchema references the PriorityLevelConfiguration object named "catch-all" and it exists',
        },
      ],
    },
  });
  const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
  const { body: table } = await call('GET', `${base}/flowschemas`, undefined, { headers: { accept } });
  const rows = table['rows'] as { cells: unknown[] }[];
  expect([rows[0]?.cells[0], rows.at(-1)?.cells[0]]).toEqual(['exempt', 'catch-all']);
  await call('DELETE', `${base}/flowschemas/exempt`);
  await call('DELETE', `${base}/flowschemas/probes`);
  await clock.advance(60_000);
  expect((await call('GET', `${base}/flowschemas/exempt`)).status).toBe(200);
  expect((await call('GET', `${base}/flowschemas/probes`)).status).toBe(200);
});

test('a suggested object that its owner changed is left alone, one that follows is not', async () => {
  const { clock, call } = await start();
  const path = '/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations/system';
  const merge = { contentType: 'application/merge-patch+json' };
  const shares = { spec: { limited: { nominalConcurrencyShares: 77 } } };
  await call('PATCH', path, shares, merge);
  await clock.advance(60_000);
  expect((await call('GET', path)).body).toMatchObject({
    spec: { limited: { nominalConcurrencyShares: 30 } },
  });
  const own = { metadata: { annotations: { 'apf.kubernetes.io/autoupdate-spec': 'false' } } };
  await call('PATCH', path, { ...shares, ...own }, merge);
  await clock.advance(60_000);
  expect((await call('GET', path)).body).toMatchObject({
    spec: { limited: { nominalConcurrencyShares: 77 } },
  });
});

test('a schema says that its level is missing, and when it comes', async () => {
  const { clock, call } = await start();
  const base = '/apis/flowcontrol.apiserver.k8s.io/v1';
  await call('POST', `${base}/flowschemas`, {
    metadata: { name: 'own' },
    spec: { priorityLevelConfiguration: { name: 'own' }, matchingPrecedence: 50 },
  });
  await clock.advance(1000);
  const conditionOf = async () =>
    ((await call('GET', `${base}/flowschemas/own`)).body['status'] as { conditions: object[] }).conditions[0];
  expect(await conditionOf()).toMatchObject({
    status: 'True',
    reason: 'NotFound',
    message:
      'This FlowSchema references the PriorityLevelConfiguration object named "own" but there is no such object',
  });
  await call('POST', `${base}/prioritylevelconfigurations`, {
    metadata: { name: 'own' },
    spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } },
  });
  await clock.advance(1000);
  expect(await conditionOf()).toMatchObject({ status: 'False', reason: 'Found' });
});
