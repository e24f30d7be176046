import type { FieldError } from '#status.ts';
import type { Deployment, DeploymentSpec, DeploymentStrategy, ReplicaSet } from '#types.generated.ts';
import {
  checkNotNegative,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '#validation/faults.ts';
import { amountOf, checkCountOrPercent, checkPercentMax } from '#validation/int-or-percent.ts';
import { checkCollisions, checkCounts, checkParts } from '#validation/apps/counts.ts';
import {
  checkLastingTemplate,
  checkSelector,
  checkSelectorKept,
  inOrder,
  mismatch,
  selects,
  type Templated,
} from '#validation/apps/template.ts';
import { isEmptySelector } from '#validation/label-selector.ts';
import { typedForm } from '#validation/typed-form.ts';

/** Deployments and ReplicaSets name and judge these alike. */
function checkSelectorAndTemplate(
  faults: FieldError[],
  { selector, template = {} }: Templated,
  old: Templated | undefined,
): void {
  checkSelector(faults, selector, 'deployment');
  const fits = selects(selector, template);
  if (fits === undefined) {
    faults.push(invalidValue('spec.selector', inOrder(selector), 'invalid label selector'));
    return;
  }
  if (!fits && !(selector && isEmptySelector(selector))) faults.push(mismatch(template));
  checkLastingTemplate(faults, template, 'ReplicaSet', old?.template);
}

export function validateDeployment({ spec }: Deployment): FieldError[] {
  return specFaults(spec);
}

function specFaults(spec: Partial<DeploymentSpec> = {}, old?: DeploymentSpec): FieldError[] {
  const faults: FieldError[] = [];
  const { minReadySeconds = 0, progressDeadlineSeconds: deadline } = spec;
  checkNotNegative(faults, 'spec.replicas', spec.replicas);
  checkSelectorAndTemplate(faults, spec, old);
  checkStrategy(faults, spec.strategy ?? {});
  checkNotNegative(faults, 'spec.minReadySeconds', minReadySeconds);
  checkNotNegative(faults, 'spec.revisionHistoryLimit', spec.revisionHistoryLimit);
  checkNotNegative(faults, 'spec.progressDeadlineSeconds', deadline);
  if (deadline !== undefined && deadline <= minReadySeconds)
    faults.push(
      invalidValue('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds'),
    );
  return faults;
}

function checkStrategy(faults: FieldError[], strategy: DeploymentStrategy): void {
  const { type, rollingUpdate } = strategy;
  const at = 'spec.strategy.rollingUpdate';
  if (type === 'Recreate') {
    if (rollingUpdate)
      faults.push(forbiddenField(at, "may not be specified when strategy `type` is 'Recreate'"));
  } else if (type !== 'RollingUpdate')
    faults.push(
      notSupported('spec.strategy', typedForm('apps.DeploymentStrategy', strategy), [
        'Recreate',
        'RollingUpdate',
      ]),
    );
  else if (!rollingUpdate) faults.push(required(at, 'this should be defaulted and never be nil'));
  else {
    const { maxSurge = 0, maxUnavailable = 0 } = rollingUpdate;
    checkCountOrPercent(faults, maxUnavailable, `${at}.maxUnavailable`);
    checkCountOrPercent(faults, maxSurge, `${at}.maxSurge`);
    if (amountOf(maxSurge) === 0 && amountOf(maxUnavailable) === 0)
      faults.push(invalidValue(`${at}.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0'));
    checkPercentMax(faults, maxUnavailable, `${at}.maxUnavailable`);
  }
}

export function validateDeploymentUpdate(next: Deployment, old: Deployment): FieldError[] {
  const faults = specFaults(next.spec, old.spec);
  checkSelectorKept(faults, next.spec?.selector, old.spec?.selector);
  return faults;
}

export function validateDeploymentStatus({ status = {} }: Deployment, old: Deployment): FieldError[] {
  const faults: FieldError[] = [];
  checkCounts(faults, status, [
    'observedGeneration',
    'replicas',
    'updatedReplicas',
    'readyReplicas',
    'availableReplicas',
    'unavailableReplicas',
    'terminatingReplicas',
    'collisionCount',
  ]);
  checkParts(faults, status, ['updatedReplicas', 'readyReplicas', 'availableReplicas']);
  checkCollisions(faults, status, old.status);
  return faults;
}

export function validateReplicaSet({ spec }: ReplicaSet): FieldError[] {
  return replicaSetFaults(spec);
}

function replicaSetFaults(spec: ReplicaSet['spec'], old?: ReplicaSet['spec']): FieldError[] {
  const faults: FieldError[] = [];
  checkNotNegative(faults, 'spec.replicas', spec?.replicas);
  checkNotNegative(faults, 'spec.minReadySeconds', spec?.minReadySeconds);
  checkSelectorAndTemplate(faults, spec ?? {}, old);
  return faults;
}

export function validateReplicaSetUpdate(next: ReplicaSet, old: ReplicaSet): FieldError[] {
  const faults = replicaSetFaults(next.spec, old.spec);
  checkSelectorKept(faults, next.spec?.selector, old.spec?.selector);
  return faults;
}

export function validateReplicaSetStatus({ status }: ReplicaSet): FieldError[] {
  const faults: FieldError[] = [];
  checkCounts(faults, status ?? {}, [
    'replicas',
    'fullyLabeledReplicas',
    'readyReplicas',
    'availableReplicas',
    'observedGeneration',
    'terminatingReplicas',
  ]);
  checkParts(faults, status ?? {}, ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas']);
  return faults;
}
