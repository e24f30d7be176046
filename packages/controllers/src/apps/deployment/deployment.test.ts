import { ApiError } from '@skerry/api';
import type { Deployment, Pod, ReplicaSet } from '@skerry/api';
import { resources } from '@skerry/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDeploymentController } from '#apps/deployment/deployment.ts';
import { createReplicaSetController } from '#apps/replica-set/replica-set.ts';
import { isReady } from '#runtime/pods.ts';
import { stepPods } from '#testing/fake-kubelet.ts';
import { createHarness } from '#testing/harness.ts';
import type { Harness } from '#testing/harness.ts';

let cluster: Harness;
beforeEach(async () => {
  cluster = createHarness();
  await cluster.start(
    createDeploymentController(cluster.context),
    createReplicaSetController(cluster.context),
  );
});
afterEach(async () => {
  await cluster.stop();
  expect(cluster.errors()).toEqual([]);
});

const at = { namespace: 'default', name: 'web' };

function deployment(image: string, spec: Partial<NonNullable<Deployment['spec']>> = {}): Deployment {
  return {
    metadata: { ...at },
    spec: {
      replicas: 4,
      progressDeadlineSeconds: 600,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image }] } },
      ...spec,
    },
  };
}

const deployments = () => cluster.client.resource<Deployment>(resources.deployments);
const get = () => deployments().get(at.name, at);
const edit = (change: (object: Deployment) => void) =>
  cluster.client.edit<Deployment>(resources.deployments, at, (object) => {
    change(object);
    object.metadata.generation = (object.metadata.generation ?? 0) + 1;
  });
const setImage = (image: string) =>
  edit(({ spec }) => {
    if (spec?.template.spec) spec.template.spec.containers[0]!.image = image;
  });
const pods = () => cluster.client.all<Pod>(resources.pods);
const sizes = () =>
  Object.fromEntries(
    cluster.client
      .all<ReplicaSet>(resources.replicaSets)
      .map(({ spec }) => [spec?.template?.spec?.containers[0]?.image, spec?.replicas]),
  );
const condition = (object: Deployment, type: string) =>
  object.status?.conditions?.find((one) => one.type === type);

test('a new Deployment makes a ReplicaSet and its pods, and says that it is complete', async () => {
  await deployments().create(deployment('a'));
  await cluster.settle();
  expect(pods()).toHaveLength(4);
  const [set] = cluster.client.all<ReplicaSet>(resources.replicaSets);
  const hash = set?.metadata.labels?.['pod-template-hash'];
  expect(set?.metadata.name).toBe(`web-${hash}`);
  expect(pods()[0]?.metadata.labels).toEqual({ app: 'web', 'pod-template-hash': hash });
  const made = await get();
  expect(made.status).toMatchObject({
    observedGeneration: made.metadata.generation,
    replicas: 4,
    updatedReplicas: 4,
    readyReplicas: 4,
    availableReplicas: 4,
    unavailableReplicas: 0,
  });
  expect(made.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('1');
  expect(condition(made, 'Available')).toMatchObject({ status: 'True', reason: 'MinimumReplicasAvailable' });
  expect(condition(made, 'Progressing')).toMatchObject({
    status: 'True',
    reason: 'NewReplicaSetAvailable',
    message: `ReplicaSet "web-${hash}" has successfully progressed.`,
  });
  expect(cluster.events.lines).toContain(
    `Normal ScalingReplicaSet: Scaled up replica set web-${hash} from 0 to 4`,
  );
  expect(cluster.events.lines.filter((line) => line.includes('Created pod: '))).toHaveLength(4);
});

test('a rolling update keeps within maxSurge and maxUnavailable at every step', async () => {
  await deployments().create(
    deployment('a', {
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } },
    }),
  );
  await cluster.settle();
  setImage('b');
  let steps = 0;
  for (; steps < 60 && sizes().a !== 0; steps++) {
    await cluster.clock.advance(100);
    const alive = pods().filter(({ metadata }) => !metadata.deletionTimestamp);
    const ready = alive.filter(({ status }) => status?.conditions?.[0]?.status === 'True');
    expect(alive.length).toBeLessThanOrEqual(5);
    expect(ready.length).toBeGreaterThanOrEqual(3);
    // One pod becomes ready, or goes, in each step.
    const next = pods().find((pod) => pod.metadata.deletionTimestamp ?? !pod.status?.conditions);
    stepPods({
      ...cluster,
      becomesReady: (pod) => pod.metadata.name === next?.metadata.name || isReady(pod),
    });
  }
  expect(steps).toBeGreaterThan(3);
  await cluster.settle();
  expect(sizes()).toEqual({ a: 0, b: 4 });
  expect((await get()).status).toMatchObject({ updatedReplicas: 4, replicas: 4, availableReplicas: 4 });
});

test('a broken image leaves the old pods that maxUnavailable protects, and the deadline is told', async () => {
  await deployments().create(
    deployment('a', {
      progressDeadlineSeconds: 60,
      strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    }),
  );
  await cluster.settle();
  setImage('broken');
  await cluster.settle({ becomesReady: (pod) => pod.spec?.containers[0]?.image !== 'broken' });
  expect(sizes()).toEqual({ a: 4, broken: 1 });
  await cluster.clock.advance(70_000);
  const late = await get();
  expect(condition(late, 'Progressing')).toMatchObject({
    status: 'False',
    reason: 'ProgressDeadlineExceeded',
  });
  expect(condition(late, 'Available')?.status).toBe('True');
});

test('going back to an old template makes its old set the newest revision', async () => {
  await deployments().create(deployment('a'));
  await cluster.settle();
  setImage('b');
  await cluster.settle();
  setImage('a');
  await cluster.settle();
  expect(sizes()).toEqual({ a: 4, b: 0 });
  expect((await get()).metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('3');
  const revived = cluster.client
    .all<ReplicaSet>(resources.replicaSets)
    .find(({ spec }) => spec?.replicas === 4);
  expect(revived?.metadata.annotations).toMatchObject({
    'deployment.kubernetes.io/revision': '3',
    'deployment.kubernetes.io/revision-history': '1',
  });
});

test('a revision beyond what a double tells apart is counted on from', async () => {
  const { template } = deployment('a').spec!;
  await cluster.client.resource<ReplicaSet>(resources.replicaSets).create({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: 'old',
      namespace: 'default',
      labels: template?.metadata?.labels,
      annotations: { 'deployment.kubernetes.io/revision': '3546343826724305832' },
    },
    spec: { replicas: 1, selector: deployment('a').spec!.selector, template },
  });
  await deployments().create(deployment('b'));
  await cluster.settle();
  expect((await get()).metadata.annotations?.['deployment.kubernetes.io/revision']).toBe(
    '3546343826724305833',
  );
});

test('Recreate starts new pods only when all old ones are gone', async () => {
  await deployments().create(deployment('a', { strategy: { type: 'Recreate' } }));
  await cluster.settle();
  setImage('b');
  await cluster.clock.advance(500);
  expect(sizes()).toEqual({ a: 0 });
  expect(pods().every(({ metadata }) => metadata.deletionTimestamp)).toBe(true);
  await cluster.settle();
  expect(sizes()).toEqual({ a: 0, b: 4 });
});

test('a paused Deployment follows its replicas and not its template', async () => {
  await deployments().create(deployment('a'));
  await cluster.settle();
  edit(({ spec }) => void (spec!.paused = true));
  setImage('b');
  edit(({ spec }) => void (spec!.replicas = 6));
  await cluster.settle();
  expect(sizes()).toEqual({ a: 6 });
  expect(condition(await get(), 'Progressing')?.reason).toBe('DeploymentPaused');
  edit(({ spec }) => void (spec!.paused = false));
  await cluster.settle();
  expect(sizes()).toEqual({ a: 0, b: 6 });
});

test('scaling in the middle of a rollout shares the new pods between the sets', async () => {
  await deployments().create(
    deployment('a', { replicas: 10, strategy: { rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } } }),
  );
  await cluster.settle();
  setImage('b');
  await cluster.settle({ becomesReady: (pod) => pod.spec?.containers[0]?.image === 'a' });
  expect(sizes()).toEqual({ a: 8, b: 5 });
  edit(({ spec }) => void (spec!.replicas = 15));
  await cluster.settle({ becomesReady: (pod) => pod.spec?.containers[0]?.image === 'a' });
  expect(sizes()).toEqual({ a: 11, b: 7 });
});

test('old sets beyond revisionHistoryLimit go', async () => {
  await deployments().create(deployment('a', { revisionHistoryLimit: 1 }));
  await cluster.settle();
  for (const image of ['b', 'c', 'd']) {
    setImage(image);
    await cluster.settle();
  }
  expect(sizes()).toEqual({ c: 0, d: 4 });
});

test('a refused pod shows as ReplicaFailure and is tried again with growing delay', async () => {
  let refused = 0;
  const remove = cluster.client.react(({ verb, resource }) => {
    if (verb !== 'create' || resource !== 'pods') return;
    refused++;
    throw new Error('exceeded quota: small');
  });
  await deployments().create(deployment('a'));
  await cluster.clock.advance(5_000);
  expect(refused).toBeLessThan(15);
  expect(condition(await get(), 'ReplicaFailure')).toMatchObject({ status: 'True', reason: 'FailedCreate' });
  expect(cluster.events.lines).toContain('Warning FailedCreate: Error creating: exceeded quota: small');
  remove();
  cluster.log.lines.splice(0);
  await cluster.clock.advance(60_000);
  await cluster.settle();
  expect(pods()).toHaveLength(4);
  expect(condition(await get(), 'ReplicaFailure')).toBeUndefined();
});

test('a namespace on its way out is asked once, and told of nowhere', async () => {
  let asked = 0;
  cluster.client.react(({ verb, resource }) => {
    if (verb !== 'create' || resource !== 'pods') return;
    asked++;
    const causes = [{ reason: 'NamespaceTerminating', message: 'namespace default is being terminated' }];
    throw new ApiError('Forbidden', 'unable to create new content', { details: { causes } });
  });
  await deployments().create(deployment('a', { replicas: 40 }));
  await cluster.clock.advance(30_000);
  expect(asked).toBe(1);
  expect(condition(await get(), 'ReplicaFailure')).toBeUndefined();
  expect(cluster.events.lines.filter((line) => line.startsWith('Warning'))).toEqual([]);
});

test('of refusals that name a pod each, the first is what the conditions tell', async () => {
  let refused = 0;
  cluster.client.react(({ verb, resource }) => {
    if (verb === 'create' && resource === 'pods') throw new Error(`pod ${++refused} is refused`);
  });
  await deployments().create(deployment('a'));
  await cluster.clock.advance(5_000);
  expect(refused).toBeGreaterThan(2);
  expect(condition(await get(), 'ReplicaFailure')?.message).toBe('pod 1 is refused');
  cluster.log.lines.splice(0);
});

test('without a deadline nothing is said of progress, and what was said goes', async () => {
  await deployments().create(deployment('a'));
  await cluster.settle();
  expect(condition(await get(), 'Progressing')?.status).toBe('True');
  edit(({ spec }) => void (spec!.progressDeadlineSeconds = 2 ** 31 - 1));
  setImage('b');
  await cluster.settle({ becomesReady: () => false });
  await cluster.clock.advance(3_600_000);
  expect(condition(await get(), 'Progressing')).toBeUndefined();
});

test('an annotation rolls back as the first API did, and tells when it can not', async () => {
  const wish = 'deprecated.deployment.rollback.to';
  const rollBackTo = (revision: string) =>
    edit(({ metadata }) => void (metadata.annotations = { ...metadata.annotations, [wish]: revision }));
  await deployments().create(deployment('a'));
  await cluster.settle();
  rollBackTo('0');
  await cluster.settle();
  expect(cluster.events.lines).toContain(
    'Warning DeploymentRollbackRevisionNotFound: Unable to find last revision.',
  );
  setImage('b');
  await cluster.settle();
  rollBackTo('0');
  await cluster.settle();
  expect(sizes()).toEqual({ a: 4, b: 0 });
  expect(cluster.events.lines).toContain(
    'Normal DeploymentRollback: Rolled back deployment "web" to revision 1',
  );
  rollBackTo('3');
  await cluster.settle();
  expect(cluster.events.lines).toContain(
    'Warning DeploymentRollbackTemplateUnchanged: The rollback revision contains the same template as current deployment "web"',
  );
  rollBackTo('9');
  await cluster.settle();
  expect(cluster.events.lines).toContain(
    'Warning DeploymentRollbackRevisionNotFound: Unable to find the revision to rollback to.',
  );
  expect((await get()).metadata.annotations).toEqual({ 'deployment.kubernetes.io/revision': '3' });
});

test('names at the length limit are cut so that sets and pods can have theirs', async () => {
  at.name = 'w'.repeat(253);
  try {
    await deployments().create(deployment('a'));
    await cluster.settle();
    const [set] = cluster.client.all<ReplicaSet>(resources.replicaSets);
    expect(set?.metadata.name).toHaveLength(253);
    expect(set?.metadata.name).toBe(
      `${'w'.repeat(242)}-${set?.metadata.labels?.['pod-template-hash'] ?? ''}`,
    );
    expect(pods()).toHaveLength(4);
    expect(pods()[0]?.metadata.generateName).toBe(set?.metadata.name);
  } finally {
    at.name = 'web';
  }
});

test('a clock that is set forward or back may misjudge a rollout, and never ends or doubles one', async () => {
  await deployments().create(deployment('a', { progressDeadlineSeconds: 60, minReadySeconds: 5 }));
  const day = 86_400_000;
  for (const [image, jumpMs] of [
    ['b', day],
    ['c', -2 * day],
    ['d', day],
  ] as const) {
    setImage(image);
    await cluster.clock.advance(200);
    cluster.clock.jump(jumpMs);
    for (let round = 0; round < 12; round++) {
      await cluster.settle();
      await cluster.clock.advance(10_000);
    }
    expect(pods().filter(({ metadata }) => !metadata.deletionTimestamp)).toHaveLength(4);
    if (jumpMs > 0) {
      expect(sizes()[image]).toBe(4);
      expect(condition(await get(), 'Progressing')?.reason).toBe('NewReplicaSetAvailable');
    }
  }
});
