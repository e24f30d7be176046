/**
 * CronJobs: a Job at each time of a schedule.
 *
 * A Job is named after the minute it is for, so that it can't be made twice, whoever tries and however often this process is
 * restarted. Of runs that were missed only the last is made up for, within `startingDeadlineSeconds`.
 * Rules: https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/
 */
import { isApiError, parseSchedule, zonedTimestamp, zoneFault } from '@skerry/api';
import type { CronJob, CronJobStatus, Job } from '@skerry/api';
import { describeError } from '@skerry/base';
import { keyOf, resources } from '@skerry/client';
import { conditionIs } from '#batch/job/outcome.ts';
import { dueRun, InvalidScheduleError, untilNextRun } from '#batch/cron-job/schedule-times.ts';
import type { Runs } from '#batch/cron-job/schedule-times.ts';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, ControllerContext, Requeue } from '#runtime/controller.ts';
import { isEndingNamespace } from '#runtime/ending-namespace.ts';
import type { Metrics } from '#runtime/metrics.ts';
import { exponential, numbersOf } from '#runtime/numbers.ts';
import { controllerOf, indexByController, isControlledBy, ownerReferenceTo } from '#runtime/ownership.ts';
import { splitKey, timestamp, writeStatus } from '#runtime/status.ts';

export interface CronJobSettings {
  /** Of schedules that name no time zone; an IANA name, UTC unless given. */
  readonly localTimeZone?: string;
}

const scheduledAnnotation = 'batch.kubernetes.io/cronjob-scheduled-timestamp';

/** Not a name of an object: brings the clock check. */
const clockKey = '';
const clockCheckMs = 30_000;
const clockJumpMs = 5_000;

type ActiveJobs = NonNullable<CronJobStatus['active']>;

interface Sync {
  readonly cronJob: CronJob;
  readonly status: CronJobStatus & { active: ActiveJobs };
  readonly nowMs: number;
}

export function createCronJobController(
  context: ControllerContext,
  { localTimeZone = 'UTC' }: CronJobSettings = {},
): Controller {
  const { client, informers, clock, events } = context;
  const cronJobs = informers.informer<CronJob>(resources.cronJobs);
  const jobs = indexByController(informers.informer<Job>(resources.jobs));
  const queue = createQueue(context);
  const skew = numbersOf(context, skewNumbers);
  const clocks = () => ({ wallMs: clock.now(), monotonicMs: clock.monotonic() });
  let seen = clocks();

  cronJobs.addHandler({
    onAdd: (cronJob) => queue.add(keyOf(cronJob)),
    onUpdate: (cronJob) => queue.add(keyOf(cronJob)),
  });
  const enqueueOwner = (job: Job) => {
    const owner = controllerOf(job);
    if (owner?.kind === 'CronJob') queue.add(`${job.metadata.namespace}/${owner.name}`);
  };
  jobs.addHandler({ onAdd: enqueueOwner, onUpdate: enqueueOwner, onDelete: enqueueOwner });
  queue.add(clockKey);

  /** Delays don't see that the clock was set: then every schedule is looked at again. */
  function checkClock(): Requeue {
    const now = clocks();
    const jumpMs = now.wallMs - seen.wallMs - (now.monotonicMs - seen.monotonicMs);
    seen = now;
    if (Math.abs(jumpMs) > clockJumpMs) for (const cronJob of cronJobs.list()) queue.add(keyOf(cronJob));
    return { afterMs: clockCheckMs };
  }

  async function reconcile(key: string): Promise<Requeue | undefined> {
    const { namespace, name } = splitKey(key);
    const cronJob = cronJobs.get(namespace, name);
    if (!cronJob) return undefined;
    const owned = jobs
      .byIndex('controller', cronJob.metadata.uid ?? '')
      .filter(({ metadata }) => metadata.namespace === namespace);
    const status = structuredClone(cronJob.status) ?? {};
    const sync = {
      cronJob,
      status: { ...status, active: (status.active ?? []) as ActiveJobs },
      nowMs: clock.now(),
    };
    let failure: unknown;
    let requeue: Requeue | undefined;
    try {
      await trim(sync, owned);
      await noteJobs(sync, owned);
      if (!cronJob.metadata.deletionTimestamp) requeue = await run(sync);
    } catch (error) {
      failure = error;
    }
    const { active, ...rest } = sync.status;
    const shown = { ...cronJob, status: cronJob.status ?? {} };
    await writeStatus(client, resources.cronJobs, shown, {
      ...rest,
      ...(active.length > 0 ? { active } : {}),
    });
    if (failure !== undefined) throw failure;
    return requeue;
  }

  /** Finished Jobs beyond the limits go, oldest first. */
  async function trim(sync: Sync, owned: readonly Job[]): Promise<void> {
    const { failedJobsHistoryLimit, successfulJobsHistoryLimit } = sync.cronJob.spec ?? {};
    const limits = { Complete: successfulJobsHistoryLimit, Failed: failedJobsHistoryLimit };
    for (const [condition, limit] of Object.entries(limits)) {
      if (limit === undefined) continue;
      const finished = owned
        .filter((job) => !job.metadata.deletionTimestamp && conditionIs(job, condition))
        .toSorted(byStart);
      for (const job of finished.slice(0, Math.max(0, finished.length - limit))) await remove(sync, job);
    }
  }

  async function remove({ cronJob, status }: Sync, job: Job): Promise<void> {
    const { name = '', namespace, uid } = job.metadata;
    try {
      await client
        .resource(resources.jobs)
        .delete(name, { namespace, propagationPolicy: 'Background', preconditions: { uid } });
    } catch (error) {
      if (isApiError(error, 'NotFound')) return drop(status, uid);
      const message = `Deleted job: ${describeError(error)}`;
      events.record(cronJob, { type: 'Warning', reason: 'FailedDelete', message });
      throw error;
    }
    drop(status, uid);
    events.record(cronJob, { type: 'Normal', reason: 'SuccessfulDelete', message: `Deleted job ${name}` });
  }

  function drop(status: Sync['status'], uid: string | undefined): void {
    status.active = status.active.filter((job) => job.uid !== uid);
  }

  /** Brings what the status says of Jobs up to what they are. */
  async function noteJobs({ cronJob, status }: Sync, owned: readonly Job[]): Promise<void> {
    const known = new Set(owned.map(({ metadata }) => metadata.uid));
    for (const job of owned) {
      const { name, uid } = job.metadata;
      const isActive = status.active.some((one) => one.uid === uid);
      const finished = conditionIs(job, 'Complete') ?? conditionIs(job, 'Failed');
      if (!isActive && !finished) {
        await noteUnexpected(cronJob, job);
      } else if (isActive && finished) {
        drop(status, uid);
        const message = `Saw completed job: ${name}, condition: ${finished.type}`;
        events.record(cronJob, { type: 'Normal', reason: 'SawCompletedJob', message });
      }
      const endedAt = job.status?.completionTime;
      if (finished?.type !== 'Complete' || !endedAt) continue;
      if (!(Date.parse(endedAt) <= Date.parse(status.lastSuccessfulTime ?? '')))
        status.lastSuccessfulTime = endedAt;
    }
    for (const { namespace, name = '', uid } of status.active) {
      if (known.has(uid)) continue;
      // The copy may be late: only the server knows that a Job is gone.
      const job = await client.resource<Job>(resources.jobs).get(name, { namespace }).catch(ignoreNotFound);
      if (job?.metadata.uid === uid) continue;
      drop(status, uid);
      // One that ended and was cleared away is no longer active; the copy of the CronJob may be late as well.
      if (!(await isActiveNow(cronJob, uid))) continue;
      events.record(cronJob, {
        type: 'Normal',
        reason: 'MissingJob',
        message: `Active job went missing: ${name}`,
      });
    }
  }

  async function isActiveNow({ metadata }: CronJob, uid: string | undefined): Promise<boolean> {
    const { name = '', namespace } = metadata;
    const fresh = await client
      .resource<CronJob>(resources.cronJobs)
      .get(name, { namespace })
      .catch(ignoreNotFound);
    return fresh?.status?.active?.some((one) => one.uid === uid) ?? false;
  }

  /** A Job that someone else made of this CronJob, unless the copy of the CronJob is late. */
  async function noteUnexpected(cronJob: CronJob, job: Job): Promise<void> {
    if (await isActiveNow(cronJob, job.metadata.uid)) return;
    const message = `Saw a job that the controller did not create or forgot: ${job.metadata.name}`;
    events.record(cronJob, { type: 'Warning', reason: 'UnexpectedJob', message });
  }

  async function run(sync: Sync): Promise<Requeue | undefined> {
    const { cronJob, nowMs } = sync;
    const { timeZone, suspend, startingDeadlineSeconds } = cronJob.spec ?? {};
    const warn = (reason: string, message: string) =>
      events.record(cronJob, { type: 'Warning', reason, message });
    const why = timeZone === undefined ? undefined : zoneFault(timeZone);
    if (why !== undefined) {
      warn('UnknownTimeZone', `invalid timeZone: ${JSON.stringify(timeZone)}: ${why}`);
      return undefined;
    }
    if (suspend) return undefined;
    const runs = runsOf(cronJob, warn);
    if (!runs) return undefined;
    let due: ReturnType<typeof dueRun>;
    try {
      due = dueRun(cronJob, runs, nowMs);
    } catch (error) {
      if (!(error instanceof InvalidScheduleError)) throw error;
      warn('InvalidSchedule', `invalid schedule: ${cronJob.spec?.schedule} : ${error.message}`);
      return undefined;
    }
    const afterMs = untilNextRun(cronJob, runs, nowMs);
    const next = afterMs === undefined ? undefined : { afterMs };
    if (!due) return next;
    if (due.isTooMany) {
      const message =
        'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew';
      warn('TooManyMissedTimes', message);
    }
    if (startingDeadlineSeconds !== undefined && due.dueMs + startingDeadlineSeconds * 1000 < nowMs) {
      const when = new Date(due.dueMs).toUTCString().replace('GMT', '+0000');
      warn('MissSchedule', `Missed scheduled time to start a job: ${when}`);
      return next;
    }
    const name = jobName(cronJob, due.dueMs);
    const isStarted = sync.status.active.some((job) => job.name === name);
    if (isStarted || Date.parse(sync.status.lastScheduleTime ?? '') === due.dueMs) return next;
    if (cronJob.spec?.concurrencyPolicy === 'Forbid' && sync.status.active.length > 0) {
      const message = 'Not starting job because prior execution is running and concurrency policy is Forbid';
      events.record(cronJob, { type: 'Normal', reason: 'JobAlreadyActive', message });
      return next;
    }
    if (cronJob.spec?.concurrencyPolicy === 'Replace') await removeActive(sync);
    await start(sync, { dueMs: due.dueMs, zone: timeZone ?? localTimeZone });
    return next;
  }

  function runsOf(cronJob: CronJob, warn: (reason: string, message: string) => void): Runs | undefined {
    const schedule = cronJob.spec?.schedule ?? '';
    const timeZone = cronJob.spec?.timeZone;
    const parsed = parseSchedule(schedule);
    if (typeof parsed === 'string') {
      warn('UnparseableSchedule', `unparseable schedule: ${JSON.stringify(schedule)} : ${parsed}`);
      return undefined;
    }
    if (schedule.includes('TZ')) {
      const message = `CRON_TZ or TZ used in schedule ${JSON.stringify(schedule)} is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details`;
      warn('UnsupportedSchedule', message);
    }
    const zone = parsed.zone ?? timeZone ?? 'Local';
    return { times: parsed.times, zone: zone === 'Local' ? localTimeZone : zone };
  }

  async function removeActive(sync: Sync): Promise<void> {
    const { cronJob, status } = sync;
    for (const { namespace, name = '', uid } of status.active) {
      const found = await client
        .resource<Job>(resources.jobs)
        .get(name, { namespace })
        .catch((error: unknown) => {
          const message = `Get job: ${describeError(error)}`;
          events.record(cronJob, { type: 'Warning', reason: 'FailedGet', message });
          throw error;
        });
      if (found.metadata.uid === uid) await remove(sync, found);
      else drop(status, uid);
    }
  }

  async function start(sync: Sync, { dueMs, zone }: { dueMs: number; zone: string }): Promise<void> {
    const { cronJob, status } = sync;
    const wanted = jobOf(cronJob, { dueMs, zone });
    const store = client.resource<Job>(resources.jobs);
    let job: Job;
    try {
      job = await store.create(wanted);
      skew.observe((Date.parse(job.metadata.creationTimestamp ?? '') - dueMs) / 1000);
      const message = `Created job ${job.metadata.name}`;
      events.record(cronJob, { type: 'Normal', reason: 'SuccessfulCreate', message });
    } catch (error) {
      if (!isApiError(error, 'AlreadyExists')) {
        if (!isEndingNamespace(error)) {
          const message = `Error creating job: ${describeError(error)}`;
          events.record(cronJob, { type: 'Warning', reason: 'FailedCreate', message });
        }
        throw error;
      }
      // Made before a restart that came before the status was written; or someone else's, who tells of it himself.
      job = await store.get(wanted.metadata.name ?? '', { namespace: wanted.metadata.namespace });
      if (!isControlledBy(job, cronJob)) return;
    }
    const { name, namespace, uid, resourceVersion } = job.metadata;
    const isFinished = conditionIs(job, 'Complete') ?? conditionIs(job, 'Failed');
    if (!isFinished && !status.active.some((one) => one.uid === uid)) {
      status.active.push({ apiVersion: 'batch/v1', kind: 'Job', name, namespace, uid, resourceVersion });
    }
    status.lastScheduleTime = timestamp(dueMs);
  }

  return createController({
    name: 'cronjob-controller',
    context,
    waitFor: [cronJobs, jobs],
    queue,
    workers: 5,
    async reconcile(key) {
      return key === clockKey ? checkClock() : reconcile(key);
    },
  });
}

function skewNumbers(metrics: Metrics) {
  return metrics
    .histogram({
      name: 'cronjob_controller_job_creation_skew_duration_seconds',
      help: 'Time between when a cronjob is scheduled to be run, and when the corresponding job is created',
      buckets: exponential(1, 2, 10),
    })
    .with();
}

function jobName({ metadata }: CronJob, dueMs: number): string {
  return `${metadata.name}-${Math.floor(dueMs / 60_000)}`;
}

function jobOf(cronJob: CronJob, { dueMs, zone }: { dueMs: number; zone: string }): Job {
  const { metadata, spec } = cronJob.spec?.jobTemplate ?? {};
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: jobName(cronJob, dueMs),
      namespace: cronJob.metadata.namespace,
      labels: { ...metadata?.labels },
      annotations: { ...metadata?.annotations, [scheduledAnnotation]: zonedTimestamp(dueMs, zone) },
      ownerReferences: [ownerReferenceTo(cronJob, resources.cronJobs)],
    },
    spec,
  };
}

/** Those that never started last. */
function byStart(a: Job, b: Job): number {
  const [one, two] = [a.status?.startTime ?? '~', b.status?.startTime ?? '~'];
  if (one !== two) return one < two ? -1 : 1;
  return (a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1;
}

function ignoreNotFound(error: unknown): undefined {
  if (!isApiError(error, 'NotFound')) throw error;
  return undefined;
}
