import type { Pod, ReplicationController } from '@skerry/api';
import { resources } from '@skerry/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createReplicationController } from '#apps/replica-set/replica-set.ts';
import { stepPods } from '#testing/fake-kubelet.ts';
import { createHarness } from '#testing/harness.ts';
import type { Harness } from '#testing/harness.ts';

let cluster: Harness;
beforeEach(async () => {
  cluster = createHarness();
  await cluster.start(createReplicationController(cluster.context));
});
afterEach(async () => {
  await cluster.stop();
  expect(cluster.errors()).toEqual([]);
});

const at = { namespace: 'default', name: 'web' };
const controllers = () => cluster.client.resource<ReplicationController>(resources.replicationControllers);
const pods = () => cluster.client.all<Pod>(resources.pods);
const owners = () => pods().map(({ metadata }) => metadata.ownerReferences?.[0]?.kind ?? 'nobody');

function controller(replicas: number): ReplicationController {
  const labels = { app: 'web' };
  return {
    metadata: { ...at },
    spec: {
      replicas,
      selector: labels,
      template: { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'a' }] } },
    },
  };
}

test('keeps as many pods as it is told, and says how they fare', async () => {
  await controllers().create(controller(3));
  await cluster.settle();
  expect(owners()).toEqual(Array(3).fill('ReplicationController'));
  stepPods({ client: cluster.client, clock: cluster.clock });
  await cluster.settle();
  expect((await controllers().get(at.name, at)).status).toMatchObject({
    replicas: 3,
    fullyLabeledReplicas: 3,
    readyReplicas: 3,
    availableReplicas: 3,
  });
  cluster.client.edit<ReplicationController>(resources.replicationControllers, at, ({ spec }) => {
    if (spec) spec.replicas = 1;
  });
  await cluster.settle();
  expect(pods().filter(({ metadata }) => !metadata.deletionTimestamp)).toHaveLength(1);
});

test('lets a pod go that no longer has its labels, and adopts one that has', async () => {
  await controllers().create(controller(1));
  await cluster.settle();
  const name = pods()[0]?.metadata.name ?? '';
  cluster.client.edit<Pod>(resources.pods, { namespace: 'default', name }, ({ metadata }) => {
    metadata.labels = { app: 'other' };
  });
  await cluster.settle();
  expect(new Set(owners())).toEqual(new Set(['ReplicationController', 'nobody']));
});

test('without a selector takes no pod', async () => {
  const { spec } = controller(0);
  await cluster.client.resource<Pod>(resources.pods).create({
    metadata: { namespace: 'default', name: 'stranger', labels: { app: 'web' } },
    spec: { containers: [{ name: 'web', image: 'a' }] },
  });
  await controllers().create({ ...controller(0), spec: { ...spec, selector: {} } });
  await cluster.settle();
  expect(owners()).toEqual(['nobody']);
});
