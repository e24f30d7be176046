/** Whether a Job is over, and how; free of I/O. */
import type { Job, JobCondition, Pod } from '@skerry/api';
import type { JobView } from '#batch/job/counting.ts';
import { hasLimitPerIndex } from '#batch/job/index-failures.ts';
import { parseIndexes } from '#batch/job/indexes.ts';
import { isFailed, isIndexed } from '#batch/job/job-pod.ts';
import { policyFor } from '#batch/job/pod-failure-policy.ts';

export interface Outcome {
  readonly result: 'complete' | 'failed';
  readonly reason: string;
  readonly message: string;
}

export function conditionIs(job: Job, type: string): JobCondition | undefined {
  return job.status?.conditions?.find((one) => one.type === type && one.status === 'True');
}

function failed(reason: string, message: string): Outcome {
  return { result: 'failed', reason, message };
}

/** What was decided before stays decided; a Job that could be both has failed. */
export function outcomeOf(view: JobView, nowMs: number): Outcome | undefined {
  const { job } = view;
  const met = conditionIs(job, 'SuccessCriteriaMet');
  if (met) return { result: 'complete', reason: met.reason ?? '', message: met.message ?? '' };
  const failing = conditionIs(job, 'FailureTarget');
  if (failing) return failed(failing.reason ?? '', failing.message ?? '');
  return failureOf(view, nowMs) ?? successOf(view);
}

function failureOf(view: JobView, nowMs: number): Outcome | undefined {
  const { job, owned, active } = view;
  for (const pod of owned) {
    if (!isFailed(pod, job)) continue;
    const { failJob } = policyFor(job, pod);
    if (failJob) return failed('PodFailurePolicy', failJob);
  }
  const { backoffLimit = 6, activeDeadlineSeconds, suspend } = job.spec ?? {};
  if (view.failed > backoffLimit || isRestartingTooOften(job, active, backoffLimit)) {
    return failed('BackoffLimitExceeded', 'Job has reached the specified backoff limit');
  }
  const startMs = Date.parse(job.status?.startTime ?? '');
  if (activeDeadlineSeconds !== undefined && !suspend && nowMs - startMs >= activeDeadlineSeconds * 1000) {
    return failed('DeadlineExceeded', 'Job was active longer than specified deadline');
  }
  return hasLimitPerIndex(job) ? failureOfIndexes(view) : undefined;
}

function failureOfIndexes({ job, failedIndexes, succeededIndexes }: JobView): Outcome | undefined {
  const { maxFailedIndexes = Infinity, completions = 0 } = job.spec ?? {};
  if (failedIndexes.size > maxFailedIndexes) {
    const message = 'Job has exceeded the specified maximal number of failed indexes';
    return failed('MaxFailedIndexesExceeded', message);
  }
  const isOver = failedIndexes.size > 0 && failedIndexes.size + succeededIndexes.size >= completions;
  return isOver ? failed('FailedIndexes', 'Job has failed indexes') : undefined;
}

function successOf(view: JobView): Outcome | undefined {
  const { job, active, succeeded } = view;
  const rule = isIndexed(job) ? matchedRule(view) : undefined;
  if (rule !== undefined) {
    return { result: 'complete', reason: 'SuccessPolicy', message: `Matched rules at index ${rule}` };
  }
  const { completions } = job.spec ?? {};
  const isEnough = completions === undefined ? succeeded > 0 : succeeded >= completions;
  if (!isEnough || active.length > 0) return undefined;
  return {
    result: 'complete',
    reason: 'CompletionsReached',
    message: 'Reached expected number of succeeded pods',
  };
}

/** The first rule of the success policy that is met. */
function matchedRule({ job, succeededIndexes }: JobView): number | undefined {
  if (succeededIndexes.size === 0) return undefined;
  const { successPolicy, completions } = job.spec ?? {};
  const met = (successPolicy?.rules ?? []).findIndex((rule) => {
    const { succeededCount } = rule;
    if (rule.succeededIndexes === undefined) {
      return succeededCount !== undefined && succeededIndexes.size >= succeededCount;
    }
    const required = parseIndexes(rule.succeededIndexes, completions);
    if (required.size === 0) return false;
    const found = [...required].filter((index) => succeededIndexes.has(index)).length;
    return found === required.size || (succeededCount !== undefined && found >= succeededCount);
  });
  return met < 0 ? undefined : met;
}

/** Containers that are restarted in place count as failures too. */
function isRestartingTooOften(job: Job, active: readonly Pod[], limit: number): boolean {
  if (job.spec?.template.spec?.restartPolicy !== 'OnFailure') return false;
  let restarts = 0;
  for (const { status } of active) {
    for (const { restartCount } of [
      ...(status?.initContainerStatuses ?? []),
      ...(status?.containerStatuses ?? []),
    ]) {
      restarts += restartCount ?? 0;
    }
  }
  return limit === 0 ? restarts > 0 : restarts >= limit;
}

/** How many pods should be active now. */
export function wantedActive({ job, active, succeeded }: JobView): number {
  const { parallelism = 1, completions, suspend } = job.spec ?? {};
  if (suspend) return 0;
  if (completions === undefined) return succeeded > 0 ? active.length : parallelism;
  return Math.max(0, Math.min(completions - succeeded, parallelism));
}
