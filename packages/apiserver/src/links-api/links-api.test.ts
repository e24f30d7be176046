import { afterEach, beforeEach, expect, test } from 'vitest';
import type { NodeLinkFacts } from '#ports.ts';
import { callerOf, type Caller } from '#testing/caller.ts';
import { startTestServer, type TestServer } from '#testing/start-test-server.ts';

let server: TestServer;
let call: Caller;
let drills: string[];

function facts(node: string, more: Partial<NodeLinkFacts> = {}): NodeLinkFacts {
  return {
    node,
    state: 'linked',
    sinceMs: 0,
    reconnects: 0,
    countingSinceMs: 0,
    purposes: { watch: { sentBytes: 700, receivedBytes: 30 } },
    today: { sentBytes: 700, receivedBytes: 30 },
    ...more,
  };
}

beforeEach(async () => {
  drills = [];
  const links = new Map([
    ['b', facts('b', { state: 'cut', reconnects: 3 })],
    ['a', facts('a', { roundTripMs: 12.34 })],
  ]);
  server = await startTestServer({
    links: {
      list: () => [...links.values()],
      get: (node) => links.get(node),
      drill(node, { seconds }) {
        if (links.get(node)?.state !== 'linked')
          return Promise.reject(new Error(`node ${node} is not linked`));
        drills.push(`${node} ${seconds}`);
        return Promise.resolve();
      },
      endDrill: (node) => void drills.push(`${node} ended`),
    },
  });
  call = callerOf(server.url);
  for (const name of ['a', 'b'])
    await call('POST', '/api/v1/nodes', { metadata: { name, labels: { name } } });
});
afterEach(() => server.close());

const api = '/apis/link.skerry.io/v1alpha1';

test('links are listed by node, under the labels of their nodes, and never written', async () => {
  const { body } = await call('GET', `${api}/nodelinks`);
  expect(body).toMatchObject({
    kind: 'NodeLinkList',
    items: [
      { metadata: { name: 'a' }, status: { state: 'Linked', roundTripMs: 12.3 } },
      { metadata: { name: 'b' }, status: { state: 'Cut', reconnects: 3 } },
    ],
  });
  const chosen = await call('GET', `${api}/nodelinks?labelSelector=name%3Db`);
  expect(chosen.body.items?.map(({ metadata }) => metadata?.name)).toEqual(['b']);
  expect((await call('GET', `${api}/nodelinks/a`)).body).toMatchObject({
    status: { purposes: { watch: { sentBytes: 700, receivedBytes: 30 } }, today: { sentBytes: 700 } },
  });
  expect((await call('GET', `${api}/nodelinks/none`)).status).toBe(404);
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const)
    expect((await call(method, `${api}/nodelinks${method === 'POST' ? '' : '/a'}`, {})).status).toBe(405);
});

test('a drill is asked for by node and seconds, and ended with none', async () => {
  const ask = async (node: string, spec: object) =>
    (await call('POST', `${api}/nodelinks/${node}/drill`, { spec })).status;
  expect(await ask('a', { seconds: 60 })).toBe(201);
  expect(await ask('a', { seconds: 0 })).toBe(201);
  expect(drills).toEqual(['a 60', 'a ended']);
  expect(await ask('b', { seconds: 60 })).toBe(409);
  expect(await ask('none', { seconds: 60 })).toBe(404);
  for (const seconds of [-1, 1.5, 1e9, '60', undefined]) expect(await ask('a', { seconds })).toBe(400);
  expect((await call('GET', `${api}/nodelinks/a/drill`)).status).toBe(405);
  expect((await call('GET', `${api}/nodelinks/a/other`)).status).toBe(404);
  expect(drills).toHaveLength(2);
});

test('without links there is no such resource', async () => {
  await server.close();
  server = await startTestServer({});
  expect((await callerOf(server.url)('GET', `${api}/nodelinks`)).status).toBe(404);
});
