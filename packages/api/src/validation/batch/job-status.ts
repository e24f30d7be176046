/** What the Job controller reports: counts that only grow, and conditions that only come. */
import type { FieldError } from '#status.ts';
import type { Job, JobStatus } from '#types.generated.ts';
import { checkNotNegative, duplicateValue, invalidValue, required, sameJson } from '#validation/faults.ts';
import { countIndexes, overlapOf } from '#validation/batch/indexes.ts';
import { withoutValue } from '#validation/batch/job.ts';

type ConditionType = 'Complete' | 'Failed' | 'FailureTarget' | 'SuccessCriteriaMet' | 'Suspended';

function has(job: Job, type: ConditionType, value = 'True'): boolean {
  return job.status?.conditions?.some((one) => one.type === type && one.status === value) ?? false;
}

/** What of the status a change touches: rules about it hold only then. */
function changesOf(job: Job, old: Job) {
  const status = job.status ?? {};
  const before = old.status ?? {};
  const field = (name: keyof JobStatus): boolean => !sameJson(status[name], before[name]);
  const condition = (type: ConditionType): boolean => has(job, type) !== has(old, type);
  const finished = (one: Job): boolean => has(one, 'Complete') || has(one, 'Failed');
  return { field, condition, finished: finished(job) !== finished(old), isFinished: finished(job) };
}

export function validateJobStatus(job: Job, old: Job): FieldError[] {
  const faults: FieldError[] = [];
  const { status = {} } = job;
  checkNotNegative(faults, 'status.active', status.active);
  checkNotNegative(faults, 'status.succeeded', status.succeeded);
  checkNotNegative(faults, 'status.failed', status.failed);
  checkNotNegative(faults, 'status.ready', status.ready);
  checkNotNegative(faults, 'status.terminating', status.terminating);
  checkUncounted(faults, status);
  checkEnd(faults, job, old);
  checkFinished(faults, job, old);
  checkIndexes(faults, job, old);
  checkPodCounts(faults, job, old);
  checkSuccess(faults, job);
  checkKept(faults, job, old);
  return faults;
}

function checkUncounted(faults: FieldError[], { uncountedTerminatedPods: uncounted }: JobStatus): void {
  const seen = new Set<string>();
  for (const list of ['succeeded', 'failed'] as const)
    for (const [index, uid] of (uncounted?.[list] ?? []).entries()) {
      const at = `status.uncountedTerminatedPods.${list}[${index}]`;
      if (uid === '') faults.push(invalidValue(at, uid, 'must not be empty'));
      else if (seen.has(uid)) faults.push(duplicateValue(at, uid));
      seen.add(uid);
    }
}

function conditionsFault(why: string): FieldError {
  return withoutValue('status.conditions', why);
}

function checkEnd(faults: FieldError[], job: Job, old: Job): void {
  const changes = changesOf(job, old);
  const { completionTime, startTime } = job.status ?? {};
  const complete = has(job, 'Complete');
  const at = 'status.completionTime';
  if ((changes.condition('Complete') || changes.condition('Failed')) && complete && has(job, 'Failed'))
    faults.push(conditionsFault('cannot set Complete=True and Failed=true conditions'));
  if (
    (changes.condition('Complete') || changes.condition('FailureTarget')) &&
    complete &&
    has(job, 'FailureTarget')
  )
    faults.push(conditionsFault('cannot set Complete=True and FailureTarget=true conditions'));
  if (changes.condition('Complete') || changes.field('completionTime')) {
    if (completionTime && !complete)
      faults.push(
        invalidValue(
          at,
          completionTime,
          'cannot set completionTime when there is no Complete=True condition',
        ),
      );
    if (!completionTime && complete)
      faults.push(required(at, 'completionTime is required for Complete jobs'));
  }
  if (changes.field('startTime') || changes.field('completionTime'))
    if (startTime && completionTime && Date.parse(completionTime) < Date.parse(startTime))
      faults.push(invalidValue(at, completionTime, 'must be equal to or after `startTime`'));
}

function checkFinished(faults: FieldError[], job: Job, old: Job): void {
  const changes = changesOf(job, old);
  const { spec, status = {} } = job;
  const { isFinished } = changes;
  if (changes.condition('Failed') || changes.field('failedIndexes'))
    if (has(job, 'Failed') && !has(job, 'FailureTarget'))
      faults.push(
        conditionsFault('cannot set Failed=True condition without the FailureTarget=true condition'),
      );
  if (changes.condition('Complete') || changes.condition('SuccessCriteriaMet'))
    if (has(job, 'Complete') && !has(job, 'SuccessCriteriaMet'))
      faults.push(
        conditionsFault('cannot set Complete=True condition without the SuccessCriteriaMet=true condition'),
      );
  if ((changes.finished || changes.field('active')) && (status.active ?? 0) > 0 && isFinished)
    faults.push(invalidValue('status.active', status.active, 'active>0 is invalid for finished job'));
  const idle = spec?.suspend === true && spec.completions === 0;
  if ((changes.finished || changes.field('startTime')) && !idle && !status.startTime && isFinished)
    faults.push(required('status.startTime', 'startTime is required for finished job'));
  const uncounted = status.uncountedTerminatedPods;
  const left = (uncounted?.failed?.length ?? 0) + (uncounted?.succeeded?.length ?? 0);
  if ((changes.finished || changes.field('uncountedTerminatedPods')) && isFinished && left > 0)
    faults.push(
      invalidValue(
        'status.uncountedTerminatedPods',
        { Succeeded: uncounted?.succeeded ?? null, Failed: uncounted?.failed ?? null },
        'must be empty for finished job',
      ),
    );
}

function checkIndexes(faults: FieldError[], job: Job, old: Job): void {
  const changes = changesOf(job, old);
  const { spec, status = {} } = job;
  const { completedIndexes = '', failedIndexes } = status;
  const completions = spec?.completions;
  const completedChanged = changes.field('completedIndexes');
  const failedChanged = changes.field('failedIndexes');
  const check = (field: 'completedIndexes' | 'failedIndexes', text: string): void => {
    const counted = countIndexes(text, completions ?? 0);
    if (typeof counted === 'string')
      faults.push(invalidValue(`status.${field}`, text, `error parsing ${field}: ${counted}`));
  };
  if (completedChanged && completions !== undefined) check('completedIndexes', completedIndexes);
  if (
    failedChanged &&
    completions !== undefined &&
    spec?.backoffLimitPerIndex !== undefined &&
    failedIndexes !== undefined
  )
    check('failedIndexes', failedIndexes);
  if (completedChanged && completedIndexes !== '' && spec?.completionMode !== 'Indexed')
    faults.push(
      invalidValue(
        'status.completedIndexes',
        completedIndexes,
        'cannot set non-empty completedIndexes when non-indexed completion mode',
      ),
    );
  if (failedIndexes === undefined) return;
  if (failedChanged && spec?.backoffLimitPerIndex === undefined)
    faults.push(
      invalidValue(
        'status.failedIndexes',
        failedIndexes,
        'cannot set non-null failedIndexes when backoffLimitPerIndex is null',
      ),
    );
  if ((failedChanged || completedChanged) && completions !== undefined) {
    const overlap = overlapOf(completedIndexes, failedIndexes, completions);
    if (overlap !== undefined)
      faults.push(
        invalidValue(
          'status.failedIndexes',
          failedIndexes,
          `failedIndexes and completedIndexes overlap at index: ${overlap}`,
        ),
      );
  }
}

function checkPodCounts(faults: FieldError[], job: Job, old: Job): void {
  const changes = changesOf(job, old);
  const { terminating = 0, ready = 0, active = 0 } = job.status ?? {};
  if ((changes.finished || changes.field('terminating')) && terminating > 0 && changes.isFinished)
    faults.push(invalidValue('status.terminating', terminating, 'terminating>0 is invalid for finished job'));
  if ((changes.field('ready') || changes.field('active')) && ready > active)
    faults.push(invalidValue('status.ready', ready, 'cannot set more ready pods than active'));
}

function checkSuccess(faults: FieldError[], job: Job): void {
  const met = has(job, 'SuccessCriteriaMet');
  if (met && has(job, 'Failed'))
    faults.push(conditionsFault('cannot set SuccessCriteriaMet=True and Failed=true conditions'));
  if (met && has(job, 'FailureTarget'))
    faults.push(conditionsFault('cannot set SuccessCriteriaMet=True and FailureTarget=true conditions'));
  if (job.spec?.successPolicy && !met && has(job, 'Complete'))
    faults.push(
      conditionsFault('cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True'),
    );
}

function checkKept(faults: FieldError[], job: Job, old: Job): void {
  const { spec, status = {} } = job;
  const before = old.status ?? {};
  for (const type of ['Failed', 'Complete', 'FailureTarget'] as const)
    if (has(old, type) && !has(job, type))
      faults.push(conditionsFault(`cannot disable the terminal ${type}=True condition`));
  const elastic = spec?.completionMode === 'Indexed' && spec.completions === spec.parallelism;
  for (const field of ['failed', 'succeeded'] as const) {
    if (field === 'succeeded' && elastic) continue;
    const value = status[field] ?? 0;
    if (value < (before[field] ?? 0))
      faults.push(invalidValue(`status.${field}`, value, `cannot decrease the ${field} counter`));
  }
  const { completionTime, startTime } = status;
  if (completionTime && before.completionTime && completionTime !== before.completionTime)
    faults.push(invalidValue('status.completionTime', completionTime, 'field is immutable'));
  const resuming = has(old, 'Suspended') && has(job, 'Suspended', 'False');
  if (before.startTime && before.startTime !== startTime && !resuming && !spec?.suspend)
    faults.push(
      invalidValue('status.startTime', startTime ?? null, 'field is immutable for unsuspended job once set'),
    );
  const met = has(job, 'SuccessCriteriaMet');
  const wasMet = has(old, 'SuccessCriteriaMet');
  if (wasMet && !met) faults.push(conditionsFault('cannot disable the SuccessCriteriaMet=True condition'));
  if (has(old, 'Complete') && !wasMet && met)
    faults.push(
      conditionsFault('cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions'),
    );
}
