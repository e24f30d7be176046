/**
 * What of a Job's pods is counted now; free of I/O. A pod that has ended is kept by a finalizer; its uid, or for a success of
 * an index the index, goes into the status; then the finalizer goes; and only then does the uid become a number. So every
 * pod is counted once, whenever this process ends.
 */
import type { Job, JobStatus, Pod } from '@skerry/api';
import { heldBack, hasLimitPerIndex, isIndexOver } from '#batch/job/index-failures.ts';
import { formatIndexes, parseIndexes } from '#batch/job/indexes.ts';
import { indexOf, isCounting, isFailed, isIndexed, isTracked, stateOf } from '#batch/job/job-pod.ts';
import { policyFor } from '#batch/job/pod-failure-policy.ts';

/** Bounds the status, and what one Job does before others have their turn. */
const uncountedMax = 500;

export interface JobView {
  readonly job: Job;
  readonly owned: readonly Pod[];
  readonly active: readonly Pod[];
  readonly succeeded: number;
  /** Those that count against the limits. */
  readonly failed: number;
  readonly succeededIndexes: ReadonlySet<number>;
  readonly failedIndexes: ReadonlySet<number>;
  /** By index: the failed pod that stays until there is another one. */
  readonly heldBack: ReadonlyMap<number, Pod>;
}

export function viewOf(job: Job, owned: readonly Pod[]): JobView {
  const { status } = job;
  const completions = job.spec?.completions ?? 0;
  const succeededIndexes = parseIndexes(isIndexed(job) ? status?.completedIndexes : '', completions);
  const failedIndexes = parseIndexes(hasLimitPerIndex(job) ? status?.failedIndexes : '', completions);
  const uncounted = status?.uncountedTerminatedPods ?? {};
  const known = new Set([...(uncounted.succeeded ?? []), ...(uncounted.failed ?? [])]);
  let [newSucceeded, newFailed] = [0, 0];
  for (const pod of owned) {
    const index = indexOf(pod);
    if (!isTracked(pod) || !isCounting(pod, job)) continue;
    const state = stateOf(pod, job);
    if (state === 'succeeded' && isIndexed(job)) succeededIndexes.add(index ?? 0);
    if (hasLimitPerIndex(job) && isIndexOver(job, pod)) failedIndexes.add(index ?? 0);
    if (known.has(pod.metadata.uid ?? '')) continue;
    if (state === 'succeeded') newSucceeded++;
    else if (state === 'failed' && policyFor(job, pod).isCounted) newFailed++;
  }
  const numbered = (status?.succeeded ?? 0) + (uncounted.succeeded?.length ?? 0) + newSucceeded;
  return {
    job,
    owned,
    active: owned.filter((pod) => stateOf(pod, job) === 'active'),
    succeeded: isIndexed(job) ? succeededIndexes.size : numbered,
    failed: (status?.failed ?? 0) + (uncounted.failed?.length ?? 0) + newFailed,
    succeededIndexes,
    failedIndexes,
    heldBack: heldBack(job, owned, { succeeded: succeededIndexes, failed: failedIndexes }),
  };
}

export interface Counted {
  readonly status: JobStatus;
  /** Pods whose finalizer may go once the status is written. */
  readonly released: readonly Pod[];
  /** Whether there are more than one write takes. */
  readonly isCut: boolean;
  /** Actions of the failure policy, one for each failed pod that it decided about. */
  readonly byPolicy: readonly string[];
}

/** `ending`: how the Job ends, once that is decided; then what is still on its way out is counted too. */
export function count(view: JobView, ending: 'complete' | 'failed' | undefined): Counted {
  const { job, owned } = view;
  const status = structuredClone(job.status) ?? {};
  const byUid = new Map(owned.map((pod) => [pod.metadata.uid ?? '', pod]));
  const split = (uids: readonly string[] = []) => {
    const kept = uids.filter((uid) => isTracked(byUid.get(uid)));
    return { kept, done: uids.length - kept.length };
  };
  const succeeded = split(status.uncountedTerminatedPods?.succeeded);
  const failed = split(status.uncountedTerminatedPods?.failed);
  if (!isIndexed(job)) status.succeeded = (status.succeeded ?? 0) + succeeded.done;
  status.failed = (status.failed ?? 0) + failed.done;
  const completed = parseIndexes(isIndexed(job) ? status.completedIndexes : '', job.spec?.completions ?? 0);
  const held = new Set([...view.heldBack.values()].map(({ metadata }) => metadata.uid));
  const released: Pod[] = [];
  const byPolicy: string[] = [];
  let isCut = false;
  for (const pod of owned) {
    if (!isTracked(pod) || !hasEnded(pod)) continue;
    if (released.length >= uncountedMax) {
      isCut = true;
      break;
    }
    released.push(pod);
    const { uid = '' } = pod.metadata;
    if (!isCounting(pod, job) || failed.kept.includes(uid) || succeeded.kept.includes(uid)) continue;
    if (pod.status?.phase === 'Succeeded') {
      if (isIndexed(job)) completed.add(indexOf(pod) ?? 0);
      else succeeded.kept.push(uid);
    } else if (isFailed(pod, job) || ending === 'failed') {
      const { isCounted, action } = policyFor(job, pod);
      if (action) byPolicy.push(action);
      if (isCounted) failed.kept.push(uid);
    }
  }
  if (isIndexed(job)) {
    status.completedIndexes = formatIndexes(completed);
    status.succeeded = completed.size;
    if (hasLimitPerIndex(job)) status.failedIndexes = formatIndexes(view.failedIndexes);
  }
  status.uncountedTerminatedPods = {
    ...(succeeded.kept.length > 0 ? { succeeded: succeeded.kept } : {}),
    ...(failed.kept.length > 0 ? { failed: failed.kept } : {}),
  };
  return { status, released, isCut, byPolicy };

  /** Whether nothing more is to be learnt of a pod. */
  function hasEnded(pod: Pod): boolean {
    if (pod.status?.phase === 'Succeeded') return true;
    if (ending || job.metadata.deletionTimestamp) {
      return pod.status?.phase === 'Failed' || pod.metadata.deletionTimestamp !== undefined;
    }
    return isFailed(pod, job) && !held.has(pod.metadata.uid);
  }
}
