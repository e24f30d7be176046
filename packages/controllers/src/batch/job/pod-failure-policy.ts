/**
 * What `podFailurePolicy` says of a failed pod; free of I/O.
 * Rules: https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy
 */
import type { ContainerStatus, Job, Pod } from '@skerry/api';

export interface PolicyAnswer {
  /** Whether the failure counts against the limits. */
  readonly isCounted: boolean;
  readonly action?: 'Ignore' | 'FailIndex' | 'FailJob' | 'Count';
  /** Why the Job fails, where it does. */
  readonly failJob?: string;
}

type Rule = NonNullable<NonNullable<NonNullable<Job['spec']>['podFailurePolicy']>['rules']>[number];

/** The first rule that matches decides. */
export function policyFor(job: Job, pod: Pod): PolicyAnswer {
  for (const [index, rule] of (job.spec?.podFailurePolicy?.rules ?? []).entries()) {
    const matched = matchOf(rule, pod);
    if (matched === undefined) continue;
    switch (rule.action) {
      case 'Ignore':
        return { isCounted: false, action: 'Ignore' };
      case 'FailIndex':
        return { isCounted: true, action: 'FailIndex' };
      case 'Count':
        return { isCounted: true, action: 'Count' };
      case 'FailJob':
        return {
          isCounted: true,
          action: 'FailJob',
          failJob: `${matched} matching FailJob rule at index ${index}`,
        };
      default:
    }
  }
  return { isCounted: true };
}

/** What it is that a rule matches, in words. */
function matchOf({ onExitCodes, onPodConditions }: Rule, pod: Pod): string | undefined {
  const where = `${pod.metadata.namespace}/${pod.metadata.name}`;
  if (onExitCodes) {
    const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
    const container = [...containerStatuses, ...initContainerStatuses].find((one) =>
      hasExitCode(one, onExitCodes),
    );
    const code = container?.state?.terminated?.exitCode;
    return container && `Container ${container.name} for pod ${where} failed with exit code ${code}`;
  }
  const condition = pod.status?.conditions?.find(({ type, status }) =>
    onPodConditions?.some((pattern) => pattern.type === type && (pattern.status ?? 'True') === status),
  );
  return condition && `Pod ${where} has condition ${condition.type}`;
}

function hasExitCode(
  { name, state }: ContainerStatus,
  { containerName, operator, values }: NonNullable<Rule['onExitCodes']>,
): boolean {
  const code = state?.terminated?.exitCode;
  if (!code || (containerName !== undefined && containerName !== name)) return false;
  return operator === 'In' ? values.includes(code) : operator === 'NotIn' && !values.includes(code);
}
