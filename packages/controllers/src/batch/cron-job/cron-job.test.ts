import type { CronJob, Job } from '@skerry/api';
import { resources } from '@skerry/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createCronJobController } from '#batch/cron-job/cron-job.ts';
import { createHarness } from '#testing/harness.ts';
import type { Harness } from '#testing/harness.ts';

let cluster: Harness;
beforeEach(async () => {
  cluster = createHarness();
  await cluster.start(createCronJobController(cluster.context));
});
afterEach(async () => {
  await cluster.stop();
  expect(cluster.errors()).toEqual([]);
});

type Spec = NonNullable<CronJob['spec']>;
const minute = 60_000;
const at = { namespace: 'default', name: 'tick' };
const create = (spec: Partial<Spec> = {}, metadata: Partial<CronJob['metadata']> = {}) =>
  cluster.client.seed<CronJob>(resources.cronJobs, {
    metadata: { ...at, ...metadata },
    spec: {
      schedule: '* * * * *',
      concurrencyPolicy: 'Allow',
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 1,
      jobTemplate: {
        metadata: { labels: { made: 'yes' }, annotations: { note: 'x' } },
        spec: { template: { spec: { containers: [{ name: 'c', image: 'x' }] } } },
      },
      ...spec,
    },
  });
const edit = (change: (spec: Spec) => void) =>
  cluster.client.edit<CronJob>(resources.cronJobs, at, ({ spec }) => change(spec!));
const cronJob = () => cluster.client.all<CronJob>(resources.cronJobs)[0]!;
const jobs = () =>
  cluster.client.all<Job>(resources.jobs).filter(({ metadata }) => !metadata.deletionTimestamp);
const iso = (ms: number) => new Date(ms).toISOString().replace('.000', '');
/** To just after the next whole minute. */
const toNextMinute = () => cluster.clock.advance(minute - (cluster.clock.now() % minute) + 200);
const finish = (name: string, type: 'Complete' | 'Failed' = 'Complete') => {
  const time = iso(cluster.clock.now());
  return cluster.client.edit<Job>(resources.jobs, { ...at, name }, (job) => {
    job.status = {
      startTime: time,
      conditions: [{ type, status: 'True' }],
      ...(type === 'Complete' ? { completionTime: time } : {}),
    };
  });
};
const events = () => cluster.events.lines;

test('a Job is made at each time of the schedule, named after its minute', async () => {
  create();
  await toNextMinute();
  const dueMs = Math.floor(cluster.clock.now() / minute) * minute;
  const name = `tick-${dueMs / minute}`;
  expect(jobs()).toMatchObject([
    {
      metadata: {
        name,
        labels: { made: 'yes' },
        annotations: { note: 'x', 'batch.kubernetes.io/cronjob-scheduled-timestamp': iso(dueMs) },
        ownerReferences: [{ kind: 'CronJob', name: 'tick', controller: true }],
      },
    },
  ]);
  expect(cronJob().status).toMatchObject({
    lastScheduleTime: iso(dueMs),
    active: [{ apiVersion: 'batch/v1', kind: 'Job', namespace: 'default', name }],
  });
  expect(events()).toEqual([`Normal SuccessfulCreate: Created job ${name}`]);
  finish(name);
  await cluster.clock.advance(100);
  expect(cronJob().status?.active).toBeUndefined();
  expect(cronJob().status?.lastSuccessfulTime).toBeDefined();
  expect(events()).toContain(`Normal SawCompletedJob: Saw completed job: ${name}, condition: Complete`);
  await toNextMinute();
  expect(jobs()).toHaveLength(2);
});

test('finished Jobs beyond the limits go, oldest first', async () => {
  create({ successfulJobsHistoryLimit: 1, failedJobsHistoryLimit: 0 });
  const made: string[] = [];
  for (const end of ['Complete', 'Complete', 'Failed'] as const) {
    await toNextMinute();
    const name = jobs().at(-1)?.metadata.name ?? '';
    made.push(name);
    finish(name, end);
    await cluster.clock.advance(100);
  }
  expect(jobs().map(({ metadata }) => metadata.name)).toEqual([made[1]]);
  expect(events()).toContain(`Normal SuccessfulDelete: Deleted job ${made[0]}`);
});

test('Forbid waits for the Job before, Replace removes it', async () => {
  create({ concurrencyPolicy: 'Forbid' });
  await toNextMinute();
  await toNextMinute();
  expect(jobs()).toHaveLength(1);
  expect(events()).toContain(
    'Normal JobAlreadyActive: Not starting job because prior execution is running and concurrency policy is Forbid',
  );
  const first = jobs()[0]?.metadata.name;
  edit((spec) => void (spec.concurrencyPolicy = 'Replace'));
  await toNextMinute();
  expect(jobs()).toHaveLength(1);
  expect(jobs()[0]?.metadata.name).not.toBe(first);
  expect(cronJob().status?.active).toHaveLength(1);
});

test('a suspended one makes nothing, and makes up for the last time when it is resumed', async () => {
  create({ suspend: true });
  for (let passed = 0; passed < 3; passed++) await toNextMinute();
  expect(jobs()).toEqual([]);
  edit((spec) => void (spec.suspend = false));
  await cluster.clock.advance(200);
  expect(jobs()).toHaveLength(1);
});

test('after the starting deadline a run is missed, and told of', async () => {
  // No other can begin while the first one runs, and then it is too late for the second.
  create({ schedule: '*/10 * * * *', startingDeadlineSeconds: 50, concurrencyPolicy: 'Forbid' });
  await cluster.clock.advance(10 * minute + 200);
  const [first] = jobs();
  await cluster.clock.advance(11 * minute);
  finish(first?.metadata.name ?? '');
  await cluster.clock.advance(200);
  expect(jobs()).toHaveLength(1);
});

test('a run that comes too late for its deadline is told of', async () => {
  create({ schedule: '*/10 * * * *', startingDeadlineSeconds: 0 });
  await cluster.clock.advance(10 * minute + 200);
  expect(jobs()).toEqual([]);
  expect(events()).toEqual([]);
});

test('more than a hundred missed times are told of, and the last is made up for', async () => {
  create({}, { creationTimestamp: iso(cluster.clock.now() - 102 * minute) });
  await cluster.clock.advance(200);
  expect(jobs()).toHaveLength(1);
  expect(events()).toContain(
    'Warning TooManyMissedTimes: too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew',
  );
});

test('schedules follow the time zone', async () => {
  create({ schedule: '0 9 * * *', timeZone: 'Asia/Tokyo' });
  const nine = Date.parse(`${new Date(cluster.clock.now()).toISOString().slice(0, 10)}T00:00:00Z`);
  const dueMs = nine > cluster.clock.now() ? nine : nine + 24 * 60 * minute;
  await cluster.clock.advance(dueMs - cluster.clock.now() + 200);
  expect(jobs()[0]?.metadata.annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp']).toMatch(
    /T09:00:00\+09:00$/,
  );
});

test.each<[Partial<Spec>, RegExp]>([
  [
    { timeZone: 'Moon/Base' },
    /UnknownTimeZone: invalid timeZone: "Moon\/Base": unknown time zone Moon\/Base/,
  ],
  [{ schedule: '61 * * * *' }, /UnparseableSchedule: unparseable schedule: "61 \* \* \* \*" : end of range/],
  [
    { schedule: '0 0 30 2 *' },
    /InvalidSchedule: invalid schedule: 0 0 30 2 \* : time difference between two schedules is less/,
  ],
  [
    { schedule: 'TZ=UTC 0 0 1 1 *' },
    /UnsupportedSchedule: CRON_TZ or TZ used in schedule "TZ=UTC 0 0 1 1 \*"/,
  ],
])('%j makes nothing and says why', async (spec, expected) => {
  create(spec);
  await cluster.clock.advance(200);
  expect(jobs()).toEqual([]);
  expect(events().join('\n')).toMatch(expected);
});

test('a Job that was made before a restart is taken up and not made again', async () => {
  create();
  const stop = cluster.client.react(({ subresource, resource }) => {
    if (resource === 'cronjobs' && subresource === 'status') throw new Error('the process ends here');
  });
  await toNextMinute();
  expect(jobs()).toHaveLength(1);
  stop();
  cluster.log.lines.splice(0);
  await cluster.clock.advance(10_000);
  expect(jobs()).toHaveLength(1);
  expect(cronJob().status?.active).toHaveLength(1);
});

test('an active Job that vanishes is forgotten', async () => {
  create();
  await toNextMinute();
  const name = jobs()[0]?.metadata.name ?? '';
  cluster.client.remove(resources.jobs, { ...at, name });
  await cluster.clock.advance(100);
  expect(cronJob().status?.active).toBeUndefined();
  expect(events()).toContain(`Normal MissingJob: Active job went missing: ${name}`);
});

test('a Job that someone made of it is told of and left alone', async () => {
  const owner = create({ schedule: '0 0 1 1 *' });
  const ownerReferences = [
    { apiVersion: 'batch/v1', kind: 'CronJob', name: 'tick', uid: owner.metadata.uid!, controller: true },
  ];
  cluster.client.seed<Job>(resources.jobs, { metadata: { ...at, name: 'by-hand', ownerReferences } });
  await cluster.clock.advance(100);
  expect(events()).toContain(
    'Warning UnexpectedJob: Saw a job that the controller did not create or forgot: by-hand',
  );
  expect(jobs()).toHaveLength(1);
});

test('a clock that is set forward brings what is due', async () => {
  create({ schedule: '0 0 * * *' });
  await cluster.clock.advance(100);
  cluster.clock.jump(24 * 60 * minute);
  await cluster.clock.advance(31_000);
  expect(jobs()).toHaveLength(1);
});

test('a refused Job is tried again', async () => {
  create();
  const stop = cluster.client.react(({ verb, resource }) => {
    if (verb === 'create' && resource === 'jobs') throw new Error('exceeded quota: small');
  });
  await toNextMinute();
  expect(events()).toContain('Warning FailedCreate: Error creating job: exceeded quota: small');
  stop();
  cluster.log.lines.splice(0);
  await cluster.clock.advance(20_000);
  expect(jobs()).toHaveLength(1);
});
