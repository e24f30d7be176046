/**
 * Jobs: pods until enough of them have succeeded, or too many have failed.
 *
 * One look does: count what has ended (`counting.ts`), decide whether the Job is over (`outcome.ts`), make or remove pods,
 * write the status, take the finalizer off what has been counted. A Job that is decided says so at once (`FailureTarget`,
 * `SuccessCriteriaMet`), and is over when its last pod is gone and counted.
 * Rules: https://kubernetes.io/docs/concepts/workloads/controllers/job/
 */
import { isApiError, labelSelectorFrom } from '@skerry/api';
import type { Job, JobCondition, JobStatus, Pod } from '@skerry/api';
import { keyOf, resources } from '@skerry/client';
import { chooseVictims } from '#apps/replica-set/victims.ts';
import { atOnce } from '#runtime/batch.ts';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, ControllerContext, Requeue } from '#runtime/controller.ts';
import { createPods } from '#runtime/create-pods.ts';
import { Expectations } from '#runtime/expectations.ts';
import { claim, controllerOf, indexByController } from '#runtime/ownership.ts';
import { numbersOf } from '#runtime/numbers.ts';
import { PodControl } from '#runtime/pod-control.ts';
import { isReady } from '#runtime/pods.ts';
import { splitKey, timestamp, withCondition, writeStatus } from '#runtime/status.ts';
import { count, viewOf } from '#batch/job/counting.ts';
import type { JobView } from '#batch/job/counting.ts';
import { failureAnnotations, hasLimitPerIndex, untilRetry } from '#batch/job/index-failures.ts';
import {
  backoffMs,
  indexOf,
  isIndexed,
  isTracked,
  jobPod,
  replacesOnlyFailed,
  trackingFinalizer,
} from '#batch/job/job-pod.ts';
import { expiryNumbers, type JobAction, jobNumbers } from '#batch/job/job-numbers.ts';
import { conditionIs, outcomeOf, wantedActive } from '#batch/job/outcome.ts';
import type { Outcome } from '#batch/job/outcome.ts';

const burst = 500;
const parallel = 32;
const ownName = 'kubernetes.io/job-controller';

export function createJobController(context: ControllerContext): Controller {
  const { client, informers, clock, events } = context;
  const jobs = informers.informer<Job>(resources.jobs);
  const pods = indexByController(informers.informer<Pod>(resources.pods));
  const expectations = new Expectations(clock);
  const podControl = new PodControl(context);
  const queue = createQueue(context);
  const numbers = numbersOf(context, jobNumbers);
  const lateness = numbersOf(context, expiryNumbers);

  jobs.addHandler({
    onAdd(job) {
      const manager = job.spec?.managedBy ?? ownName;
      if (manager !== ownName) numbers.managedElsewhere(manager);
      queue.add(keyOf(job));
    },
    onUpdate: (job) => queue.add(keyOf(job)),
    onDelete(job) {
      expectations.forget(keyOf(job));
      // Nobody counts any more: finalizers must not hold the pods.
      for (const pod of pods.byIndex('controller', job.metadata.uid ?? ''))
        queue.add(`release/${keyOf(pod)}`);
    },
  });
  const jobKey = (pod: Pod) => {
    const owner = controllerOf(pod);
    return owner?.kind === 'Job' ? `${pod.metadata.namespace}/${owner.name}` : undefined;
  };
  const matching = ({ metadata }: Pod) =>
    jobs
      .list(metadata.namespace ?? '')
      .filter((job) => labelSelectorFrom(job.spec?.selector).matches(metadata.labels));
  const enqueueMatching = (pod: Pod) => {
    for (const job of matching(pod)) queue.add(keyOf(job));
  };
  const onChange = (pod: Pod) => {
    const key = jobKey(pod);
    if (!key) {
      if (controllerOf(pod)) return;
      // Perhaps a Job's that wants it back; otherwise it was let go, and is counted by nobody.
      enqueueMatching(pod);
      if (isTracked(pod)) queue.add(`release/${keyOf(pod)}`);
      return;
    }
    if (pod.metadata.deletionTimestamp) expectations.deletionObserved(key, pod.metadata.uid ?? '');
    queue.add(key);
    const { namespace, name } = splitKey(key);
    const isOrphan = jobs.hasSynced() && jobs.get(namespace, name)?.metadata.uid !== controllerOf(pod)?.uid;
    if (isOrphan && isTracked(pod)) queue.add(`release/${keyOf(pod)}`);
  };
  pods.addHandler({
    onAdd(pod) {
      numbers.followed(pod, undefined);
      expectations.creationObserved(jobKey(pod) ?? '');
      onChange(pod);
    },
    onUpdate(pod, old) {
      numbers.followed(pod, old);
      const oldKey = jobKey(old);
      if (oldKey && oldKey !== jobKey(pod)) queue.add(oldKey);
      onChange(pod);
    },
    onDelete(pod) {
      numbers.followed(undefined, pod);
      const key = jobKey(pod);
      if (!key) return;
      expectations.deletionObserved(key, pod.metadata.uid ?? '');
      queue.add(key);
    },
  });

  async function reconcile(key: string): Promise<Requeue | undefined> {
    const { namespace, name } = splitKey(key);
    const found = jobs.get(namespace, name);
    if (!found) return undefined;
    const isOver = conditionIs(found, 'Complete') ?? conditionIs(found, 'Failed');
    if ((found.spec?.managedBy ?? ownName) !== ownName) return isOver ? expire(found) : undefined;
    if (isOver) return finish(found);
    if (!['NonIndexed', 'Indexed'].includes(found.spec?.completionMode ?? 'NonIndexed')) {
      const message = 'Skipped Job sync because completion mode is unknown';
      events.record(found, { type: 'Warning', reason: 'UnknownCompletionMode', message });
      return undefined;
    }
    const startedMs = clock.monotonic();
    const tell = { action: 'reconciling' as JobAction };
    let result = 'error';
    try {
      const requeue = await sync(key, found, tell);
      result = 'success';
      return requeue;
    } finally {
      numbers.synced(found, { result, ...tell, seconds: (clock.monotonic() - startedMs) / 1000 });
    }
  }

  async function sync(key: string, found: Job, tell: { action: JobAction }): Promise<Requeue | undefined> {
    const isCopyTrue = expectations.satisfied(key);
    const owned = await claim({
      client,
      owner: found,
      ownerRef: resources.jobs,
      selector: labelSelectorFrom(found.spec?.selector),
      resource: resources.pods,
      informer: pods,
    });
    const nowMs = clock.now();
    const job = started(found, nowMs);
    const view = viewOf(job, owned);
    const outcome = outcomeOf(view, nowMs);
    let waitMs: number | undefined;
    let failure: unknown;
    if (isCopyTrue && !job.metadata.deletionTimestamp) {
      try {
        waitMs = outcome ? await end(key, view) : await manage(key, view, tell);
      } catch (error) {
        failure = error;
      }
    }
    const { status, released, isCut, byPolicy } = count(view, outcome?.result);
    noteCounts(status, view);
    if (isCopyTrue && !outcome) noteSuspension(job, status, nowMs);
    const isLast = isCopyTrue && !isCut && expectations.satisfied(key);
    if (outcome) settle(job, status, { outcome, isLast: isLast && view.active.length === 0, nowMs });
    await writeStatus(client, resources.jobs, found, status);
    numbers.written(found, status);
    for (const action of byPolicy) numbers.handledByPolicy(action);
    await atOnce(parallel, released, release);
    if (failure !== undefined) throw failure;
    const deadlineMs = untilDeadline(job, status, nowMs);
    const waits = [waitMs, deadlineMs].filter((wait) => wait !== undefined && wait > 0) as number[];
    return waits.length > 0 ? { afterMs: Math.min(...waits) } : undefined;
  }

  /** Makes and removes pods; returns how long a failure holds back the next one. */
  async function manage(
    key: string,
    view: JobView,
    tell: { action: JobAction },
  ): Promise<number | undefined> {
    tell.action = 'tracking';
    const { job, active, owned } = view;
    const wanted = wantedActive(view);
    const surplus = surplusPods(view, Math.max(0, active.length - wanted), clock.now());
    if (surplus.length > 0) {
      tell.action = 'pods_deleted';
      await remove(key, job, surplus.slice(0, burst));
      return undefined;
    }
    const leaving = replacesOnlyFailed(job) ? owned.filter(isLeaving) : [];
    const missing = Math.min(wanted - active.length - leaving.length, burst);
    if (missing <= 0) return undefined;
    const nowMs = clock.now();
    if (!hasLimitPerIndex(job)) {
      const waitMs = backoffMs(owned, job, nowMs);
      if (waitMs > 0) return waitMs;
    }
    tell.action = 'pods_created';
    if (!isIndexed(job)) {
      await create(
        key,
        view,
        Array.from({ length: missing }, () => jobPod(job, undefined)),
      );
      return undefined;
    }
    const pending = pendingIndexes(view, leaving, missing).map((index) => ({
      index,
      last: view.heldBack.get(index),
      waitMs: hasLimitPerIndex(job) ? untilRetry(view.heldBack.get(index), nowMs) : 0,
    }));
    const ready = pending.filter(({ waitMs }) => waitMs === 0);
    const made = ready.map(({ index, last }) =>
      jobPod(job, index, hasLimitPerIndex(job) ? failureAnnotations(job, last) : {}),
    );
    await create(key, view, made);
    const waits = pending.map(({ waitMs }) => waitMs).filter((waitMs) => waitMs > 0);
    return waits.length > 0 ? Math.min(...waits) : undefined;
  }

  async function create(key: string, view: JobView, made: readonly Pod[]): Promise<void> {
    const { job } = view;
    const again = view.failed > 0 || view.owned.some(isLeaving);
    const error = await createPods({
      expectations,
      key,
      count: made.length,
      create: (index) =>
        podControl.create(made[index]!, job).then(
          () => numbers.podMade(job, { again, status: 'succeeded' }),
          (error: unknown) => {
            numbers.podMade(job, { again, status: 'failed' });
            throw error;
          },
        ),
    });
    if (error !== undefined) throw error;
  }

  /** Of a Job that is decided: what still runs is stopped, and then counted. */
  async function end(key: string, { job, active }: JobView): Promise<undefined> {
    await removeAll(key, job, { victims: active.slice(0, burst), isCounted: true });
    return undefined;
  }

  /** Pods that are one too many are no failures: they lose the finalizer first, so that nobody counts them. */
  function remove(key: string, job: Job, victims: readonly Pod[]): Promise<void> {
    return removeAll(key, job, { victims, isCounted: false });
  }

  async function removeAll(
    key: string,
    job: Job,
    { victims, isCounted }: { victims: readonly Pod[]; isCounted: boolean },
  ): Promise<void> {
    expectations.expectDeletions(
      key,
      victims.map(({ metadata }) => metadata.uid ?? ''),
    );
    await atOnce(parallel, victims, async (pod) => {
      try {
        if (!isCounted && isTracked(pod)) await release(pod);
        await podControl.delete(pod, job);
      } catch (error) {
        expectations.deletionObserved(key, pod.metadata.uid ?? '');
        throw error;
      }
    });
  }

  function noteSuspension(job: Job, status: JobStatus, nowMs: number): void {
    const isSuspended = conditionIs(job, 'Suspended') !== undefined;
    if (job.spec?.suspend === true && !isSuspended) {
      setCondition(
        status,
        { type: 'Suspended', status: 'True', reason: 'JobSuspended', message: 'Job suspended' },
        nowMs,
      );
      delete status.startTime;
      events.record(job, { type: 'Normal', reason: 'Suspended', message: 'Job suspended' });
    } else if (job.spec?.suspend !== true && isSuspended) {
      setCondition(
        status,
        { type: 'Suspended', status: 'False', reason: 'JobResumed', message: 'Job resumed' },
        nowMs,
      );
      status.startTime = timestamp(nowMs);
      events.record(job, { type: 'Normal', reason: 'Resumed', message: 'Job resumed' });
    }
  }

  /** Conditions; the terminal one comes only when every pod has ended and been counted. */
  function settle(
    job: Job,
    status: JobStatus,
    given: { outcome: Outcome; isLast: boolean; nowMs: number },
  ): void {
    const { outcome, isLast, nowMs } = given;
    const { result, reason, message } = outcome;
    const interim = result === 'complete' ? 'SuccessCriteriaMet' : 'FailureTarget';
    setCondition(status, { type: interim, status: 'True', reason, message }, nowMs);
    const uncounted = status.uncountedTerminatedPods ?? {};
    const isCounted = !uncounted.succeeded?.length && !uncounted.failed?.length;
    if (!isLast || (status.terminating ?? 0) > 0 || !isCounted) return;
    const type = result === 'complete' ? 'Complete' : 'Failed';
    setCondition(status, { type, status: 'True', reason, message }, nowMs);
    if (result === 'failed') {
      events.record(job, { type: 'Warning', reason, message });
      return;
    }
    status.completionTime = timestamp(nowMs);
    if (job.spec?.completions !== undefined && (status.succeeded ?? 0) > job.spec.completions) {
      const tooMany = 'Too many succeeded pods running after completion count reached';
      events.record(job, { type: 'Warning', reason: 'TooManySucceededPods', message: tooMany });
    }
    events.record(job, { type: 'Normal', reason: 'Completed', message: 'Job completed' });
  }

  async function release(pod: Pod): Promise<void> {
    const { name = '', namespace, uid, resourceVersion, finalizers = [] } = pod.metadata;
    const rest = finalizers.filter((one) => one !== trackingFinalizer);
    const patch = { metadata: { uid, resourceVersion, finalizers: rest.length > 0 ? rest : null } };
    await client
      .resource<Pod>(resources.pods)
      .patch(name, patch, { type: 'merge', namespace })
      .catch(ignoreNotFound);
  }

  async function finish(job: Job): Promise<Requeue | undefined> {
    const held = pods.byIndex('controller', job.metadata.uid ?? '').filter(isTracked);
    await atOnce(parallel, held, release);
    return expire(job);
  }

  /** A finished Job goes with its pods once its time to live is over, whoever managed it. */
  async function expire(job: Job): Promise<Requeue | undefined> {
    const ttlSeconds = job.spec?.ttlSecondsAfterFinished;
    const ended = conditionIs(job, 'Complete') ?? conditionIs(job, 'Failed');
    if (ttlSeconds === undefined || job.metadata.deletionTimestamp) return undefined;
    const leftMs = Date.parse(ended?.lastTransitionTime ?? '') + ttlSeconds * 1000 - clock.now();
    if (leftMs > 0) return { afterMs: leftMs };
    const { name = '', namespace, uid } = job.metadata;
    await client
      .resource(resources.jobs)
      .delete(name, { namespace, propagationPolicy: 'Foreground', preconditions: { uid } })
      .then(() => lateness.observe(-leftMs / 1000), ignoreNotFound);
    return undefined;
  }

  async function releaseOrphan(key: string): Promise<void> {
    const { namespace, name } = splitKey(key);
    const pod = pods.get(namespace, name);
    if (!pod || !isTracked(pod)) return;
    const owner = controllerOf(pod);
    if (!owner) {
      const isWanted = !pod.metadata.deletionTimestamp && matching(pod).some(adopts);
      if (!isWanted) await release(pod);
      return;
    }
    const job = await client
      .resource<Job>(resources.jobs)
      .get(owner.name, { namespace })
      .catch(ignoreNotFound);
    if (job?.metadata.uid !== owner.uid) await release(pod);
  }

  return createController({
    name: 'job-controller',
    context,
    waitFor: [jobs, pods],
    queue,
    workers: 5,
    async reconcile(key) {
      if (!key.startsWith('release/')) return reconcile(key);
      await releaseOrphan(key.slice('release/'.length));
      return undefined;
    },
  });
}

/** The Job with the time of its start, which is now unless it is known. */
function started(job: Job, nowMs: number): Job {
  if (job.status?.startTime || job.spec?.suspend) return job;
  return { ...job, status: { ...job.status, startTime: timestamp(nowMs) } };
}

function adopts(job: Job): boolean {
  return !job.metadata.deletionTimestamp && !conditionIs(job, 'Complete') && !conditionIs(job, 'Failed');
}

function isLeaving({ metadata, status }: Pod): boolean {
  return (
    metadata.deletionTimestamp !== undefined && status?.phase !== 'Succeeded' && status?.phase !== 'Failed'
  );
}

function noteCounts(status: JobStatus, { active, owned }: JobView): void {
  status.active = active.length;
  status.ready = active.filter(isReady).length;
  status.terminating = owned.filter(isLeaving).length;
}

/** Second pods of an index and those of indexes that the Job no longer has; and as many more as are too many. */
function surplusPods({ job, active }: JobView, tooMany: number, nowMs: number): Pod[] {
  const ranked = chooseVictims(active, active.length, { siblings: [], nowMs });
  if (!isIndexed(job)) return ranked.slice(0, tooMany);
  const kept = new Map<number, Pod>();
  const { completions = 0 } = job.spec ?? {};
  // Of an index the pod stays that would be the last to go.
  for (const pod of ranked) {
    const index = indexOf(pod);
    if (index !== undefined && index < completions) kept.set(index, pod);
  }
  const staying = new Set(kept.values());
  const surplus = ranked.filter((pod) => !staying.has(pod));
  const rest = ranked.filter((pod) => staying.has(pod));
  return [...surplus, ...rest.slice(0, Math.max(0, tooMany - surplus.length))];
}

/** The lowest indexes that no pod is at work on, and none has ended. */
function pendingIndexes(view: JobView, leaving: readonly Pod[], most: number): number[] {
  const { job, active, succeededIndexes, failedIndexes } = view;
  const taken = new Set([...active, ...leaving].map(indexOf));
  const free: number[] = [];
  for (let index = 0; index < (job.spec?.completions ?? 0) && free.length < most; index++) {
    const isDone = succeededIndexes.has(index) || failedIndexes.has(index);
    if (!isDone && !taken.has(index)) free.push(index);
  }
  return free;
}

function setCondition(status: JobStatus, condition: JobCondition, nowMs: number): void {
  const probed = { ...condition, lastProbeTime: timestamp(nowMs) };
  status.conditions = withCondition(status.conditions, probed, nowMs);
}

function untilDeadline(job: Job, status: JobStatus, nowMs: number): number | undefined {
  const seconds = job.spec?.activeDeadlineSeconds;
  if (seconds === undefined || !status.startTime || job.spec?.suspend) return undefined;
  return Date.parse(status.startTime) + seconds * 1000 - nowMs;
}

function ignoreNotFound(error: unknown): undefined {
  if (!isApiError(error, 'NotFound')) throw error;
  return undefined;
}
