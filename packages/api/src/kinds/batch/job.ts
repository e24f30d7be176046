import { setPodTemplateDefaults } from '#defaults/pod-spec.ts';
import { ageText, humanDuration } from '#duration.ts';
import type { CronJob, Job, JobSpec } from '#types.generated.ts';
import { cronJobWarnings, validateCronJob, validateCronJobUpdate } from '#validation/batch/cron-job.ts';
import { validateJobStatus } from '#validation/batch/job-status.ts';
import { validateJob, validateJobUpdate } from '#validation/batch/job.ts';
import { sameJson } from '#validation/faults.ts';
import { nameWarnings, templateWarnings } from '#validation/pod/pod-warnings.ts';
import { behaviour } from '#kinds/behaviour.ts';
import { ageColumn, column, containerColumns, nameColumn, selectorText } from '#kinds/columns.ts';

const maxInt32 = 2 ** 31 - 1;

function has(job: Job, type: string): boolean {
  return (
    job.status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') ??
    false
  );
}

function statusText(job: Job): string {
  if (has(job, 'Complete')) return 'Complete';
  if (has(job, 'Failed')) return 'Failed';
  if (job.metadata.deletionTimestamp) return 'Terminating';
  return ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'].find((type) => has(job, type)) ?? 'Running';
}

function completionsText({ spec, status }: Job): string {
  const succeeded = status?.succeeded ?? 0;
  if (spec?.completions !== undefined) return `${succeeded}/${spec.completions}`;
  const parallelism = spec?.parallelism ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function durationText({ status }: Job, nowMs: number): string {
  if (!status?.startTime) return '';
  const end = status.completionTime ? Date.parse(status.completionTime) : nowMs;
  return humanDuration(end - Date.parse(status.startTime));
}

const labels = {
  uid: 'batch.kubernetes.io/controller-uid',
  name: 'batch.kubernetes.io/job-name',
  oldUid: 'controller-uid',
  oldName: 'job-name',
};

/**
 * Unless it is told to leave that to its author, a new Job selects by its uid, and labels its pods with it. Whoever replaces
 * a Job must send both again. A Job without labels has those of its pods, these too.
 */
function generateSelector(job: Job): void {
  const { spec } = job;
  const { uid, name } = job.metadata ?? {};
  if (!spec || spec.manualSelector || !uid) return;
  const template = (spec.template ??= {});
  const meta = (template.metadata ??= {});
  // The same object, not an equal one: labels that an author gave stay what they are.
  const isLabelledByPods = meta.labels !== undefined && job.metadata.labels === meta.labels;
  meta.labels = {
    ...(name ? { [labels.oldName]: name, [labels.name]: name } : {}),
    [labels.oldUid]: uid,
    [labels.uid]: uid,
    ...meta.labels,
  };
  if (isLabelledByPods) job.metadata.labels = { ...meta.labels };
  spec.selector = {
    ...spec.selector,
    matchLabels: { [labels.uid]: uid, ...spec.selector?.matchLabels },
  };
}

function setJobSpecDefaults(spec: JobSpec): void {
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex !== undefined ? maxInt32 : 6;
  spec.completionMode ??= 'NonIndexed';
  spec.suspend ??= false;
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed';
  spec.manualSelector ??= false;
  for (const rule of spec.podFailurePolicy?.rules ?? [])
    for (const pattern of rule.onPodConditions ?? []) pattern.status ||= 'True';
  setPodTemplateDefaults(spec.template);
}

const completionsShared = 100_000;
const parallelismShared = 10_000;

function jobWarnings<T extends Job | CronJob>(
  object: T,
  old: T | undefined,
  specOf: (object: T) => JobSpec | undefined,
  path: string,
): string[] {
  if (old && sameJson(object.spec, old.spec)) return [];
  const { completionMode, completions = 0, parallelism = 0, template } = specOf(object) ?? {};
  const many =
    completionMode === 'Indexed' && completions > completionsShared && parallelism > parallelismShared;
  return [
    ...(old ? [] : nameWarnings(object.metadata.name)),
    ...(many
      ? [
          `${path}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail`,
        ]
      : []),
    ...templateWarnings(template, `${path}.template`),
  ];
}

export const jobBehaviour = behaviour<Job>({
  podOf: ({ spec }) => spec?.template?.spec,
  metaTold: 'twice',
  columns: [
    nameColumn,
    column<Job>('Status', statusText),
    column<Job>('Completions', completionsText),
    column<Job>('Duration', durationText),
    ageColumn,
    ...containerColumns<Job>(({ spec }) => spec?.template?.spec?.containers),
    column<Job>('Selector', ({ spec }) => selectorText(spec?.selector), { wide: true }),
  ],
  strategy: {
    setDefaults(job) {
      job.status ??= {};
      if (!job.spec) return;
      setJobSpecDefaults(job.spec);
      const own = job.spec.template?.metadata?.labels;
      if (own && Object.keys(job.metadata.labels ?? {}).length === 0) job.metadata.labels = own;
    },
    prepareForCreate(job) {
      job.status = {};
      generateSelector(job);
    },
    validate: validateJob,
    validateUpdate: validateJobUpdate,
    validateStatus: validateJobStatus,
    warnings: (next, old) => jobWarnings(next, old, ({ spec }) => spec, 'spec'),
    fieldValue: ({ status }, field) =>
      field === 'status.successful' ? String(status?.succeeded ?? 0) : undefined,
  },
});

export const cronJobBehaviour = behaviour<CronJob>({
  podOf: ({ spec }) => spec?.jobTemplate?.spec?.template?.spec,
  columns: [
    nameColumn,
    column<CronJob>('Schedule', ({ spec }) => spec?.schedule),
    column<CronJob>('Timezone', ({ spec }) => spec?.timeZone ?? '<none>'),
    column<CronJob>(
      'Suspend',
      ({ spec }) => (spec?.suspend === undefined ? '<unset>' : spec.suspend ? 'True' : 'False'),
      {
        type: 'boolean',
      },
    ),
    column<CronJob>('Active', ({ status }) => status?.active?.length ?? 0, { type: 'integer' }),
    column<CronJob>('Last Schedule', ({ status }, nowMs) =>
      status?.lastScheduleTime ? ageText(status.lastScheduleTime, nowMs) : '<none>',
    ),
    ageColumn,
    ...containerColumns<CronJob>(({ spec }) => spec?.jobTemplate?.spec?.template?.spec?.containers),
    column<CronJob>('Selector', ({ spec }) => selectorText(spec?.jobTemplate?.spec?.selector), {
      wide: true,
    }),
  ],
  strategy: {
    setDefaults(cronJob) {
      cronJob.status ??= {};
      const { spec } = cronJob;
      if (!spec) return;
      spec.concurrencyPolicy ||= 'Allow';
      spec.suspend ??= false;
      spec.successfulJobsHistoryLimit ??= 3;
      spec.failedJobsHistoryLimit ??= 1;
      setPodTemplateDefaults(spec.jobTemplate?.spec?.template);
    },
    validate: validateCronJob,
    validateUpdate: validateCronJobUpdate,
    warnings: (next, old) => [
      ...jobWarnings(next, old, ({ spec }) => spec?.jobTemplate?.spec, 'spec.jobTemplate.spec'),
      ...cronJobWarnings(next),
    ],
  },
});
