/** Whether a Job is over, and how; free of I/O. */
import type { Job, JobCondition, Pod } from '@skerry/api';

export interface JobCounts {
  readonly active: readonly Pod[];
  readonly succeeded: number;
  readonly failed: number;
}

export interface Outcome {
  readonly result: 'complete' | 'failed';
  readonly reason: string;
  readonly message: string;
}

export function conditionIs(job: Job, type: string): JobCondition | undefined {
  return job.status?.conditions?.find((one) => one.type === type && one.status === 'True');
}

/** What was decided before stays decided. */
export function outcomeOf(job: Job, counts: JobCounts, nowMs: number): Outcome | undefined {
  const failing = conditionIs(job, 'FailureTarget');
  if (failing) return { result: 'failed', reason: failing.reason ?? '', message: failing.message ?? '' };
  const met = conditionIs(job, 'SuccessCriteriaMet');
  if (met) return { result: 'complete', reason: met.reason ?? '', message: met.message ?? '' };
  const { backoffLimit = 6, activeDeadlineSeconds, suspend, completions } = job.spec ?? {};
  if (counts.failed > backoffLimit || isRestartingTooOften(job, counts.active, backoffLimit)) {
    const message = 'Job has reached the specified backoff limit';
    return { result: 'failed', reason: 'BackoffLimitExceeded', message };
  }
  const startMs = Date.parse(job.status?.startTime ?? '');
  if (activeDeadlineSeconds !== undefined && !suspend && nowMs - startMs >= activeDeadlineSeconds * 1000) {
    const message = 'Job was active longer than specified deadline';
    return { result: 'failed', reason: 'DeadlineExceeded', message };
  }
  const isComplete =
    completions === undefined
      ? counts.succeeded > 0 && counts.active.length === 0
      : counts.succeeded >= completions && (counts.active.length === 0 || completions > 0);
  if (!isComplete) return undefined;
  return {
    result: 'complete',
    reason: 'CompletionsReached',
    message: 'Reached expected number of succeeded pods',
  };
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
export function wantedActive(job: Job, counts: JobCounts): number {
  const { parallelism = 1, completions, suspend } = job.spec ?? {};
  if (suspend) return 0;
  if (completions === undefined) return counts.succeeded > 0 ? counts.active.length : parallelism;
  return Math.max(0, Math.min(completions - counts.succeeded, parallelism));
}
