import type { Job, Pod } from '@skerry/api';
import { resources } from '@skerry/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createJobController } from '#batch/job/job.ts';
import { formatIndexes, parseIndexes } from '#batch/job/indexes.ts';
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

const at = { namespace: 'default', name: 'work' };
const create = (spec: Partial<NonNullable<Job['spec']>> = {}) =>
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
const pause = () => cluster.clock.advance(100);
const pods = () => cluster.client.all<Pod>(resources.pods);
const active = () =>
  pods().filter(
    ({ status, metadata }) =>
      status?.phase !== 'Succeeded' && status?.phase !== 'Failed' && !metadata.deletionTimestamp,
  );
const job = () => cluster.client.all<Job>(resources.jobs)[0];
const conditions = () =>
  job()
    ?.status?.conditions?.filter(({ status }) => status === 'True')
    .map(({ type }) => type);

/** Ends the first active pods. */
async function end(phase: 'Succeeded' | 'Failed', count = 1) {
  for (const { metadata } of active().slice(0, count)) {
    cluster.client.edit<Pod>(resources.pods, { ...at, name: metadata.name ?? '' }, (pod) => {
      const finishedAt = new Date(cluster.clock.now()).toISOString();
      pod.status = {
        phase,
        containerStatuses: [{ name: 'c', state: { terminated: { exitCode: 0, finishedAt } } } as never],
      };
    });
  }
  await pause();
}

test('a Job runs as many pods as it may at once until enough have succeeded', async () => {
  await create({ completions: 3, parallelism: 2 });
  await pause();
  expect(active()).toHaveLength(2);
  await end('Succeeded', 2);
  expect(active()).toHaveLength(1);
  expect(job()?.status).toMatchObject({ succeeded: 2, active: 1 });
  await end('Succeeded');
  expect(job()?.status).toMatchObject({ succeeded: 3, active: 0 });
  expect(job()?.status?.failed ?? 0).toBe(0);
  expect(conditions()).toEqual(['SuccessCriteriaMet', 'Complete']);
  expect(pods().every(({ metadata }) => !metadata.finalizers)).toBe(true);
  expect(cluster.events.lines).toContain('Normal Completed: Job completed');
});

test('failed pods are replaced after 10 s, then 20 s, and beyond the limit the Job has failed', async () => {
  await create({ backoffLimit: 2 });
  await pause();
  await end('Failed');
  expect(active()).toHaveLength(0);
  await cluster.clock.advance(10_000);
  expect(active()).toHaveLength(1);
  await end('Failed');
  await cluster.clock.advance(10_000);
  expect(active()).toHaveLength(0);
  await cluster.clock.advance(10_000);
  expect(active()).toHaveLength(1);
  await end('Failed');
  expect(conditions()).toEqual(['FailureTarget', 'Failed']);
  expect(job()?.status).toMatchObject({ failed: 3 });
  expect(job()?.status?.conditions?.[1]).toMatchObject({
    reason: 'BackoffLimitExceeded',
    message: 'Job has reached the specified backoff limit',
  });
});

test('an indexed Job gives each index to one pod and makes a failed index again', async () => {
  await create({ completions: 3, parallelism: 3, completionMode: 'Indexed' });
  await pause();
  const indexes = () =>
    active().map(({ metadata }) => metadata.labels?.['batch.kubernetes.io/job-completion-index']);
  expect(new Set(indexes())).toEqual(new Set(['0', '1', '2']));
  const [first] = active();
  expect(first?.spec?.containers[0]?.env?.[0]?.name).toBe('JOB_COMPLETION_INDEX');
  await end('Succeeded', 2);
  await end('Failed');
  await cluster.clock.advance(10_000);
  expect(indexes()).toEqual(['2']);
  await end('Succeeded');
  expect(job()?.status).toMatchObject({ completedIndexes: '0-2', succeeded: 3, failed: 1 });
});

test('a deadline ends the Job and its pods', async () => {
  await create({ activeDeadlineSeconds: 30 });
  await cluster.clock.advance(31_000);
  expect(active()).toHaveLength(0);
  await pause();
  expect(job()?.status?.conditions?.at(-1)).toMatchObject({ type: 'Failed', reason: 'DeadlineExceeded' });
});

test('a suspended Job has no pods, a resumed one starts anew', async () => {
  await create({ suspend: true });
  await pause();
  expect(pods()).toEqual([]);
  expect(conditions()).toEqual(['Suspended']);
  cluster.client.edit<Job>(resources.jobs, at, ({ spec }) => void (spec!.suspend = false));
  await pause();
  expect(active()).toHaveLength(1);
  expect(conditions()).toEqual([]);
});

test('a finished Job goes when its time to live is over', async () => {
  await create({ ttlSecondsAfterFinished: 60 });
  await pause();
  await end('Succeeded');
  await cluster.clock.advance(50_000);
  expect(job()?.metadata.deletionTimestamp).toBeUndefined();
  await cluster.clock.advance(20_000);
  expect(job()?.metadata.deletionTimestamp).toBeDefined();
});

test('pods of a Job that was deleted are not held', async () => {
  await create();
  await pause();
  cluster.client.remove(resources.jobs, at);
  await pause();
  expect(pods()[0]?.metadata.finalizers).toBeUndefined();
});

test.each([
  ['', []],
  ['0', [0]],
  ['1,3-5', [1, 3, 4, 5]],
  ['0,1,7', [0, 1, 7]],
])('indexes %j are read and written', (text, indexes) => {
  expect([...parseIndexes(text)]).toEqual(indexes);
  expect(formatIndexes(indexes.toReversed())).toBe(text);
});

test('a pod that loses its owner is taken back, and one that loses its labels is let go and replaced', async () => {
  await create({ completions: 2, parallelism: 2 });
  await pause();
  const [first, second] = pods().map(({ metadata }) => ({ ...at, name: metadata.name ?? '' }));
  const edit = (pod: typeof first, change: (metadata: Pod['metadata']) => void) =>
    cluster.client.edit<Pod>(resources.pods, pod!, ({ metadata }) => change(metadata));
  const metadataOf = (pod: typeof first) =>
    pods().find(({ metadata }) => metadata.name === pod?.name)?.metadata;
  const ownerOf = (pod: typeof first) => metadataOf(pod)?.ownerReferences?.[0]?.name;
  edit(first, (metadata) => delete metadata.ownerReferences);
  await pause();
  expect(ownerOf(first)).toBe('work');
  expect(metadataOf(first)?.finalizers).toEqual(['batch.kubernetes.io/job-tracking']);
  edit(second, (metadata) => (metadata.labels = { job: 'other' }));
  await pause();
  expect(ownerOf(second)).toBeUndefined();
  expect(metadataOf(second)?.finalizers).toBeUndefined();
  expect(pods()).toHaveLength(3);
});
