import { resources } from '@skerry/client';
import type { Sequence } from '../sequence.ts';
import { object, template } from './objects.ts';

const { jobs, cronJobs } = resources;
const jobSpec = (image: string, spec: object = {}) => ({
  template: template('job', image, { restartPolicy: 'Never' }),
  ...spec,
});
const job = (image: string, spec: object = {}) => object('job', jobSpec(image, spec));
const indexed = (completions: number, spec: object = {}) => ({
  completionMode: 'Indexed',
  completions,
  ...spec,
});
const daysAgo = (days: number) =>
  new Date(Date.now() - days * 86_400_000).toISOString().replace(/\.\d+Z$/, 'Z');
/** On the first of January: nobody waits for the next one. */
const tick = (image: string, spec: object = {}) =>
  object('tick', {
    schedule: '0 0 1 1 *',
    timeZone: 'Etc/UTC',
    suspend: true,
    ...spec,
    jobTemplate: { spec: jobSpec(image) },
  });
/** As if it had run last long ago, and is let go now. */
async function release(stage: Parameters<Sequence['play']>[0], days = 400): Promise<void> {
  await stage.merge(cronJobs, 'tick', { status: { lastScheduleTime: daysAgo(days) } }, 'status');
  await stage.merge(cronJobs, 'tick', { spec: { suspend: false } });
}

/** A Job that ends one way, by name. */
const ends: readonly (readonly [name: string, image: string, spec: object])[] = [
  ['completes', 'succeeds', { completions: 3, parallelism: 2 }],
  ['has as many workers as it likes', 'succeeds', { parallelism: 2 }],
  ['has nothing to do', 'succeeds', { completions: 0 }],
  ['completes index by index', 'succeeds', indexed(3, { parallelism: 2 })],
  ['fails', 'fails', { backoffLimit: 0 }],
  ['fails in every index', 'fails', indexed(2, { backoffLimitPerIndex: 0 })],
  [
    'fails in more indexes than it may',
    'fails',
    indexed(3, { parallelism: 1, backoffLimitPerIndex: 0, maxFailedIndexes: 1 }),
  ],
  ['is late', 'runs', { activeDeadlineSeconds: 1 }],
  ['goes when it is done', 'succeeds', { ttlSecondsAfterFinished: 1 }],
  [
    'succeeds by policy',
    'succeeds',
    indexed(3, { parallelism: 1, successPolicy: { rules: [{ succeededIndexes: '0' }] } }),
  ],
  [
    'succeeds by policy, by count',
    'succeeds',
    indexed(3, {
      parallelism: 1,
      successPolicy: { rules: [{ succeededIndexes: '1-2', succeededCount: 1 }] },
    }),
  ],
  [
    'fails by policy',
    'breaks',
    { podFailurePolicy: { rules: [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [42] } }] } },
  ],
  [
    'fails by policy in an index',
    'breaks',
    indexed(2, {
      backoffLimitPerIndex: 3,
      podFailurePolicy: {
        rules: [
          { action: 'FailIndex', onExitCodes: { containerName: 'main', operator: 'NotIn', values: [1] } },
        ],
      },
    }),
  ],
];

export const jobSequences: readonly Sequence[] = [
  ...ends.map(([name, image, spec]) => ({
    name: `a Job ${name}`,
    async play(stage: Parameters<Sequence['play']>[0]) {
      await stage.create(jobs, job(image, spec));
      await stage.look('ended');
    },
  })),
  {
    name: 'a Job is suspended and resumed',
    async play(stage) {
      await stage.create(jobs, job('runs', { suspend: true, parallelism: 2, completions: 2 }));
      await stage.look('made');
      await stage.merge(jobs, 'job', { spec: { suspend: false } });
      await stage.look('resumed');
      await stage.merge(jobs, 'job', { spec: { suspend: true } });
      await stage.look('suspended');
      stage.turn('runs', 'succeeds');
      await stage.merge(jobs, 'job', { spec: { suspend: false } });
      await stage.look('done');
    },
  },
  {
    name: 'a Job has fewer workers',
    async play(stage) {
      await stage.create(jobs, job('runs', { parallelism: 3, completions: 5 }));
      await stage.look('three');
      await stage.merge(jobs, 'job', { spec: { parallelism: 1 } });
      await stage.look('one');
      await stage.remove(jobs, 'job', 'Foreground');
      await stage.look('deleted');
    },
  },
  {
    name: 'a Job replaces a pod that was evicted only when that has ended',
    async play(stage) {
      const spec = { parallelism: 2, completions: 2, podReplacementPolicy: 'Failed' };
      await stage.create(jobs, job('runs', spec));
      await stage.look('two');
      await stage.evict({ app: 'job' });
      await stage.look('evicted');
    },
  },
  {
    name: 'a Job of another controller',
    async play(stage) {
      await stage.create(jobs, job('runs', { managedBy: 'example.com/other' }));
      await stage.look('left alone');
    },
  },
  {
    name: 'a Job waits before it tries again',
    async play(stage) {
      await stage.create(jobs, job('fails', { backoffLimit: 3 }));
      await stage.look('waiting');
    },
  },
  {
    name: 'a CronJob makes its Job, and tells of its end',
    async play(stage) {
      await stage.create(cronJobs, tick('runs'));
      await stage.look('made');
      await release(stage);
      await stage.look('running');
      stage.turn('runs', 'succeeds');
      await stage.look('done');
    },
  },
  {
    name: 'a CronJob keeps no history',
    async play(stage) {
      await stage.create(cronJobs, tick('succeeds', { successfulJobsHistoryLimit: 0 }));
      await release(stage);
      await stage.look('done');
    },
  },
  {
    name: 'a CronJob may not run twice at once',
    async play(stage) {
      await stage.create(cronJobs, tick('runs', { concurrencyPolicy: 'Forbid' }));
      await release(stage);
      await stage.look('running');
      await release(stage);
      await stage.look('due again');
    },
  },
  {
    name: 'a CronJob is too late',
    async play(stage) {
      await stage.create(cronJobs, tick('runs', { startingDeadlineSeconds: 10 }));
      await release(stage);
      await stage.look('missed');
    },
  },
  {
    name: 'a CronJob has missed very many',
    async play(stage) {
      await stage.create(cronJobs, tick('succeeds', { schedule: '0 0 * * 0' }));
      await release(stage, 1_500);
      await stage.look('done');
    },
  },
];
