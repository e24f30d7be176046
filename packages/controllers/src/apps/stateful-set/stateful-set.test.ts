import type { ControllerRevision, PersistentVolumeClaim, Pod, StatefulSet } from '@skerry/api';
import { resources } from '@skerry/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createStatefulSetController } from '#apps/stateful-set/stateful-set.ts';
import { createHarness } from '#testing/harness.ts';
import type { Harness } from '#testing/harness.ts';

let cluster: Harness;
beforeEach(async () => {
  cluster = createHarness();
  await cluster.start(createStatefulSetController(cluster.context));
});
afterEach(async () => {
  await cluster.stop();
  expect(cluster.errors()).toEqual([]);
});

type Spec = NonNullable<StatefulSet['spec']>;

const at = { namespace: 'default', name: 'db' };
const create = (spec: Partial<Spec> = {}) =>
  cluster.client.resource<StatefulSet>(resources.statefulSets).create({
    metadata: { ...at },
    spec: {
      replicas: 3,
      serviceName: 'db',
      selector: { matchLabels: { app: 'db' } },
      template: { metadata: { labels: { app: 'db' } }, spec: { containers: [{ name: 'c', image: 'a' }] } },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
      ...spec,
    },
  });
const edit = (change: (spec: Spec) => void) =>
  cluster.client.edit<StatefulSet>(resources.statefulSets, at, (set) => {
    change(set.spec!);
    set.metadata.generation = (set.metadata.generation ?? 0) + 1;
  });
const setImage = (image: string) =>
  edit(({ template }) => void (template.spec!.containers[0]!.image = image));
const pods = () => cluster.client.all<Pod>(resources.pods);
const alive = () => pods().filter(({ metadata }) => !metadata.deletionTimestamp);
const names = () => alive().map(({ metadata }) => metadata.name);
const images = () =>
  Object.fromEntries(alive().map(({ metadata, spec }) => [metadata.name, spec?.containers[0]?.image]));
const set = () => cluster.client.all<StatefulSet>(resources.statefulSets)[0]!;
const claims = () => cluster.client.all<PersistentVolumeClaim>(resources.persistentVolumeClaims);
const revisions = () => cluster.client.all<ControllerRevision>(resources.controllerRevisions);
const step = () => cluster.clock.advance(100);
const podNamed = (name: string) => ({ namespace: 'default', name });
const editPod = (name: string, change: (pod: Pod) => void) =>
  cluster.client.edit<Pod>(resources.pods, podNamed(name), change);
const deletePod = (name: string) =>
  cluster.client.resource(resources.pods).delete(name, { namespace: 'default' });
const claimTemplate = { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'] } };

test('pods are made in order, each when those before it are ready', async () => {
  await create();
  await step();
  expect(names()).toEqual(['db-0']);
  await cluster.settle({ becomesReady: ({ metadata }) => metadata.name === 'db-0' });
  expect(names()).toEqual(['db-0', 'db-1']);
  expect(set().status).toMatchObject({ replicas: 2, readyReplicas: 1, updatedReplicas: 2 });
  await cluster.settle();
  expect(names()).toEqual(['db-0', 'db-1', 'db-2']);
  const [revision] = revisions();
  expect(pods()[1]).toMatchObject({
    metadata: {
      labels: {
        app: 'db',
        'statefulset.kubernetes.io/pod-name': 'db-1',
        'apps.kubernetes.io/pod-index': '1',
        'controller-revision-hash': revision?.metadata.name,
      },
      ownerReferences: [{ kind: 'StatefulSet', name: 'db', controller: true }],
    },
    spec: { hostname: 'db-1', subdomain: 'db' },
  });
  expect(set().status).toEqual({
    observedGeneration: set().metadata.generation,
    replicas: 3,
    readyReplicas: 3,
    availableReplicas: 3,
    currentReplicas: 3,
    updatedReplicas: 3,
    currentRevision: revision?.metadata.name,
    updateRevision: revision?.metadata.name,
    collisionCount: 0,
  });
  expect(cluster.events.lines).toContain(
    'Normal SuccessfulCreate: Create Pod db-0 in StatefulSet db successful',
  );
});

test('Parallel makes and removes all at once', async () => {
  await create({ podManagementPolicy: 'Parallel' });
  await step();
  expect(names()).toEqual(['db-0', 'db-1', 'db-2']);
  edit((spec) => void (spec.replicas = 1));
  await step();
  expect(names()).toEqual(['db-0']);
});

test('scaling down removes the highest first, one at a time, and waits while another is not ready', async () => {
  await create();
  await cluster.settle();
  editPod('db-0', (pod) => void (pod.status!.conditions![0]!.status = 'False'));
  edit((spec) => void (spec.replicas = 1));
  await step();
  expect(names()).toEqual(['db-0', 'db-1', 'db-2']);
  editPod('db-0', (pod) => void (pod.status!.conditions![0]!.status = 'True'));
  await step();
  expect(names()).toEqual(['db-0', 'db-1']);
  expect(pods()).toHaveLength(3);
  await cluster.settle();
  expect(names()).toEqual(['db-0']);
});

test('an unhealthy pod that is to go anyway goes', async () => {
  await create();
  await cluster.settle();
  editPod('db-2', (pod) => void (pod.status!.conditions![0]!.status = 'False'));
  edit((spec) => void (spec.replicas = 2));
  await step();
  expect(names()).toEqual(['db-0', 'db-1']);
});

test('ordinals may begin elsewhere, and what is then outside goes', async () => {
  await create({ replicas: 2 });
  await cluster.settle();
  edit((spec) => void (spec.ordinals = { start: 1 }));
  await cluster.settle();
  expect(names()).toEqual(['db-1', 'db-2']);
});

test('an update replaces the highest first and waits for it', async () => {
  await create();
  await cluster.settle();
  setImage('b');
  await cluster.settle({ becomesReady: ({ spec }) => spec?.containers[0]?.image === 'a' });
  expect(images()).toEqual({ 'db-0': 'a', 'db-1': 'a', 'db-2': 'b' });
  const { currentRevision, updateRevision, ...counts } = set().status!;
  expect(currentRevision).not.toBe(updateRevision);
  expect(counts).toMatchObject({ currentReplicas: 2, updatedReplicas: 1, readyReplicas: 2 });
  await cluster.settle();
  expect(images()).toEqual({ 'db-0': 'b', 'db-1': 'b', 'db-2': 'b' });
  expect(set().status).toMatchObject({ currentRevision: updateRevision, currentReplicas: 3 });
});

test('below the partition pods keep the old template, also when they are made anew', async () => {
  await create({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } });
  await cluster.settle();
  setImage('b');
  await cluster.settle();
  expect(images()).toEqual({ 'db-0': 'a', 'db-1': 'a', 'db-2': 'b' });
  await deletePod('db-0');
  await cluster.settle();
  expect(images()['db-0']).toBe('a');
  edit(({ updateStrategy }) => void (updateStrategy!.rollingUpdate!.partition = 0));
  await cluster.settle();
  expect(new Set(Object.values(images()))).toEqual(new Set(['b']));
});

test('maxUnavailable lets several go at once', async () => {
  await create({
    replicas: 5,
    podManagementPolicy: 'Parallel',
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0, maxUnavailable: '40%' } },
  });
  await cluster.settle();
  setImage('b');
  await step();
  expect(names()).toEqual(['db-0', 'db-1', 'db-2']);
  await cluster.settle();
  expect(new Set(Object.values(images()))).toEqual(new Set(['b']));
});

test('OnDelete gives the new template only to pods that someone deletes', async () => {
  await create({ updateStrategy: { type: 'OnDelete' } });
  await cluster.settle();
  setImage('b');
  await cluster.settle();
  await deletePod('db-1');
  await cluster.settle();
  expect(images()).toEqual({ 'db-0': 'a', 'db-1': 'b', 'db-2': 'a' });
});

test('an update that never gets ready stays where it is, also when the template goes back', async () => {
  await create();
  await cluster.settle();
  setImage('broken');
  const notBroken = ({ spec }: Pod) => spec?.containers[0]?.image !== 'broken';
  await cluster.settle({ becomesReady: notBroken });
  setImage('a');
  await cluster.settle({ becomesReady: notBroken });
  expect(images()).toEqual({ 'db-0': 'a', 'db-1': 'a', 'db-2': 'broken' });
  await deletePod('db-2');
  await cluster.settle();
  expect(new Set(Object.values(images()))).toEqual(new Set(['a']));
});

test('minReadySeconds holds the next pod back', async () => {
  await create({ replicas: 2, minReadySeconds: 30 });
  await cluster.settle();
  expect(names()).toEqual(['db-0']);
  await cluster.clock.advance(31_000);
  expect(names()).toEqual(['db-0', 'db-1']);
  expect(set().status?.availableReplicas).toBe(1);
});

test('a finished pod is replaced under its name, whatever it ended with', async () => {
  await create();
  await cluster.settle();
  const uidOf = (name: string) => pods().find(({ metadata }) => metadata.name === name)?.metadata.uid;
  const [first, second] = [uidOf('db-0'), uidOf('db-1')];
  editPod('db-0', (pod) => void (pod.status = { phase: 'Failed' }));
  editPod('db-1', (pod) => void (pod.status = { phase: 'Succeeded' }));
  for (let round = 0; round < 10; round++) {
    await step();
    for (const { metadata } of pods().filter((pod) => pod.metadata.deletionTimestamp)) {
      cluster.client.remove(resources.pods, podNamed(metadata.name ?? ''));
    }
    for (const pod of alive().filter(({ status }) => status?.phase === 'Pending')) {
      editPod(pod.metadata.name ?? '', (edited) => {
        edited.status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
      });
    }
  }
  expect(names()).toEqual(['db-0', 'db-1', 'db-2']);
  expect([uidOf('db-0'), uidOf('db-1')]).not.toContain(first);
  expect([uidOf('db-0'), uidOf('db-1')]).not.toContain(second);
});

test('each pod has claims of its own, which stay when it goes', async () => {
  await create({ replicas: 2, volumeClaimTemplates: [claimTemplate] });
  await cluster.settle();
  expect(claims()).toMatchObject([
    { metadata: { name: 'data-db-0', labels: { app: 'db' } }, spec: { accessModes: ['ReadWriteOnce'] } },
    { metadata: { name: 'data-db-1' } },
  ]);
  expect(pods()[1]?.spec?.volumes).toEqual([
    { name: 'data', persistentVolumeClaim: { claimName: 'data-db-1' } },
  ]);
  expect(cluster.events.lines).toContain(
    'Normal SuccessfulCreate: Create Claim data-db-0 Pod db-0 in StatefulSet db success',
  );
  edit((spec) => void (spec.replicas = 1));
  await cluster.settle();
  expect(claims().map(({ metadata }) => metadata.ownerReferences)).toEqual([undefined, undefined]);
});

test.each([
  ['Retain', 'Delete'],
  ['Delete', 'Retain'],
  ['Delete', 'Delete'],
])('claims are owned by the policy: %s when deleted, %s when scaled', async (whenDeleted, whenScaled) => {
  await create({
    replicas: 2,
    volumeClaimTemplates: [claimTemplate],
    persistentVolumeClaimRetentionPolicy: { whenDeleted, whenScaled },
  });
  await cluster.settle();
  const owners = () =>
    claims().map(({ metadata }) => metadata.ownerReferences?.map(({ kind, name }) => `${kind} ${name}`));
  expect(owners()).toEqual(
    whenDeleted === 'Delete' ? [['StatefulSet db'], ['StatefulSet db']] : [undefined, undefined],
  );
  edit((spec) => void (spec.replicas = 1));
  await step();
  expect(owners()[1]).toEqual(whenScaled === 'Delete' ? ['Pod db-1'] : ['StatefulSet db']);
  // The garbage collector isn't here to take the claim away: until it has, the pod doesn't come back.
  await cluster.settle();
  edit((spec) => void (spec.replicas = 2));
  await cluster.settle();
  expect(names()).toEqual(whenScaled === 'Delete' ? ['db-0'] : ['db-0', 'db-1']);
});

test('a policy that changes changes the owners', async () => {
  await create({ replicas: 1, volumeClaimTemplates: [claimTemplate] });
  await cluster.settle();
  edit((spec) => void (spec.persistentVolumeClaimRetentionPolicy = { whenDeleted: 'Delete' }));
  await cluster.settle();
  expect(claims()[0]?.metadata.ownerReferences).toMatchObject([{ kind: 'StatefulSet', controller: true }]);
  edit((spec) => void (spec.persistentVolumeClaimRetentionPolicy = { whenDeleted: 'Retain' }));
  await cluster.settle();
  expect(claims()[0]?.metadata.ownerReferences).toBeUndefined();
});

test('old templates beyond the limit go, but for those that pods carry', async () => {
  await create({ revisionHistoryLimit: 1 });
  await cluster.settle();
  for (const image of ['b', 'c', 'd']) {
    setImage(image);
    await cluster.settle();
  }
  expect(new Set(revisions().map(({ revision }) => revision))).toEqual(new Set([3, 4]));
  expect(revisions()[0]?.data).toMatchObject({ spec: { template: { $patch: 'replace' } } });
});

test('pods that match the selector but are not named as members are left alone', async () => {
  const labels = { app: 'db' };
  for (const name of ['other', 'db-x', 'dbx-0']) {
    cluster.client.seed<Pod>(resources.pods, {
      metadata: { name, namespace: 'default', labels },
      spec: { containers: [] },
    });
  }
  cluster.client.seed<Pod>(resources.pods, {
    metadata: { name: 'db-1', namespace: 'default', labels },
    spec: { containers: [] },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
  });
  await create();
  await step();
  const owner = (name: string) =>
    pods().find(({ metadata }) => metadata.name === name)?.metadata.ownerReferences?.[0]?.name;
  expect(['other', 'db-x', 'dbx-0', 'db-1'].map(owner)).toEqual([undefined, undefined, undefined, 'db']);
});

test('a pod that loses what tells it apart gets it back', async () => {
  await create({ replicas: 1 });
  await cluster.settle();
  editPod('db-0', ({ metadata }) => delete metadata.labels!['statefulset.kubernetes.io/pod-name']);
  await step();
  expect(pods()[0]?.metadata.labels).toMatchObject({ 'statefulset.kubernetes.io/pod-name': 'db-0' });
});

test('a refused pod is tried again with growing delay, and told of', async () => {
  let refused = 0;
  const stop = cluster.client.react(({ verb, resource }) => {
    if (verb !== 'create' || resource !== 'pods') return;
    refused++;
    throw new Error('exceeded quota: small');
  });
  await create();
  await cluster.clock.advance(5_000);
  expect(refused).toBeLessThan(15);
  expect(cluster.events.lines).toContain(
    'Warning FailedCreate: Create Pod db-0 in StatefulSet db failed error: exceeded quota: small',
  );
  stop();
  cluster.log.lines.splice(0);
  await cluster.clock.advance(60_000);
  await cluster.settle();
  expect(names()).toEqual(['db-0', 'db-1', 'db-2']);
});

test('a set that is being deleted makes nothing', async () => {
  await create();
  await cluster.settle();
  cluster.client.edit<StatefulSet>(resources.statefulSets, at, ({ metadata }) => {
    metadata.deletionTimestamp = '2026-01-01T00:00:00Z';
    metadata.finalizers = ['foregroundDeletion'];
  });
  await deletePod('db-1');
  await cluster.settle();
  expect(names()).toEqual(['db-0', 'db-2']);
  expect(set().status).toMatchObject({ replicas: 2 });
});
