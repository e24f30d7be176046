/**
 * Failures of single indexes, where a Job has `backoffLimitPerIndex`; free of I/O. How often an index has failed is told by
 * annotations of its last pod, which is therefore kept until the next one has taken them over.
 * Rules: https://kubernetes.io/docs/concepts/workloads/controllers/job/#backoff-limit-per-index
 */
import type { Job, Pod } from '@skerry/api';
import { finishTime, indexOf, isFailed, isTracked, retryDelayMs, stateOf } from '#batch/job/job-pod.ts';
import { policyFor } from '#batch/job/pod-failure-policy.ts';

const failuresKey = 'batch.kubernetes.io/job-index-failure-count';
const ignoredKey = 'batch.kubernetes.io/job-index-ignored-failure-count';

export function hasLimitPerIndex({ spec }: Job): boolean {
  return spec?.backoffLimitPerIndex !== undefined;
}

function countIn({ metadata }: Pod, key: string): number {
  const text = metadata.annotations?.[key] ?? '';
  const count = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  return count <= 0x7fffffff ? count : 0;
}

function allFailures(pod: Pod): number {
  return countIn(pod, failuresKey) + countIn(pod, ignoredKey);
}

/** Whether a pod is the end of its index. */
export function isIndexOver(job: Job, pod: Pod): boolean {
  if (!isFailed(pod, job)) return false;
  const { isCounted, action } = policyFor(job, pod);
  if (action === 'FailIndex') return true;
  return isCounted && countIn(pod, failuresKey) >= (job.spec?.backoffLimitPerIndex ?? 0);
}

/** The last failed pod of each index that is to be tried again and has no pod yet. */
export function heldBack(
  job: Job,
  owned: readonly Pod[],
  given: { readonly succeeded: ReadonlySet<number>; readonly failed: ReadonlySet<number> },
): Map<number, Pod> {
  const last = new Map<number, Pod>();
  if (!hasLimitPerIndex(job)) return last;
  const { completions = 0 } = job.spec ?? {};
  const active = new Set(owned.filter((pod) => stateOf(pod, job) === 'active').map(indexOf));
  for (const pod of owned) {
    const index = indexOf(pod);
    if (index === undefined || index >= completions || !isTracked(pod) || !isFailed(pod, job)) continue;
    if (given.succeeded.has(index) || given.failed.has(index) || active.has(index)) continue;
    const other = last.get(index);
    const isLater =
      !other || (allFailures(other) <= allFailures(pod) && finishTime(other) <= finishTime(pod));
    if (isLater) last.set(index, pod);
  }
  return last;
}

/** How long until an index may be tried again. */
export function untilRetry(last: Pod | undefined, nowMs: number): number {
  if (!last) return 0;
  return Math.max(0, finishTime(last) + retryDelayMs(allFailures(last) + 1) - nowMs);
}

/** The annotations of the pod that comes after a failed one, or of the first. */
export function failureAnnotations(job: Job, last: Pod | undefined): Record<string, string> {
  if (!last) return { [failuresKey]: '0' };
  const { isCounted } = policyFor(job, last);
  const failures = countIn(last, failuresKey) + (isCounted ? 1 : 0);
  const ignored = countIn(last, ignoredKey) + (isCounted ? 0 : 1);
  return { [failuresKey]: String(failures), ...(ignored > 0 ? { [ignoredKey]: String(ignored) } : {}) };
}
