/** Numbers of Jobs under the names of stock clusters. */
import type { Job, JobStatus, Pod } from '@skerry/api';
import type { Metrics } from '#runtime/metrics.ts';
import { exponential } from '#runtime/numbers.ts';
import { isFinished } from '#runtime/pods.ts';
import { hasLimitPerIndex } from '#batch/job/index-failures.ts';
import { parseIndexes } from '#batch/job/indexes.ts';
import { isIndexed, isTracked, replacesOnlyFailed } from '#batch/job/job-pod.ts';
import { conditionIs } from '#batch/job/outcome.ts';

export type JobAction = 'reconciling' | 'tracking' | 'pods_created' | 'pods_deleted';

export type JobNumbers = ReturnType<typeof jobNumbers>;

export function jobNumbers(metrics: Metrics) {
  const named = (name: string, help: string, labels: readonly string[]) => ({
    name: `job_controller_${name}`,
    help,
    labels,
  });
  const ofSync = ['completion_mode', 'result', 'action'];
  const syncs = metrics.counter(named('job_syncs_total', 'The number of job syncs', ofSync));
  const syncSeconds = metrics.histogram({
    ...named('job_sync_duration_seconds', 'The time it took to sync a job', ofSync),
    buckets: exponential(0.004, 2, 15),
  });
  const finished = metrics.counter(
    named('jobs_finished_total', 'The number of finished jobs', ['completion_mode', 'result', 'reason']),
  );
  const pods = metrics.counter(
    named('job_pods_finished_total', 'The number of finished Pods that are fully tracked', [
      'completion_mode',
      'result',
    ]),
  );
  const indexes = metrics.counter(
    named('job_finished_indexes_total', 'The number of finished indexes, by how they ended.', [
      'status',
      'backoffLimit',
    ]),
  );
  const byPolicy = metrics.counter(
    named(
      'pod_failures_handled_by_failure_policy_total',
      'The number of failed Pods handled by failure policy, by the action of the rule that matched.',
      ['action'],
    ),
  );
  const tracked = metrics.counter(
    named(
      'terminated_pods_tracking_finalizer_total',
      'The number of terminated pods (phase=Failed|Succeeded) that have the finalizer batch.kubernetes.io/job-tracking. The event label can be "add" or "delete".',
      ['event'],
    ),
  );
  const created = metrics.counter(
    named('job_pods_creation_total', 'The number of Pods created, by why and how that ended.', [
      'reason',
      'status',
    ]),
  );
  const external = metrics.counter(
    named('jobs_by_external_controller_total', 'The number of Jobs managed by an external controller', [
      'controller_name',
    ]),
  );
  return {
    synced(job: Job, { result, action, seconds }: { result: string; action: JobAction; seconds: number }) {
      syncs.with(modeOf(job), result, action).add();
      syncSeconds.with(modeOf(job), result, action).observe(seconds);
    },
    /** A status was written over another. */
    written(job: Job, status: JobStatus) {
      const before = job.status ?? {};
      const more = (read: (of: JobStatus) => number) => Math.max(0, read(status) - read(before));
      const indexesIn = (text: string | undefined) => parseIndexes(text, job.spec?.completions ?? 0).size;
      const succeeded = isIndexed(job)
        ? more(({ completedIndexes }) => indexesIn(completedIndexes))
        : more((of) => of.succeeded ?? 0);
      pods.with(modeOf(job), 'succeeded').add(succeeded);
      pods.with(modeOf(job), 'failed').add(more((of) => of.failed ?? 0));
      if (isIndexed(job)) {
        const limit = hasLimitPerIndex(job) ? 'perIndex' : 'global';
        indexes.with('succeeded', limit).add(succeeded);
        indexes.with('failed', limit).add(more(({ failedIndexes }) => indexesIn(failedIndexes)));
      }
      for (const [type, result] of Object.entries({ Complete: 'succeeded', Failed: 'failed' })) {
        const ended = conditionIs({ ...job, status }, type);
        if (ended && !conditionIs(job, type)) finished.with(modeOf(job), result, ended.reason ?? '').add();
      }
    },
    handledByPolicy: (action: string) => byPolicy.with(action).add(),
    /** A pod that has ended, and what keeps it until it is counted. */
    followed(pod: Pod | undefined, old: Pod | undefined) {
      const isHeld = (one: Pod | undefined) => one !== undefined && isFinished(one) && isTracked(one);
      if (isHeld(pod) !== isHeld(old)) tracked.with(isHeld(pod) ? 'add' : 'delete').add();
    },
    /** `again`: others failed before, or are on their way out. */
    podMade(job: Job, { again, status }: { again: boolean; status: 'succeeded' | 'failed' }) {
      const recreated = replacesOnlyFailed(job) ? 'recreate_failed' : 'recreate_terminating_or_failed';
      created.with(again ? recreated : 'new', status).add();
    },
    managedElsewhere: (controller: string) => external.with(controller).add(),
  };
}

/** From the end of its time to live to the deletion of a Job. */
export function expiryNumbers(metrics: Metrics) {
  return metrics
    .histogram({
      name: 'ttl_after_finished_controller_job_deletion_duration_seconds',
      help: 'The time it took to delete the job since it became eligible for deletion',
      buckets: exponential(0.1, 2, 14),
    })
    .with();
}

function modeOf({ spec }: Job): string {
  return spec?.completionMode ?? 'NonIndexed';
}
