/**
 * Jobs: pods until enough of them have succeeded.
 *
 * Every pod is counted exactly once, however often this process is restarted: a finished pod is kept by a finalizer, its
 * uid is written to `status.uncountedTerminatedPods`, the finalizer goes, and only then does the uid become a number.
 * What is left out: pod failure policies, backoff per index, success policies.
 * Rules: https://kubernetes.io/docs/concepts/workloads/controllers/job/
 */
import { isApiError, labelSelectorFrom } from '@skerry/api';
import type { Job, JobCondition, JobStatus, Pod } from '@skerry/api';
import { keyOf, resources } from '@skerry/client';
import { slowStart } from '#runtime/batch.ts';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, ControllerContext, Requeue } from '#runtime/controller.ts';
import { Expectations } from '#runtime/expectations.ts';
import { claim, controllerOf, indexByController } from '#runtime/ownership.ts';
import { PodControl } from '#runtime/pod-control.ts';
import { isReady } from '#runtime/pods.ts';
import { splitKey, timestamp, withCondition, writeStatus } from '#runtime/status.ts';
import { formatIndexes, parseIndexes } from '#batch/job/indexes.ts';
import { backoffMs, indexOf, isIndexed, jobPod, stateOf, trackingFinalizer } from '#batch/job/job-pod.ts';
import { conditionIs, outcomeOf, wantedActive } from '#batch/job/outcome.ts';
import type { JobCounts, Outcome } from '#batch/job/outcome.ts';

const burst = 500;
const uncountedMax = 500;

export function createJobController(context: ControllerContext): Controller {
  const { client, informers, clock, events } = context;
  const jobs = informers.informer<Job>(resources.jobs);
  const pods = indexByController(informers.informer<Pod>(resources.pods));
  const expectations = new Expectations(clock);
  const podControl = new PodControl(context);
  const queue = createQueue(context);

  jobs.addHandler({
    onAdd: (job) => queue.add(keyOf(job)),
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
  const enqueueMatching = (pod: Pod) => {
    for (const job of jobs.list(pod.metadata.namespace ?? '')) {
      if (labelSelectorFrom(job.spec?.selector).matches(pod.metadata.labels)) queue.add(keyOf(job));
    }
  };
  const onChange = (pod: Pod) => {
    const key = jobKey(pod);
    if (!key) {
      // Perhaps a Job's that wants it back.
      if (!controllerOf(pod)) enqueueMatching(pod);
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
      expectations.creationObserved(jobKey(pod) ?? '');
      onChange(pod);
    },
    onUpdate(pod, old) {
      const oldKey = jobKey(old);
      if (oldKey && oldKey !== jobKey(pod)) queue.add(oldKey);
      onChange(pod);
    },
    onDelete(pod) {
      const key = jobKey(pod);
      if (!key) return;
      expectations.deletionObserved(key, pod.metadata.uid ?? '');
      queue.add(key);
    },
  });

  async function reconcile(key: string): Promise<Requeue | undefined> {
    const { namespace, name } = splitKey(key);
    const job = jobs.get(namespace, name);
    if (!job || (job.spec?.managedBy ?? 'kubernetes.io/job-controller') !== 'kubernetes.io/job-controller') {
      return undefined;
    }
    if (conditionIs(job, 'Complete') ?? conditionIs(job, 'Failed')) return finish(job);
    const isCopyTrue = expectations.satisfied(key);
    const owned = await claim({
      client,
      owner: job,
      ownerRef: resources.jobs,
      selector: labelSelectorFrom(job.spec?.selector),
      resource: resources.pods,
      informer: pods,
    });
    const status = counted(job, owned);
    const counts = countsOf(job, owned, status);
    const nowMs = clock.now();
    let waitMs: number | undefined;
    if (!job.spec?.suspend) status.startTime ??= timestamp(nowMs);
    noteSuspension(job, status, nowMs);
    const outcome = outcomeOf({ ...job, status }, counts, nowMs);
    if (isCopyTrue && !job.metadata.deletionTimestamp) {
      if (outcome) await removePods(key, job, counts.active);
      else waitMs = await manage(key, job, { owned, counts, status });
    }
    settle(job, status, { counts, outcome, owned, nowMs });
    await writeStatus(client, resources.jobs, jobs.get(namespace, name) ?? job, status);
    await releaseCounted(owned, status);
    const deadlineMs = untilDeadline(job, status, nowMs);
    const waits = [waitMs, deadlineMs].filter((wait) => wait !== undefined && wait > 0) as number[];
    return waits.length > 0 ? { afterMs: Math.min(...waits) } : undefined;
  }

  /** The status with every pod in it that has ended and can no longer be seen twice. */
  function counted(job: Job, owned: readonly Pod[]): JobStatus {
    const status = structuredClone(job.status) ?? {};
    const byUid = new Map(owned.map((pod) => [pod.metadata.uid ?? '', pod]));
    const uncounted = status.uncountedTerminatedPods ?? {};
    const split = (uids: readonly string[] | undefined) => {
      const kept = (uids ?? []).filter((uid) => isTracked(byUid.get(uid)));
      return { kept, done: (uids?.length ?? 0) - kept.length };
    };
    const succeeded = split(uncounted.succeeded);
    const failed = split(uncounted.failed);
    if (!isIndexed(job)) status.succeeded = (status.succeeded ?? 0) + succeeded.done;
    status.failed = (status.failed ?? 0) + failed.done;
    const completed = parseIndexes(status.completedIndexes);
    for (const pod of owned) {
      const { uid = '' } = pod.metadata;
      const state = stateOf(pod, job);
      if (!isTracked(pod) || (state !== 'succeeded' && state !== 'failed')) continue;
      const list = state === 'succeeded' ? succeeded.kept : failed.kept;
      if (list.includes(uid) || succeeded.kept.length + failed.kept.length >= uncountedMax) continue;
      list.push(uid);
      const index = indexOf(pod);
      if (state === 'succeeded' && index !== undefined) completed.add(index);
    }
    if (isIndexed(job)) {
      status.completedIndexes = formatIndexes(completed);
      status.succeeded = completed.size;
    }
    status.uncountedTerminatedPods = {
      ...(succeeded.kept.length > 0 ? { succeeded: succeeded.kept } : {}),
      ...(failed.kept.length > 0 ? { failed: failed.kept } : {}),
    };
    return status;
  }

  function countsOf(job: Job, owned: readonly Pod[], status: JobStatus): JobCounts {
    const uncounted = status.uncountedTerminatedPods ?? {};
    return {
      active: owned.filter((pod) => stateOf(pod, job) === 'active'),
      succeeded: (status.succeeded ?? 0) + (isIndexed(job) ? 0 : (uncounted.succeeded?.length ?? 0)),
      failed: (status.failed ?? 0) + (uncounted.failed?.length ?? 0),
    };
  }

  /** Makes and removes pods; returns how long a failure holds back the next one. */
  async function manage(
    key: string,
    job: Job,
    given: { owned: readonly Pod[]; counts: JobCounts; status: JobStatus },
  ): Promise<number | undefined> {
    const { owned, counts, status } = given;
    const terminating = owned.filter((pod) => stateOf(pod, job) === 'terminating').length;
    const wanted = wantedActive(job, counts);
    const surplus = counts.active.length - wanted;
    if (surplus > 0) {
      const order = counts.active.toSorted((a, b) => Number(isReady(a)) - Number(isReady(b)));
      await removePods(key, job, order.slice(0, surplus));
      return undefined;
    }
    const missing = Math.min(wanted - counts.active.length - terminating, burst);
    if (missing <= 0) return undefined;
    const waitMs = backoffMs(owned, job, clock.now());
    if (waitMs > 0) return waitMs;
    const indexes = isIndexed(job) ? freeIndexes(job, counts.active, status) : undefined;
    const count = Math.min(missing, indexes?.length ?? missing);
    expectations.expectCreations(key, count);
    let attempted = 0;
    const { error } = await slowStart(count, async (position) => {
      attempted++;
      try {
        await podControl.create(jobPod(job, indexes?.[position]), job);
      } catch (caught) {
        expectations.creationObserved(key);
        throw caught;
      }
    });
    for (let skipped = attempted; skipped < count; skipped++) expectations.creationObserved(key);
    if (error !== undefined) throw error;
    return undefined;
  }

  function freeIndexes(job: Job, active: readonly Pod[], status: JobStatus): number[] {
    const taken = parseIndexes(status.completedIndexes);
    for (const pod of active) taken.add(indexOf(pod) ?? -1);
    const free: number[] = [];
    for (let index = 0; index < (job.spec?.completions ?? 0) && free.length < burst; index++) {
      if (!taken.has(index)) free.push(index);
    }
    return free;
  }

  async function removePods(key: string, job: Job, victims: readonly Pod[]): Promise<void> {
    expectations.expectDeletions(
      key,
      victims.map(({ metadata }) => metadata.uid ?? ''),
    );
    const results = await Promise.allSettled(
      victims.map(async (pod) => {
        try {
          await podControl.delete(pod, job);
        } catch (error) {
          expectations.deletionObserved(key, pod.metadata.uid ?? '');
          throw error;
        }
      }),
    );
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
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

  /** Numbers and conditions; the terminal condition comes only when every pod has ended and been counted. */
  function settle(
    job: Job,
    status: JobStatus,
    given: { counts: JobCounts; outcome: Outcome | undefined; owned: readonly Pod[]; nowMs: number },
  ): void {
    const { counts, outcome, owned, nowMs } = given;
    const terminating = owned.filter(
      ({ metadata, status: own }) =>
        metadata.deletionTimestamp && own?.phase !== 'Succeeded' && own?.phase !== 'Failed',
    ).length;
    status.active = counts.active.length;
    status.ready = counts.active.filter(isReady).length;
    status.terminating = terminating;
    if (!outcome) return;
    const { result, reason, message } = outcome;
    const interim = result === 'complete' ? 'SuccessCriteriaMet' : 'FailureTarget';
    setCondition(status, { type: interim, status: 'True', reason, message }, nowMs);
    const uncounted = status.uncountedTerminatedPods ?? {};
    const isCounted = !uncounted.succeeded?.length && !uncounted.failed?.length;
    if (counts.active.length > 0 || terminating > 0 || !isCounted) return;
    const type = result === 'complete' ? 'Complete' : 'Failed';
    setCondition(status, { type, status: 'True', reason, message }, nowMs);
    if (result === 'complete') {
      status.completionTime = timestamp(nowMs);
      events.record(job, { type: 'Normal', reason: 'Completed', message: 'Job completed' });
    } else {
      events.record(job, { type: 'Warning', reason, message });
    }
  }

  async function releaseCounted(owned: readonly Pod[], status: JobStatus): Promise<void> {
    const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {};
    const uids = new Set([...succeeded, ...failed]);
    for (const pod of owned) {
      if (isTracked(pod) && uids.has(pod.metadata.uid ?? '')) await release(pod);
    }
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
    for (const pod of pods.byIndex('controller', job.metadata.uid ?? '')) {
      if (isTracked(pod)) await release(pod);
    }
    const ttlSeconds = job.spec?.ttlSecondsAfterFinished;
    const ended = conditionIs(job, 'Complete') ?? conditionIs(job, 'Failed');
    if (ttlSeconds === undefined || job.metadata.deletionTimestamp) return undefined;
    const leftMs = Date.parse(ended?.lastTransitionTime ?? '') + ttlSeconds * 1000 - clock.now();
    if (leftMs > 0) return { afterMs: leftMs };
    const { name = '', namespace, uid } = job.metadata;
    await client
      .resource(resources.jobs)
      .delete(name, { namespace, propagationPolicy: 'Foreground', preconditions: { uid } })
      .catch(ignoreNotFound);
    return undefined;
  }

  async function releaseOrphan(key: string): Promise<void> {
    const { namespace, name } = splitKey(key);
    const pod = pods.get(namespace, name);
    const owner = pod && controllerOf(pod);
    if (!pod || !isTracked(pod) || !owner) return;
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

function isTracked(pod: Pod | undefined): boolean {
  return pod?.metadata.finalizers?.includes(trackingFinalizer) ?? false;
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
