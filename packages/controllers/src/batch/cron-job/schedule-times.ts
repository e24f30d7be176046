/**
 * Which of a CronJob's runs is due, and when the next one is; free of I/O. Of several runs that were missed only the last one
 * is made up for. Rules: https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#job-creation
 */
import { nextRun } from '@skerry/api';
import type { CronJob, CronTimes } from '@skerry/api';

/** Beyond this a clock is more likely wrong than that so many runs were missed. */
const missedMax = 100;
/** Clocks of machines differ a little: a run must not be looked for just before it is due. */
const paddingMs = 100;

export interface Runs {
  readonly times: CronTimes;
  readonly zone: string;
}

interface Recent {
  readonly earliestMs: number;
  /** The last run that should have been by now. */
  readonly dueMs: number | undefined;
  readonly missed: 'none' | 'few' | 'many';
}

/** Of a schedule that can be read and never fires, or never again. */
export class InvalidScheduleError extends Error {}

function recentRun(
  { metadata, status }: CronJob,
  runs: Runs,
  given: { nowMs: number; sinceMs?: number },
): Recent {
  const { nowMs, sinceMs = -Infinity } = given;
  const next = (afterMs: number) => nextRun(runs.times, afterMs, runs.zone);
  const lastMs = Date.parse(status?.lastScheduleTime ?? metadata.creationTimestamp ?? '');
  const earliestMs = Math.max(Number.isNaN(lastMs) ? nowMs : lastMs, sinceMs);
  const first = next(earliestMs);
  if (first !== undefined && nowMs < first) return { earliestMs, dueMs: undefined, missed: 'none' };
  const second = first === undefined ? undefined : next(first);
  if (first === undefined || second === undefined)
    throw new InvalidScheduleError('time difference between two schedules is less than 1 second');
  if (nowMs < second) return { earliestMs, dueMs: first, missed: 'none' };
  // As many as would fit if all were as far apart as the first two.
  const apartMs = second - first;
  const count = Math.floor((nowMs - first) / apartMs) + 1;
  let dueMs: number | undefined;
  let run = next(first + (count - 2) * apartMs);
  while (run !== undefined && run <= nowMs) {
    dueMs = run;
    run = next(run);
  }
  return { earliestMs, dueMs, missed: count > missedMax ? 'many' : 'few' };
}

/** The run to start now, and whether so many were missed before it that someone should know. Throws `InvalidScheduleError`. */
export function dueRun(
  cronJob: CronJob,
  runs: Runs,
  nowMs: number,
): { dueMs: number; isTooMany: boolean } | undefined {
  const deadlineSeconds = cronJob.spec?.startingDeadlineSeconds;
  const sinceMs = deadlineSeconds === undefined ? undefined : nowMs - deadlineSeconds * 1000;
  const { dueMs, missed } = recentRun(cronJob, runs, { nowMs, sinceMs });
  return dueMs === undefined ? undefined : { dueMs, isTooMany: missed === 'many' };
}

/** How long until the next run that is not due yet; undefined where there is none. */
export function untilNextRun(cronJob: CronJob, runs: Runs, nowMs: number): number | undefined {
  const next = nextRun(runs.times, lastKnown(cronJob, runs, nowMs), runs.zone);
  return next === undefined ? undefined : Math.max(1, next + paddingMs - nowMs);
}

function lastKnown(cronJob: CronJob, runs: Runs, nowMs: number): number {
  try {
    const { earliestMs, dueMs, missed } = recentRun(cronJob, runs, { nowMs });
    return dueMs ?? (missed === 'none' ? earliestMs : nowMs);
  } catch (error) {
    if (error instanceof InvalidScheduleError) return nowMs;
    throw error;
  }
}
