import type { Node, Pod } from '@skerry/api';
import { resources } from '@skerry/client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createBroadcastJobController } from '#kruise/broadcast-job/broadcast-job.ts';
import type { BroadcastJob, BroadcastJobSpec } from '#kruise/kinds/broadcast-job.ts';
import { kruiseResources } from '#kruise/kinds/refs.ts';
import { createKruiseHarness } from '#kruise/testing/kruise-harness.ts';
import type { KruiseHarness } from '#kruise/testing/kruise-harness.ts';

const at = { namespace: 'edge', name: 'sweep' };
let cluster: KruiseHarness;

beforeEach(async () => {
  cluster = createKruiseHarness();
  for (const name of ['n1', 'n2', 'n3']) addNode(name);
  await cluster.start(createBroadcastJobController(cluster.kruise));
});
afterEach(async () => {
  await cluster.stop();
  expect(cluster.errors()).toEqual([]);
});

function addNode(name: string, spec: Node['spec'] = {}): void {
  cluster.client.seed<Node>(resources.nodes, {
    metadata: { name },
    spec,
    status: { allocatable: { cpu: '1', pods: '10' } },
  });
}

async function create(spec: Partial<BroadcastJobSpec> = {}, container: object = {}): Promise<void> {
  await cluster.client.resource<BroadcastJob>(kruiseResources.broadcastJobs).create({
    metadata: { ...at },
    spec: {
      template: {
        metadata: { labels: { app: 'sweep' } },
        spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'a', ...container }] },
      },
      ...spec,
    },
  });
  await cluster.settle();
}

const edit = (change: (spec: BroadcastJobSpec) => void) =>
  cluster.client.edit<BroadcastJob>(kruiseResources.broadcastJobs, at, ({ spec }) => spec && change(spec));
const status = async () =>
  (await cluster.client.resource<BroadcastJob>(kruiseResources.broadcastJobs).get(at.name, at)).status;
const pods = () => cluster.client.all<Pod>(resources.pods);
const nodes = () =>
  pods()
    .map(({ spec }) => spec?.nodeName ?? '')
    .sort();

async function finish(phase: string, ...on: string[]): Promise<void> {
  for (const pod of pods()) {
    if (!on.includes(pod.spec?.nodeName ?? '')) continue;
    const place = { namespace: at.namespace, name: pod.metadata.name ?? '' };
    cluster.client.edit<Pod>(resources.pods, place, (edited) => void (edited.status = { phase }));
  }
  await cluster.clock.advance(100);
}

test('runs once on every node and completes', async () => {
  await create();
  expect(nodes()).toEqual(['n1', 'n2', 'n3']);
  const [pod] = pods();
  expect(pod?.metadata.labels).toEqual({
    app: 'sweep',
    'broadcastjob-name': 'sweep',
    'broadcastjob-controller-uid': pod?.metadata.ownerReferences?.[0]?.uid,
  });
  expect(await status()).toMatchObject({ phase: 'running', desired: 3, active: 3, succeeded: 0, failed: 0 });
  await finish('Succeeded', 'n1', 'n2');
  expect(await status()).toMatchObject({ phase: 'running', active: 1, succeeded: 2 });
  await finish('Succeeded', 'n3');
  expect(await status()).toMatchObject({
    phase: 'completed',
    active: 0,
    succeeded: 3,
    conditions: [
      { type: 'Complete', status: 'True', message: 'Job completed, 3 pods succeeded, 0 pods failed' },
    ],
  });
  expect(await status()).toHaveProperty('completionTime');
});

test.each([
  [{ taints: [{ key: 'x', effect: 'NoSchedule' }] }, {}],
  [{ unschedulable: true }, {}],
  [{}, { resources: { requests: { cpu: '2' } } }],
])('passes over nodes that it may not run on: %j %j', async (spec, container) => {
  addNode('n4', spec);
  await create({}, container);
  expect(nodes()).not.toContain('n4');
});

test('runs on so many nodes at a time', async () => {
  await create({ parallelism: '50%' });
  expect(nodes()).toHaveLength(2);
  await finish('Succeeded', ...nodes());
  await cluster.clock.advance(100);
  expect(pods()).toHaveLength(3);
});

test('a pod that succeeded counts, whatever becomes of its node', async () => {
  await create();
  await finish('Succeeded', 'n1');
  for (const name of ['n1', 'n2']) {
    cluster.client.edit<Node>(resources.nodes, { name }, (node) => {
      node.spec = { taints: [{ key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' }] };
    });
  }
  await finish('Succeeded', 'n3');
  // The one that ran on the lost node is given up, and does not hold up the others.
  expect(await status()).toMatchObject({ phase: 'completed', desired: 2, succeeded: 2 });
});

describe('a failed pod', () => {
  test('ends the job, unless told otherwise', async () => {
    await create();
    await finish('Failed', 'n1');
    await cluster.settle();
    expect(await status()).toMatchObject({
      phase: 'failed',
      conditions: [{ type: 'Failed', status: 'True' }],
    });
    expect(nodes()).toEqual(['n1']);
  });

  test('is passed over with Continue', async () => {
    await create({ failurePolicy: { type: 'Continue' } });
    await finish('Failed', 'n1');
    await finish('Succeeded', 'n2', 'n3');
    expect(await status()).toMatchObject({ phase: 'completed', succeeded: 2, failed: 1 });
  });

  test('pauses the job with Pause', async () => {
    await create({ failurePolicy: { type: 'Pause' }, parallelism: 1 });
    await finish('Failed', nodes()[0] ?? '');
    await cluster.clock.advance(1000);
    expect(await status()).toMatchObject({ phase: 'paused', failed: 1 });
    expect(pods()).toHaveLength(1);
    edit((spec) => void (spec.failurePolicy = { type: 'Continue' }));
    await cluster.clock.advance(1000);
    expect(await status()).toMatchObject({ phase: 'running' });
    expect(pods()).toHaveLength(2);
  });
});

test('a paused job makes no pods until it goes on', async () => {
  await create({ paused: true });
  expect(pods()).toEqual([]);
  expect(await status()).toMatchObject({ phase: 'paused', desired: 3 });
  edit((spec) => void (spec.paused = false));
  await cluster.settle();
  expect(nodes()).toHaveLength(3);
});

test('with completion policy Never it stays for nodes that come later', async () => {
  await create({ completionPolicy: { type: 'Never' } });
  await finish('Succeeded', 'n1', 'n2', 'n3');
  expect(await status()).toMatchObject({ phase: 'running', succeeded: 3 });
  addNode('n4');
  await cluster.clock.advance(100);
  expect(pods()).toHaveLength(4);
});

test('a deadline ends it', async () => {
  await create({ completionPolicy: { type: 'Always', activeDeadlineSeconds: 60 } });
  await cluster.clock.advance(60_000);
  await cluster.settle();
  expect(await status()).toMatchObject({
    phase: 'failed',
    conditions: [{ type: 'Failed', message: 'Job edge/sweep was active longer than specified deadline' }],
  });
  expect(pods()).toEqual([]);
});

test('it goes when its time after the end is over', async () => {
  await create({ completionPolicy: { type: 'Always', ttlSecondsAfterFinished: 30 } });
  await finish('Succeeded', 'n1', 'n2', 'n3');
  await cluster.clock.advance(31_000);
  expect(cluster.client.all(kruiseResources.broadcastJobs)).toEqual([]);
});
