import type { FieldError } from '#status.ts';
import type { CronJob, CronJobSpec } from '#types.generated.ts';
import { checkChoice, checkNotNegative, invalidValue, notSupported, required } from '#validation/faults.ts';
import { inOrder } from '#validation/apps/template.ts';
import { mayBeZone, scheduleFault, zoneFault } from '#cron/cron-schedule.ts';
import { checkJobSpec } from '#validation/batch/job.ts';

/** The Job's name has the time behind it, and its pods' names have more. */
const nameLengthMax = 52;
const concurrencyPolicies = ['Allow', 'Forbid', 'Replace'];

export function validateCronJob({ metadata, spec }: CronJob): FieldError[] {
  const faults: FieldError[] = [];
  checkSpec(faults, spec ?? {}, undefined);
  if ((metadata.name ?? '').length > nameLengthMax)
    faults.push(
      invalidValue('metadata.name', metadata.name, `must be no more than ${nameLengthMax} characters`),
    );
  return faults;
}

export function validateCronJobUpdate(next: CronJob, old: CronJob): FieldError[] {
  const faults: FieldError[] = [];
  checkSpec(faults, next.spec ?? {}, old.spec);
  return faults;
}

function checkSpec(faults: FieldError[], spec: Partial<CronJobSpec>, old: CronJobSpec | undefined): void {
  checkSchedule(faults, spec, old);
  checkNotNegative(faults, 'spec.startingDeadlineSeconds', spec.startingDeadlineSeconds);
  if (spec.timeZone !== undefined && spec.timeZone !== old?.timeZone) checkTimeZone(faults, spec.timeZone);
  checkChoice(faults, 'spec.concurrencyPolicy', spec.concurrencyPolicy, concurrencyPolicies);
  const job = spec.jobTemplate?.spec;
  const path = 'spec.jobTemplate.spec';
  checkJobSpec(faults, job ?? {}, path, old?.jobTemplate?.spec);
  if (job?.selector)
    faults.push(invalidValue(`${path}.selector`, inOrder(job.selector), '`selector` will be auto-generated'));
  if (job?.manualSelector) faults.push(notSupported(`${path}.manualSelector`, true, ['nil', 'false']));
  checkNotNegative(faults, 'spec.successfulJobsHistoryLimit', spec.successfulJobsHistoryLimit);
  checkNotNegative(faults, 'spec.failedJobsHistoryLimit', spec.failedJobsHistoryLimit);
}

function checkSchedule(
  faults: FieldError[],
  { schedule = '', timeZone }: Partial<CronJobSpec>,
  old: CronJobSpec | undefined,
): void {
  const path = 'spec.schedule';
  if (!schedule) {
    faults.push(required(path));
    return;
  }
  const why = scheduleFault(schedule);
  if (why !== undefined) faults.push(invalidValue(path, schedule, why));
  if (!schedule.includes('TZ')) return;
  if (!old?.schedule.includes('TZ'))
    faults.push(
      invalidValue(path, schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'),
    );
  else if (timeZone !== undefined)
    faults.push(invalidValue(path, schedule, 'cannot use both timeZone field and TZ or CRON_TZ in schedule'));
}

function checkTimeZone(faults: FieldError[], name: string): void {
  const path = 'spec.timeZone';
  if (name === '') faults.push(invalidValue(path, name, 'timeZone must be nil or non-empty string'));
  else if (!mayBeZone(name)) faults.push(invalidValue(path, name, `unknown time zone ${name}`));
  else {
    if (name.toLowerCase() === 'local')
      faults.push(
        invalidValue(
          path,
          name,
          'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones',
        ),
      );
    const why = zoneFault(name);
    if (why !== undefined) faults.push(invalidValue(path, name, why));
  }
}

/** Of schedules from before `timeZone`, which may stay. The field's path is that of the stock server. */
export function cronJobWarnings({ spec }: CronJob): string[] {
  return spec?.schedule.includes('TZ')
    ? [
        'cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details',
      ]
    : [];
}
