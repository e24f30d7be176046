import { createServer, type Server } from 'node:http';
import { duplexPair } from 'node:stream';
import { FakeClock } from '@skerry/base/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { NodeUnreachableError, type NodeDialer } from '#ports.ts';
import { callerOf, type Caller } from '#testing/caller.ts';
import { startTestServer, type TestServer } from '#testing/start-test-server.ts';

let server: TestServer;
let kubelet: Server;
let call: Caller;
let asked: number;
let clock: FakeClock;

/** One node answers, the other holds no link. */
beforeEach(async () => {
  asked = 0;
  clock = new FakeClock();
  kubelet = createServer((request, response) => {
    asked++;
    response.end(JSON.stringify(request.url === '/stats/summary' ? summary : {}));
  });
  const dialer: NodeDialer = {
    dial(node) {
      if (node !== 'near') return Promise.reject(new NodeUnreachableError(`${node} holds no link`));
      const [ours, theirs] = duplexPair();
      kubelet.emit('connection', theirs);
      return Promise.resolve(ours);
    },
    dialPod: () => Promise.reject(new NodeUnreachableError('no pods')),
  };
  server = await startTestServer({ dialer, clock });
  call = callerOf(server.url);
  for (const name of ['near', 'far'])
    await call('POST', '/api/v1/nodes', { metadata: { name, labels: { name } } });
  for (const name of ['p1', 'p2']) {
    await call('POST', '/api/v1/namespaces/default/pods', {
      metadata: { name, labels: { app: name } },
      spec: { nodeName: 'near', containers: [{ name: 'c', image: 'busybox' }] },
    });
  }
});
afterEach(() => server.close());

const time = '2026-01-01T00:00:00Z';
const summary = {
  node: { cpu: { time, usageNanoCores: 250_000_000 }, memory: { workingSetBytes: 1024 * 1024 } },
  pods: ['p1', 'p2', 'gone'].map((name) => ({
    podRef: { name, namespace: 'default' },
    containers: [{ name: 'c', cpu: { time, usageNanoCores: 1000 }, memory: { workingSetBytes: 2048 } }],
  })),
};

const api = '/apis/metrics.k8s.io/v1beta1';

test('nodes that answer have numbers, others are left out', async () => {
  const { body } = await call('GET', `${api}/nodes`);
  expect(body.items).toMatchObject([
    { metadata: { name: 'near' }, timestamp: time, usage: { cpu: '250000000n', memory: '1024Ki' } },
  ]);
  expect((await call('GET', `${api}/nodes/far`)).status).toBe(404);
});

test('pods are those that the API knows, by namespace, name and label', async () => {
  const names = async (path: string) =>
    (await call('GET', api + path)).body.items?.map(({ metadata }) => metadata?.name);
  expect(await names('/pods')).toEqual(['p1', 'p2']);
  expect(await names('/namespaces/default/pods?labelSelector=app%3Dp2')).toEqual(['p2']);
  expect(await names('/namespaces/other/pods')).toEqual([]);
  const { body } = await call('GET', `${api}/namespaces/default/pods/p1`);
  expect(body).toMatchObject({
    kind: 'PodMetrics',
    containers: [{ name: 'c', usage: { cpu: '1000n', memory: '2Ki' } }],
  });
});

test('a node is asked once in ten seconds', async () => {
  await call('GET', `${api}/nodes`);
  await call('GET', `${api}/pods`);
  expect(asked).toBe(1);
  await clock.advance(10_000);
  await call('GET', `${api}/nodes`);
  expect(asked).toBe(2);
});
