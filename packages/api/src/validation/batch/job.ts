/**
 * Jobs: how often and for how long they try, what counts as failure and success, and what of them may change.
 * Rules: https://kubernetes.io/docs/concepts/workloads/controllers/job/
 */
import { labelKeyFaults } from '#selector.ts';
import type { FieldError } from '#status.ts';
import type {
  Job,
  JobSpec,
  PodFailurePolicyRule,
  PodSpec,
  PodTemplateSpec,
  SuccessPolicyRule,
} from '#types.generated.ts';
import {
  checkNotNegative,
  checkReasons,
  duplicateValue,
  invalidValue,
  notSupported,
  required,
  sameJson,
  tooLong,
  tooMany,
} from '#validation/faults.ts';
import { checkLabelSelector } from '#validation/label-selector.ts';
import { dnsLabelFaults, dnsSubdomainFaults, httpPathFaults } from '#validation/names.ts';
import { checkPodTemplate } from '#validation/pod/pod-spec.ts';
import { checkSelectorKept, inOrder, mismatch, selects, sortedMap } from '#validation/apps/template.ts';
import { countIndexes } from '#validation/batch/indexes.ts';
import { typedForm } from '#validation/typed-form.ts';

const indexedPodsMax = 100_000;
const manyCompletions = 100_000;
const podsOfManyMax = 10_000;
const managerLengthMax = 63;

export function validateJob(job: Job): FieldError[] {
  const faults: FieldError[] = [];
  checkJob(faults, job, { labels: labelNames });
  return faults;
}

interface JobOptions {
  /** Labels that the template must have where the selector is generated. */
  readonly labels: readonly GeneratedLabel[];
  readonly old?: Job;
}

function checkJob(faults: FieldError[], job: Job, options: JobOptions): void {
  const spec = job.spec ?? ({} as Partial<JobSpec>);
  checkGenerated(faults, job, options.labels);
  checkWholeSpec(faults, spec, options.old?.spec);
  if (spec.completionMode === 'Indexed' && (spec.completions ?? 0) > 0) {
    const name = job.metadata.name ?? '';
    const host = `${name}-${(spec.completions ?? 0) - 1}`;
    if (dnsLabelFaults(host).length > 0)
      faults.push(
        invalidValue('metadata.name', name, `will not able to create pod with invalid DNS label: ${host}`),
      );
  }
}

function checkWholeSpec(faults: FieldError[], spec: Partial<JobSpec>, old: JobSpec | undefined): void {
  checkJobSpec(faults, spec, 'spec', old);
  if (!spec.selector) faults.push(required('spec.selector'));
  else checkLabelSelector(faults, spec.selector, 'spec.selector');
  if (selects(spec.selector, spec.template) === false) faults.push(mismatch(spec.template));
}

interface GeneratedLabel {
  readonly key: string;
  readonly of: 'uid' | 'name';
}

/** In the order in which they are told. */
const labelNames: readonly GeneratedLabel[] = [
  { key: 'controller-uid', of: 'uid' },
  { key: 'job-name', of: 'name' },
  { key: 'batch.kubernetes.io/controller-uid', of: 'uid' },
  { key: 'batch.kubernetes.io/job-name', of: 'name' },
];

function checkGenerated(
  faults: FieldError[],
  { metadata, spec }: Job,
  names: readonly GeneratedLabel[],
): void {
  if (!spec || spec.manualSelector || !spec.selector) return;
  const own = spec.template?.metadata?.labels;
  const expected: Record<string, string> = {};
  for (const { key, of } of names) {
    const value = metadata[of] ?? '';
    const at = `spec.template.metadata.labels[${key}]`;
    expected[key] = value;
    if ((own?.[key] ?? '') === '' && value !== '') faults.push(required(at, `must be '${value}'`));
    else if ((own?.[key] ?? '') !== value)
      faults.push(invalidValue(at, sortedMap(own), `must be '${value}'`));
  }
  if (selects(spec.selector, { metadata: { labels: expected } }) === false)
    faults.push(invalidValue('spec.selector', inOrder(spec.selector), '`selector` not auto-generated'));
}

/** Of a Job or of the template of one. */
export function checkJobSpec(
  faults: FieldError[],
  spec: Partial<JobSpec>,
  path: string,
  old: JobSpec | undefined,
): void {
  for (const field of [
    'parallelism',
    'completions',
    'activeDeadlineSeconds',
    'backoffLimit',
    'ttlSecondsAfterFinished',
    'backoffLimitPerIndex',
    'maxFailedIndexes',
  ] as const)
    checkNotNegative(faults, `${path}.${field}`, spec[field]);
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined)
    faults.push(required(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified'));
  if (spec.managedBy !== undefined) checkManager(faults, spec.managedBy, `${path}.managedBy`);
  checkCompletionMode(faults, spec, path);
  if (spec.podFailurePolicy) checkFailurePolicy(faults, spec, `${path}.podFailurePolicy`);
  if (spec.successPolicy) checkSuccessPolicy(faults, spec, `${path}.successPolicy`);
  checkReplacement(faults, spec, `${path}.podReplacementPolicy`);
  checkPodTemplate(faults, spec.template ?? {}, `${path}.template`, old?.template);
  checkRestartPolicy(faults, spec, `${path}.template.spec.restartPolicy`);
}

function checkManager(faults: FieldError[], manager: string, path: string): void {
  checkDomainPath(faults, manager, path);
  if (manager.length > managerLengthMax) faults.push(tooLong(path, managerLengthMax));
}

/** `example.com/path` */
export function checkDomainPath(faults: FieldError[], text: string, path: string): void {
  if (!text) {
    faults.push(required(path));
    return;
  }
  const slash = text.indexOf('/');
  const domain = text.slice(0, Math.max(0, slash));
  const rest = text.slice(slash + 1);
  if (slash < 0 || domain === '' || rest === '') {
    faults.push(invalidValue(path, text, 'must be a domain-prefixed path (such as "acme.io/foo")'));
    return;
  }
  checkReasons(faults, path, domain, dnsSubdomainFaults(domain));
  checkReasons(faults, path, rest, httpPathFaults(rest));
}

function checkCompletionMode(faults: FieldError[], spec: Partial<JobSpec>, path: string): void {
  const { completionMode: mode, completions, parallelism, maxFailedIndexes: failedMax } = spec;
  if (mode !== undefined && mode !== 'NonIndexed' && mode !== 'Indexed')
    faults.push(notSupported(`${path}.completionMode`, mode, ['NonIndexed', 'Indexed']));
  if (mode === undefined || mode === 'NonIndexed')
    for (const field of ['backoffLimitPerIndex', 'maxFailedIndexes'] as const)
      if (spec[field] !== undefined)
        faults.push(invalidValue(`${path}.${field}`, spec[field], 'requires indexed completion mode'));
  if (mode !== 'Indexed') return;
  const atMost = (field: 'parallelism' | 'maxFailedIndexes', limit: number, when = ''): void => {
    const value = spec[field];
    if (value !== undefined && value > limit)
      faults.push(invalidValue(`${path}.${field}`, value, `must be less than or equal to ${limit}${when}`));
  };
  if (completions === undefined)
    faults.push(required(`${path}.completions`, 'when completion mode is Indexed'));
  if (parallelism !== undefined) atMost('parallelism', indexedPodsMax, ' when completion mode is Indexed');
  if (completions !== undefined && failedMax !== undefined && failedMax > completions)
    faults.push(
      invalidValue(`${path}.maxFailedIndexes`, failedMax, 'must be less than or equal to completions'),
    );
  atMost('maxFailedIndexes', indexedPodsMax);
  if (completions === undefined || completions <= manyCompletions) return;
  if (spec.backoffLimitPerIndex === undefined) return;
  if (failedMax === undefined)
    faults.push(
      required(`${path}.maxFailedIndexes`, `must be specified when completions is above ${manyCompletions}`),
    );
  const when = ` when completions are above ${manyCompletions} and used with backoff limit per index`;
  atMost('parallelism', podsOfManyMax, when);
  atMost('maxFailedIndexes', podsOfManyMax, when);
}

function checkReplacement(faults: FieldError[], spec: Partial<JobSpec>, path: string): void {
  const policy = spec.podReplacementPolicy;
  const known = spec.podFailurePolicy ? ['Failed'] : ['Failed', 'TerminatingOrFailed'];
  if (policy !== undefined && !known.includes(policy)) faults.push(notSupported(path, policy, known));
}

function checkRestartPolicy(faults: FieldError[], spec: Partial<JobSpec>, path: string): void {
  const policy = spec.template?.spec?.restartPolicy ?? '';
  // The default of pods would restart what has finished.
  if (policy === '' || policy === 'Always') faults.push(required(path, 'valid values: "OnFailure", "Never"'));
  else if (policy !== 'OnFailure' && policy !== 'Never')
    faults.push(notSupported(path, policy, ['OnFailure', 'Never']));
  else if (spec.podFailurePolicy && policy !== 'Never')
    faults.push(invalidValue(path, policy, 'only "Never" is supported when podFailurePolicy is specified'));
}

const rulesMax = 20;
const exitCodesMax = 255;
const patternsMax = 20;
const failureActions = ['Count', 'FailIndex', 'FailJob', 'Ignore'];
const exitCodeOperators = ['In', 'NotIn'];
const conditionStatuses = ['False', 'True', 'Unknown'];

function listed(values: readonly string[]): string {
  return `valid values: [${values.map((value) => JSON.stringify(value)).join(' ')}]`;
}

function checkFailurePolicy(faults: FieldError[], spec: Partial<JobSpec>, path: string): void {
  const rules = spec.podFailurePolicy?.rules ?? [];
  if (rules.length > rulesMax) faults.push(tooMany(`${path}.rules`, rules.length, rulesMax));
  const pod = spec.template?.spec;
  const names = new Set([...(pod?.containers ?? []), ...(pod?.initContainers ?? [])].map(({ name }) => name));
  for (const [index, rule] of rules.entries()) {
    const at = `${path}.rules[${index}]`;
    checkFailureRule(faults, rule, at, { names, perIndex: spec.backoffLimitPerIndex !== undefined });
  }
}

function checkFailureRule(
  faults: FieldError[],
  { action, onExitCodes, onPodConditions = [] }: PodFailurePolicyRule,
  path: string,
  { names, perIndex }: { readonly names: ReadonlySet<string>; readonly perIndex: boolean },
): void {
  const at = `${path}.action`;
  if (!action) faults.push(required(at, listed(failureActions)));
  else if (action === 'FailIndex' && !perIndex)
    faults.push(invalidValue(at, action, 'requires the backoffLimitPerIndex to be set'));
  else if (!failureActions.includes(action)) faults.push(notSupported(at, action, failureActions));
  if (onExitCodes) checkExitCodes(faults, onExitCodes, `${path}.onExitCodes`, names);
  if (onPodConditions.length > patternsMax)
    faults.push(tooMany(`${path}.onPodConditions`, onPodConditions.length, patternsMax));
  for (const [index, { type = '', status = '' }] of onPodConditions.entries()) {
    const here = `${path}.onPodConditions[${index}]`;
    checkReasons(faults, `${here}.type`, type, labelKeyFaults(type));
    if (!status) faults.push(required(`${here}.status`, listed(conditionStatuses)));
    else if (!conditionStatuses.includes(status))
      faults.push(notSupported(`${here}.status`, status, conditionStatuses));
  }
  if (onExitCodes && onPodConditions.length > 0)
    faults.push(withoutValue(path, 'specifying both OnExitCodes and OnPodConditions is not supported'));
  if (!onExitCodes && onPodConditions.length === 0)
    faults.push(withoutValue(path, 'specifying one of OnExitCodes and OnPodConditions is required'));
}

/** `Invalid value: why`, for what is too large to be printed. */
export function withoutValue(path: string, why: string): FieldError {
  return { reason: 'FieldValueInvalid', path, message: `Invalid value: ${why}` };
}

function checkExitCodes(
  faults: FieldError[],
  requirement: NonNullable<PodFailurePolicyRule['onExitCodes']>,
  path: string,
  names: ReadonlySet<string>,
): void {
  const { operator, containerName, values } = requirement;
  if (!operator) faults.push(required(`${path}.operator`, listed(exitCodeOperators)));
  else if (!exitCodeOperators.includes(operator))
    faults.push(notSupported(`${path}.operator`, operator, exitCodeOperators));
  if (containerName !== undefined && !names.has(containerName))
    faults.push(
      invalidValue(
        `${path}.containerName`,
        containerName,
        'must be one of the container or initContainer names in the pod template',
      ),
    );
  if (values.length === 0)
    faults.push(invalidValue(`${path}.values`, values, 'at least one value is required'));
  else if (values.length > exitCodesMax) faults.push(tooMany(`${path}.values`, values.length, exitCodesMax));
  const seen = new Set<number>();
  for (const [index, value] of values.entries()) {
    const at = `${path}.values[${index}]`;
    if (operator === 'In' && value === 0)
      faults.push(invalidValue(at, value, 'must not be 0 for the In operator'));
    if (seen.has(value)) faults.push(duplicateValue(at, value));
    seen.add(value);
  }
  if (values.some((value, index) => index > 0 && values[index - 1]! > value))
    faults.push(invalidValue(`${path}.values`, values, 'must be ordered'));
}

const indexesLengthMax = 64 * 1024;

function checkSuccessPolicy(faults: FieldError[], spec: Partial<JobSpec>, path: string): void {
  if (spec.completionMode !== 'Indexed') {
    const policy = typedForm('batch.SuccessPolicy', spec.successPolicy);
    faults.push(invalidValue(path, policy, 'requires indexed completion mode'));
    return;
  }
  const rules = spec.successPolicy?.rules ?? [];
  if (rules.length === 0)
    faults.push(
      required(`${path}.rules`, 'at least one rules must be specified when the successPolicy is specified'),
    );
  if (rules.length > rulesMax) faults.push(tooMany(`${path}.rules`, rules.length, rulesMax));
  for (const [index, rule] of rules.entries())
    checkSuccessRule(faults, rule, `${path}.rules[${index}]`, spec.completions ?? 0);
}

function checkSuccessRule(
  faults: FieldError[],
  { succeededCount: count, succeededIndexes: indexes }: SuccessPolicyRule,
  path: string,
  completions: number,
): void {
  if (count === undefined && indexes === undefined)
    faults.push(required(path, 'at least one of succeededCount or succeededIndexes must be specified'));
  let total = 0;
  if (indexes !== undefined) {
    const at = `${path}.succeededIndexes`;
    if (indexes.length > indexesLengthMax) faults.push(tooLong(at, indexesLengthMax));
    const counted = countIndexes(indexes, completions);
    if (typeof counted === 'number') total = counted;
    else faults.push(invalidValue(at, indexes, `error parsing succeededIndexes: ${counted}`));
  }
  if (count === undefined) return;
  const at = `${path}.succeededCount`;
  checkNotNegative(faults, at, count);
  if (count > completions)
    faults.push(
      invalidValue(
        at,
        count,
        `must be less than or equal to ${completions} (the number of specified completions)`,
      ),
    );
  if (indexes !== undefined && count > total)
    faults.push(
      invalidValue(
        at,
        count,
        `must be less than or equal to ${total} (the number of indexes in the specified succeededIndexes field)`,
      ),
    );
}

/** A Job that waits and runs nothing may still be given other nodes and resources. */
function mayBeRefitted({ spec, status }: Job): boolean {
  const waiting = status?.conditions?.some(({ type, status: is }) => type === 'Suspended' && is === 'True');
  return spec?.suspend === true && (!status?.startTime || waiting === true) && !status?.active;
}

export function validateJobUpdate(next: Job, old: Job): FieldError[] {
  const faults: FieldError[] = [];
  const had = old.spec?.template?.metadata?.labels ?? {};
  const prefixed = labelNames.slice(2).every(({ key }) => had[key] !== undefined);
  checkJob(faults, next, { labels: prefixed ? labelNames : labelNames.slice(0, 2), old });
  const spec = next.spec ?? ({} as Partial<JobSpec>);
  const before = old.spec ?? ({} as Partial<JobSpec>);
  checkWholeSpec(faults, spec, old.spec);
  checkCompletionsKept(faults, spec, before);
  checkSelectorKept(faults, spec.selector, before.selector);
  checkTemplateKept(faults, spec, before, mayBeRefitted(old));
  const kept = (field: keyof JobSpec, told: unknown): void => {
    if (!sameJson(spec[field], before[field]))
      faults.push(invalidValue(`spec.${field}`, told ?? null, 'field is immutable'));
  };
  kept('completionMode', spec.completionMode);
  kept('podFailurePolicy', typedForm('batch.PodFailurePolicy', spec.podFailurePolicy));
  kept('backoffLimitPerIndex', spec.backoffLimitPerIndex);
  kept('managedBy', spec.managedBy);
  kept('successPolicy', typedForm('batch.SuccessPolicy', spec.successPolicy));
  return faults;
}

/** Indexed jobs scale both numbers together. */
function checkCompletionsKept(faults: FieldError[], spec: Partial<JobSpec>, old: Partial<JobSpec>): void {
  const path = 'spec.completions';
  const { completions, parallelism } = spec;
  if (completions === old.completions) return;
  if (spec.completionMode !== 'Indexed') faults.push(invalidValue(path, completions, 'field is immutable'));
  else if (completions !== undefined && completions !== parallelism)
    faults.push(invalidValue(path, completions, 'can only be modified in tandem with spec.parallelism'));
}

function checkTemplateKept(
  faults: FieldError[],
  spec: Partial<JobSpec>,
  old: Partial<JobSpec>,
  refitted: boolean,
): void {
  const { template = {} } = spec;
  const expected = refitted ? withPlacementOf(template, old.template ?? {}) : (old.template ?? {});
  if (refitted) {
    const allowed = withResourcesOf(template.spec, expected.spec);
    if (!sameJson(template.spec, allowed))
      faults.push(
        invalidValue('spec.template.spec', typedForm('PodSpec', template.spec), 'field is immutable'),
      );
  } else if (!sameJson(template, expected))
    faults.push(invalidValue('spec.template', typedForm('PodTemplateSpec', template), 'field is immutable'));
}

function withPlacementOf(template: PodTemplateSpec, old: PodTemplateSpec): PodTemplateSpec {
  const { nodeSelector, tolerations, schedulingGates, affinity } = template.spec ?? {};
  const before = old.spec ?? { containers: [] };
  const merged = { ...before.affinity, nodeAffinity: affinity?.nodeAffinity };
  const any = affinity !== undefined || before.affinity?.podAffinity || before.affinity?.podAntiAffinity;
  return {
    ...old,
    metadata: {
      ...old.metadata,
      labels: template.metadata?.labels,
      annotations: template.metadata?.annotations,
    },
    spec: {
      ...before,
      nodeSelector,
      tolerations,
      schedulingGates,
      affinity: any ? merged : undefined,
    },
  };
}

function withResourcesOf(next: PodSpec | undefined, old: PodSpec | undefined): PodSpec | undefined {
  if (!next || !old) return old;
  const fitted = { ...old };
  for (const list of ['containers', 'initContainers'] as const) {
    const now = next[list] ?? [];
    const then = old[list] ?? [];
    if (now.length === then.length && then.length > 0)
      fitted[list] = then.map((container, index) =>
        container.name === now[index]?.name ? { ...container, resources: now[index]?.resources } : container,
      );
  }
  return fitted;
}
