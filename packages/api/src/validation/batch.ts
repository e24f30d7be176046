import type { FieldError } from '#status.ts';
import type { CronJob, Job, JobSpec } from '#types.generated.ts';
import { immutable, invalidValue, notSupported, required, sameJson } from '#validation/faults.ts';
import { validatePodTemplate } from '#validation/pod-spec.ts';

const cronJobNameLengthMax = 52;
const jobRestartPolicies = ['OnFailure', 'Never'];
const concurrencyPolicies = ['Allow', 'Forbid', 'Replace'];

function validateJobSpec(spec: JobSpec | undefined, path: string): FieldError[] {
  if (!spec) return [required(path)];
  const faults = validatePodTemplate(spec.template, `${path}.template`);
  for (const field of [
    'parallelism',
    'completions',
    'activeDeadlineSeconds',
    'backoffLimit',
    'ttlSecondsAfterFinished',
    'backoffLimitPerIndex',
    'maxFailedIndexes',
  ] as const) {
    const value = spec[field];
    if (value !== undefined && value < 0)
      faults.push(invalidValue(`${path}.${field}`, value, 'must be greater than or equal to 0'));
  }
  const policy = spec.template?.spec?.restartPolicy;
  // The default of pods would restart what has finished.
  if (policy === undefined || policy === 'Always')
    faults.push(
      policy === undefined
        ? required(`${path}.template.spec.restartPolicy`, 'valid values: "OnFailure", "Never"')
        : notSupported(`${path}.template.spec.restartPolicy`, policy, jobRestartPolicies),
    );
  if (spec.podFailurePolicy && policy !== 'Never')
    faults.push(
      invalidValue(
        `${path}.template.spec.restartPolicy`,
        policy,
        'only "Never" is supported when podFailurePolicy is specified',
      ),
    );
  if (spec.completionMode !== undefined && !['Indexed', 'NonIndexed'].includes(spec.completionMode))
    faults.push(notSupported(`${path}.completionMode`, spec.completionMode, ['Indexed', 'NonIndexed']));
  if (spec.completionMode === 'Indexed' && spec.completions === undefined)
    faults.push(required(`${path}.completions`, 'when completion mode is Indexed'));
  return faults;
}

export function validateJob(job: Job): FieldError[] {
  const faults = validateJobSpec(job.spec, 'spec');
  if (!job.spec?.selector) faults.push(required('spec.selector'));
  return faults;
}

/** The template may change only while the Job is suspended and nothing of it has run. */
export function validateJobUpdate(next: Job, old: Job): FieldError[] {
  const startable = old.spec?.suspend === true && !old.status?.startTime;
  const faults = [
    ...immutable('spec.selector', next.spec?.selector, old.spec?.selector),
    ...immutable('spec.completionMode', next.spec?.completionMode, old.spec?.completionMode),
    ...immutable('spec.podFailurePolicy', next.spec?.podFailurePolicy, old.spec?.podFailurePolicy),
    ...immutable(
      'spec.backoffLimitPerIndex',
      next.spec?.backoffLimitPerIndex,
      old.spec?.backoffLimitPerIndex,
    ),
    ...immutable('spec.managedBy', next.spec?.managedBy, old.spec?.managedBy),
    ...immutable('spec.successPolicy', next.spec?.successPolicy, old.spec?.successPolicy),
  ];
  // Elastic indexed jobs scale both numbers together.
  const elastic = next.spec?.completionMode === 'Indexed' && next.spec.completions === next.spec.parallelism;
  if (!elastic) faults.push(...immutable('spec.completions', next.spec?.completions, old.spec?.completions));
  if (!startable && !sameJson(next.spec?.template, old.spec?.template))
    faults.push(invalidValue('spec.template', next.spec?.template, 'field is immutable'));
  return faults;
}

export function validateCronJob({ metadata, spec }: CronJob): FieldError[] {
  if (!spec) return [required('spec.schedule'), required('spec.jobTemplate')];
  const faults = validateJobSpec(spec.jobTemplate?.spec, 'spec.jobTemplate.spec');
  if ((metadata.name ?? '').length > cronJobNameLengthMax)
    faults.push(
      invalidValue('metadata.name', metadata.name, `must be no more than ${cronJobNameLengthMax} characters`),
    );
  if (!spec.schedule) faults.push(required('spec.schedule'));
  else {
    const why = scheduleFault(spec.schedule);
    if (why !== undefined) faults.push(invalidValue('spec.schedule', spec.schedule, why));
    if (spec.schedule.includes('TZ'))
      faults.push(
        invalidValue(
          'spec.schedule',
          spec.schedule,
          'cannot use TZ or CRON_TZ in schedule, use timeZone field instead',
        ),
      );
  }
  if (spec.timeZone !== undefined && !isTimeZone(spec.timeZone))
    faults.push(invalidValue('spec.timeZone', spec.timeZone, 'unknown time zone ' + spec.timeZone));
  if (spec.concurrencyPolicy && !concurrencyPolicies.includes(spec.concurrencyPolicy))
    faults.push(notSupported('spec.concurrencyPolicy', spec.concurrencyPolicy, concurrencyPolicies));
  for (const field of [
    'startingDeadlineSeconds',
    'successfulJobsHistoryLimit',
    'failedJobsHistoryLimit',
  ] as const) {
    const value = spec[field];
    if (value !== undefined && value < 0)
      faults.push(invalidValue(`spec.${field}`, value, 'must be greater than or equal to 0'));
  }
  return faults;
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

const macros = new Set(['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly']);
const bounds = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 6],
] as const;
const monthNames = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const dayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/** Why a text is no cron schedule of five fields; undefined when it is one. */
function scheduleFault(schedule: string): string | undefined {
  const text = schedule.replace(/^(CRON_)?TZ=\S+\s+/, '').trim();
  if (text.startsWith('@'))
    return macros.has(text) || /^@every \d/.test(text) ? undefined : `unrecognized descriptor: ${text}`;
  const fields = text.split(/\s+/);
  if (fields.length !== bounds.length)
    return `expected exactly ${bounds.length} fields, found ${fields.length}: [${fields.join(' ')}]`;
  for (const [index, field] of fields.entries()) {
    const why = fieldFault(field, index);
    if (why !== undefined) return why;
  }
  return undefined;
}

function fieldFault(field: string, index: number): string | undefined {
  const [low, high] = bounds[index] ?? [0, 0];
  for (const part of field.split(',')) {
    const [range = '', step, ...more] = part.split('/');
    if (more.length > 0) return `too many slashes: ${part}`;
    if (step !== undefined && !(Number(step) > 0))
      return `step of range should be a positive number: ${part}`;
    if (range === '*' || range === '?') continue;
    const ends = range.split('-');
    if (ends.length > 2) return `too many hyphens: ${part}`;
    const numbers = ends.map((end) => valueOf(end, index));
    const bad = ends.find((_, position) => Number.isNaN(numbers[position]));
    if (bad !== undefined)
      return `failed to parse int from ${bad}: strconv.Atoi: parsing "${bad}": invalid syntax`;
    const [start = 0, end = start] = numbers;
    if (start < low) return `beginning of range (${start}) below minimum (${low}): ${part}`;
    if (end > high) return `end of range (${end}) above maximum (${high}): ${part}`;
    if (start > end) return `beginning of range (${start}) beyond end of range (${end}): ${part}`;
  }
  return undefined;
}

function valueOf(text: string, index: number): number {
  if (/^\d+$/.test(text)) return Number(text);
  const lower = text.toLowerCase();
  if (index === 3 && monthNames.includes(lower)) return monthNames.indexOf(lower) + 1;
  if (index === 4 && dayNames.includes(lower)) return dayNames.indexOf(lower);
  return Number.NaN;
}
