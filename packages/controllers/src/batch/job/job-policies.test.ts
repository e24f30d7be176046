import type { Job, Pod } from '@skerry/api';
import { resources } from '@skerry/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createJobController } from '#batch/job/job.ts';
import { createHarness } from '#testing/harness.ts';
import type { Harness } from '#testing/harness.ts';

let cluster: Harness;
beforeEach(async () => {
  cluster = createHarness();
  await cluster.start(createJobController(cluster.context));
});
afterEach(async () => {
  await cluster.stop();
  expect(cluster.errors()).toEqual([]);
});

type Spec = NonNullable<Job['spec']>;
const at = { namespace: 'default', name: 'work' };
const create = (spec: Partial<Spec> = {}) =>
  cluster.client.resource<Job>(resources.jobs).create({
    metadata: { ...at },
    spec: {
      completions: 1,
      parallelism: 1,
      backoffLimit: 6,
      selector: { matchLabels: { job: 'work' } },
      template: {
        metadata: { labels: { job: 'work' } },
        spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'x' }] },
      },
      ...spec,
    },
  });
const edit = (change: (spec: Spec) => void) =>
  cluster.client.edit<Job>(resources.jobs, at, ({ spec }) => change(spec!));
const pause = () => cluster.clock.advance(100);
const pods = () => cluster.client.all<Pod>(resources.pods);
const active = () =>
  pods().filter(
    ({ status, metadata }) =>
      status?.phase !== 'Succeeded' && status?.phase !== 'Failed' && !metadata.deletionTimestamp,
  );
const indexOf = ({ metadata }: Pod) => Number(metadata.labels?.['batch.kubernetes.io/job-completion-index']);
const indexes = () =>
  active()
    .map(indexOf)
    .sort((a, b) => a - b);
const job = () => cluster.client.all<Job>(resources.jobs)[0]!;
const last = () => job().status?.conditions?.at(-1);

/** Ends the pod, by index or any. */
async function end(exitCode: number, given: { index?: number; conditions?: Pod['status'] } = {}) {
  const pod = active().find((one) => given.index === undefined || indexOf(one) === given.index);
  cluster.client.edit<Pod>(resources.pods, { ...at, name: pod?.metadata.name ?? '' }, (edited) => {
    const finishedAt = new Date(cluster.clock.now()).toISOString();
    edited.status = {
      ...given.conditions,
      phase: exitCode === 0 ? 'Succeeded' : 'Failed',
      containerStatuses: [{ name: 'c', state: { terminated: { exitCode, finishedAt } } } as never],
    };
  });
  await pause();
  return pod?.metadata.name;
}

const policy = (...rules: NonNullable<Spec['podFailurePolicy']>['rules']) => ({
  podFailurePolicy: { rules },
});

test('FailJob ends the Job at the first such failure, with the rule in the message', async () => {
  await create({
    parallelism: 2,
    completions: 2,
    ...policy(
      { action: 'Count', onExitCodes: { operator: 'In', values: [1] } },
      { action: 'FailJob', onExitCodes: { operator: 'In', values: [42], containerName: 'c' } },
    ),
  });
  await pause();
  const name = await end(42);
  expect(job().status?.conditions?.[0]).toMatchObject({
    type: 'FailureTarget',
    reason: 'PodFailurePolicy',
    message: `Container c for pod default/${name} failed with exit code 42 matching FailJob rule at index 1`,
  });
  expect(active()).toEqual([]);
  await cluster.settle();
  expect(last()).toMatchObject({ type: 'Failed', reason: 'PodFailurePolicy' });
  expect(job().status).toMatchObject({ failed: 2, terminating: 0 });
});

test('an ignored failure is replaced and counts for nothing', async () => {
  await create({
    backoffLimit: 0,
    ...policy({ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }),
  });
  await pause();
  await end(1, { conditions: { conditions: [{ type: 'DisruptionTarget', status: 'True' }] } });
  expect(job().status?.failed ?? 0).toBe(0);
  expect(pods().every(({ metadata }) => metadata.finalizers === undefined)).toBe(true);
  await cluster.clock.advance(10_000);
  expect(active()).toHaveLength(1);
  await end(1);
  expect(last()).toMatchObject({ type: 'Failed', reason: 'BackoffLimitExceeded' });
});

const perIndex = {
  completionMode: 'Indexed',
  completions: 3,
  parallelism: 3,
  backoffLimit: 1_000,
  backoffLimitPerIndex: 1,
};

test('an index that fails too often is over, and the others go on', async () => {
  await create(perIndex);
  await pause();
  expect(active()[0]?.metadata.annotations).toMatchObject({
    'batch.kubernetes.io/job-index-failure-count': '0',
  });
  await end(1, { index: 1 });
  // The pod stays until there is another one: it alone says how often the index has failed.
  expect(pods().filter(({ metadata }) => metadata.finalizers?.length)).toHaveLength(3);
  await cluster.clock.advance(10_000);
  const again = active().find((pod) => indexOf(pod) === 1);
  expect(again?.metadata.annotations?.['batch.kubernetes.io/job-index-failure-count']).toBe('1');
  await end(1, { index: 1 });
  expect(job().status).toMatchObject({ failedIndexes: '1' });
  await cluster.clock.advance(60_000);
  expect(indexes()).toEqual([0, 2]);
  await end(0, { index: 0 });
  await end(0, { index: 2 });
  await cluster.settle();
  expect(last()).toMatchObject({
    type: 'Failed',
    reason: 'FailedIndexes',
    message: 'Job has failed indexes',
  });
  expect(job().status).toMatchObject({ succeeded: 2, failed: 2, completedIndexes: '0,2' });
});

test('FailIndex ends an index at once, and too many such end the Job', async () => {
  await create({
    ...perIndex,
    completions: 4,
    parallelism: 4,
    backoffLimitPerIndex: 5,
    maxFailedIndexes: 1,
    ...policy({ action: 'FailIndex', onExitCodes: { operator: 'NotIn', values: [1] } }),
  });
  await pause();
  await end(7, { index: 0 });
  expect(job().status?.failedIndexes).toBe('0');
  expect(job().status?.conditions ?? []).toEqual([]);
  await end(7, { index: 2 });
  await cluster.settle();
  expect(last()).toMatchObject({ type: 'Failed', reason: 'MaxFailedIndexesExceeded' });
});

test.each<[string, NonNullable<Spec['successPolicy']>['rules'], number[]]>([
  ['of indexes', [{ succeededIndexes: '0,2' }], [2, 0]],
  ['of a number', [{ succeededCount: 2 }], [1, 3]],
  [
    'of a number of indexes',
    [{ succeededIndexes: '5' }, { succeededIndexes: '1-3', succeededCount: 1 }],
    [2],
  ],
])('a success policy %s ends the Job before all have succeeded', async (_, rules, succeeded) => {
  await create({ completionMode: 'Indexed', completions: 4, parallelism: 4, successPolicy: { rules } });
  await pause();
  for (const index of succeeded) {
    expect(job().status?.conditions ?? []).toEqual([]);
    await end(0, { index });
  }
  await cluster.settle();
  expect(job().status?.conditions).toMatchObject([
    {
      type: 'SuccessCriteriaMet',
      reason: 'SuccessPolicy',
      message: `Matched rules at index ${rules.length - 1}`,
    },
    { type: 'Complete', reason: 'SuccessPolicy' },
  ]);
  // What was stopped on the way counts as failed, as it does in stock clusters.
  expect(job().status).toMatchObject({
    succeeded: succeeded.length,
    failed: 4 - succeeded.length,
    active: 0,
  });
});

test('pods that suspending removes are no failures', async () => {
  await create({ backoffLimit: 0, parallelism: 2, completions: 2 });
  await cluster.settle();
  edit((spec) => void (spec.suspend = true));
  await cluster.settle();
  expect(pods()).toEqual([]);
  edit((spec) => void (spec.suspend = false));
  await pause();
  expect(active()).toHaveLength(2);
  expect(job().status?.failed ?? 0).toBe(0);
});

test('a Job that replaces only what has failed waits for pods to be gone', async () => {
  await create({ podReplacementPolicy: 'Failed' });
  await cluster.settle();
  const [pod] = active();
  await cluster.client.resource(resources.pods).delete(pod?.metadata.name ?? '', { namespace: 'default' });
  await cluster.clock.advance(20_000);
  expect(active()).toEqual([]);
  expect(job().status).toMatchObject({ terminating: 1 });
  cluster.client.edit<Pod>(
    resources.pods,
    { ...at, name: pod?.metadata.name ?? '' },
    (edited) => void (edited.status = { ...edited.status, phase: 'Failed' }),
  );
  await cluster.clock.advance(20_000);
  expect(active()).toHaveLength(1);
  expect(job().status).toMatchObject({ failed: 1 });
});

test('an indexed Job that becomes smaller drops the indexes that it no longer has', async () => {
  await create({ completionMode: 'Indexed', completions: 4, parallelism: 4 });
  await pause();
  await end(0, { index: 3 });
  expect(job().status).toMatchObject({ succeeded: 1, completedIndexes: '3' });
  edit((spec) => void Object.assign(spec, { completions: 2, parallelism: 2 }));
  await cluster.settle();
  expect(indexes()).toEqual([0, 1]);
  expect(job().status).toMatchObject({ succeeded: 0 });
  await end(0, { index: 0 });
  await end(0, { index: 1 });
  expect(last()).toMatchObject({ type: 'Complete' });
});

test('a second pod of an index goes', async () => {
  await create({ completionMode: 'Indexed', completions: 2, parallelism: 2 });
  await cluster.settle();
  const [one] = active();
  cluster.client.seed<Pod>(resources.pods, {
    ...structuredClone(one!),
    metadata: {
      ...structuredClone(one!.metadata),
      name: 'double',
      uid: 'double',
      resourceVersion: undefined,
    },
    status: { phase: 'Pending' },
  });
  await cluster.settle();
  expect(indexes()).toEqual([0, 1]);
  expect(pods().map(({ metadata }) => metadata.name)).not.toContain('double');
});

test('a deadline ends a Job whose pods never reached a machine', async () => {
  await create({ activeDeadlineSeconds: 30, podReplacementPolicy: 'Failed' });
  await cluster.clock.advance(31_000);
  for (const { metadata } of pods()) expect(metadata.deletionTimestamp).toBeDefined();
  // No kubelet will ever say that they have failed, so no finalizer may wait for it.
  expect(pods().every(({ metadata }) => metadata.finalizers === undefined)).toBe(true);
  await cluster.settle();
  expect(last()).toMatchObject({ type: 'Failed', reason: 'DeadlineExceeded' });
  expect(job().status).toMatchObject({ failed: 1 });
});

test('a Job of another controller is left alone, and goes when its time is over', async () => {
  await create({ managedBy: 'example.com/other', ttlSecondsAfterFinished: 10 });
  await pause();
  expect(pods()).toEqual([]);
  cluster.client.edit<Job>(resources.jobs, at, (edited) => {
    const lastTransitionTime = new Date(cluster.clock.now()).toISOString();
    edited.status = { conditions: [{ type: 'Complete', status: 'True', lastTransitionTime }] };
  });
  await cluster.clock.advance(11_000);
  expect(job().metadata.deletionTimestamp).toBeDefined();
});

test('a Job that is deleted foreground lets its pods go', async () => {
  await create();
  await cluster.settle();
  await cluster.client
    .resource(resources.jobs)
    .delete('work', { namespace: 'default', propagationPolicy: 'Foreground' });
  const [pod] = active();
  await cluster.client.resource(resources.pods).delete(pod?.metadata.name ?? '', { namespace: 'default' });
  await cluster.settle();
  expect(pods()).toEqual([]);
});
