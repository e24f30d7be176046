import { labelSelectorFrom } from '#selector.ts';
import type { FieldError } from '#status.ts';
import type {
  DaemonSet,
  Deployment,
  LabelSelector,
  PodTemplateSpec,
  ReplicaSet,
  ReplicationController,
  StatefulSet,
  StatefulSetSpec,
} from '#types.generated.ts';
import {
  forbiddenField,
  immutable,
  invalidValue,
  notSupported,
  required,
  sameJson,
} from '#validation/faults.ts';
import { amountOf, validateCountOrPercent } from '#validation/int-or-percent.ts';
import { isEmptySelector, validateLabelSelector } from '#validation/label-selector.ts';
import { validatePodTemplate } from '#validation/pod-spec.ts';
import { validateClaimSpec } from '#validation/storage.ts';

const notNegative = 'must be greater than or equal to 0';

function validateCount(value: number | undefined, path: string): FieldError[] {
  return value !== undefined && value < 0 ? [invalidValue(path, value, notNegative)] : [];
}

/** A workload must be able to find the pods that it makes, and pods must not end for good under it. */
function validateSelectorAndTemplate(
  selector: LabelSelector | undefined,
  template: PodTemplateSpec | undefined,
  whichDescription: string,
): FieldError[] {
  const faults: FieldError[] = [];
  if (!selector) faults.push(required('spec.selector'));
  else {
    faults.push(...validateLabelSelector(selector, 'spec.selector'));
    if (isEmptySelector(selector))
      faults.push(
        invalidValue('spec.selector', selector, `empty selector is invalid for ${whichDescription}`),
      );
  }
  const labels = template?.metadata?.labels;
  const readable = validateLabelSelector(selector, '').length === 0;
  if (readable && !labelSelectorFrom(selector).matches(labels))
    faults.push(
      invalidValue(
        'spec.template.metadata.labels',
        labels ?? null,
        '`selector` does not match template `labels`',
      ),
    );
  faults.push(...validatePodTemplate(template, 'spec.template'));
  const policy = template?.spec?.restartPolicy;
  if (policy !== undefined && policy !== 'Always')
    faults.push(notSupported('spec.template.spec.restartPolicy', policy, ['Always']));
  if (template?.spec?.activeDeadlineSeconds !== undefined)
    faults.push(
      forbiddenField(
        'spec.template.spec.activeDeadlineSeconds',
        `activeDeadlineSeconds in ${whichDescription} is not Supported`,
      ),
    );
  return faults;
}

export function validateDeployment({ spec }: Deployment): FieldError[] {
  if (!spec) return [required('spec.selector'), required('spec.template')];
  const faults = [
    ...validateCount(spec.replicas, 'spec.replicas'),
    ...validateSelectorAndTemplate(spec.selector, spec.template, 'deployment'),
    ...validateCount(spec.minReadySeconds, 'spec.minReadySeconds'),
    ...validateCount(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit'),
    ...validateCount(spec.progressDeadlineSeconds, 'spec.progressDeadlineSeconds'),
  ];
  const deadline = spec.progressDeadlineSeconds;
  if (deadline !== undefined && deadline <= (spec.minReadySeconds ?? 0))
    faults.push(
      invalidValue('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds'),
    );
  const { type, rollingUpdate } = spec.strategy ?? {};
  if (type === 'Recreate') {
    if (rollingUpdate)
      faults.push(
        forbiddenField(
          'spec.strategy.rollingUpdate',
          "may not be specified when strategy `type` is 'Recreate'",
        ),
      );
  } else if (type === 'RollingUpdate')
    faults.push(...validateRolling(rollingUpdate, 'spec.strategy.rollingUpdate'));
  else if (type !== undefined)
    faults.push(notSupported('spec.strategy.type', type, ['Recreate', 'RollingUpdate']));
  return faults;
}

function validateRolling(
  rolling: { maxSurge?: string | number; maxUnavailable?: string | number } | undefined,
  path: string,
): FieldError[] {
  if (!rolling) return [];
  const { maxSurge = 0, maxUnavailable = 0 } = rolling;
  const faults = [
    ...validateCountOrPercent(maxUnavailable, `${path}.maxUnavailable`, { percentMax: 100 }),
    ...validateCountOrPercent(maxSurge, `${path}.maxSurge`),
  ];
  if (amountOf(maxSurge) === 0 && amountOf(maxUnavailable) === 0)
    faults.push(invalidValue(`${path}.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0'));
  return faults;
}

export function validateDeploymentUpdate(next: Deployment, old: Deployment): FieldError[] {
  return immutable('spec.selector', next.spec?.selector, old.spec?.selector);
}

export function validateReplicaSet({ spec }: ReplicaSet): FieldError[] {
  if (!spec) return [required('spec.selector')];
  return [
    ...validateCount(spec.replicas, 'spec.replicas'),
    ...validateCount(spec.minReadySeconds, 'spec.minReadySeconds'),
    ...validateSelectorAndTemplate(spec.selector, spec.template, 'deployment'),
  ];
}

export function validateReplicaSetUpdate(next: ReplicaSet, old: ReplicaSet): FieldError[] {
  return immutable('spec.selector', next.spec?.selector, old.spec?.selector);
}

export function validateReplicationController({ spec }: ReplicationController): FieldError[] {
  const selector = spec?.selector ?? {};
  const faults = validateCount(spec?.replicas, 'spec.replicas');
  if (Object.keys(selector).length === 0) return [...faults, required('spec.selector')];
  return [
    ...faults,
    ...validateSelectorAndTemplate({ matchLabels: selector }, spec?.template, 'replication controller'),
  ];
}

export function validateDaemonSet({ spec }: DaemonSet): FieldError[] {
  if (!spec) return [required('spec.selector'), required('spec.template')];
  const faults = [
    ...validateSelectorAndTemplate(spec.selector, spec.template, 'daemonset'),
    ...validateCount(spec.minReadySeconds, 'spec.minReadySeconds'),
    ...validateCount(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit'),
  ];
  const { type, rollingUpdate } = spec.updateStrategy ?? {};
  const path = 'spec.updateStrategy.rollingUpdate';
  if (type === 'RollingUpdate') {
    if (!rollingUpdate) return [...faults, required(path)];
    const surge = amountOf(rollingUpdate.maxSurge);
    const unavailable = amountOf(rollingUpdate.maxUnavailable);
    faults.push(
      ...validateCountOrPercent(rollingUpdate.maxUnavailable ?? 0, `${path}.maxUnavailable`, {
        percentMax: 100,
      }),
      ...validateCountOrPercent(rollingUpdate.maxSurge ?? 0, `${path}.maxSurge`, { percentMax: 100 }),
    );
    if (surge > 0 && unavailable > 0)
      faults.push(
        invalidValue(
          `${path}.maxSurge`,
          rollingUpdate.maxSurge,
          'may not be set when maxUnavailable is non-zero',
        ),
      );
    if (surge === 0 && unavailable === 0)
      faults.push(required(`${path}.maxUnavailable`, 'cannot be 0 when maxSurge is 0'));
  } else if (type !== undefined && type !== 'OnDelete')
    faults.push(notSupported('spec.updateStrategy.type', type, ['RollingUpdate', 'OnDelete']));
  return faults;
}

export function validateDaemonSetUpdate(next: DaemonSet, old: DaemonSet): FieldError[] {
  return immutable('spec.selector', next.spec?.selector, old.spec?.selector);
}

export function validateStatefulSet({ spec }: StatefulSet): FieldError[] {
  if (!spec) return [required('spec.selector'), required('spec.template')];
  const faults = [
    ...validateCount(spec.replicas, 'spec.replicas'),
    ...validateCount(spec.minReadySeconds, 'spec.minReadySeconds'),
    ...validateSelectorAndTemplate(spec.selector, withClaims(spec), 'statefulset'),
    ...validateCount(spec.ordinals?.start, 'spec.ordinals.start'),
  ];
  if (spec.podManagementPolicy && !['OrderedReady', 'Parallel'].includes(spec.podManagementPolicy))
    faults.push(
      invalidValue(
        'spec.podManagementPolicy',
        spec.podManagementPolicy,
        "must be 'OrderedReady' or 'Parallel'",
      ),
    );
  const { type, rollingUpdate } = spec.updateStrategy ?? {};
  if (type !== undefined && type !== 'RollingUpdate' && type !== 'OnDelete')
    faults.push(
      invalidValue('spec.updateStrategy', spec.updateStrategy, "must be 'RollingUpdate' or 'OnDelete'"),
    );
  if (type === 'OnDelete' && rollingUpdate)
    faults.push(
      invalidValue(
        'spec.updateStrategy.rollingUpdate',
        rollingUpdate,
        "only allowed for updateStrategy 'RollingUpdate'",
      ),
    );
  faults.push(...validateCount(rollingUpdate?.partition, 'spec.updateStrategy.rollingUpdate.partition'));
  for (const [index, claim] of (spec.volumeClaimTemplates ?? []).entries())
    faults.push(...validateClaimSpec(claim.spec, `spec.volumeClaimTemplates[${index}].spec`));
  return faults;
}

/** Containers may mount what the claim templates will make. */
function withClaims(spec: StatefulSetSpec): PodTemplateSpec | undefined {
  const { template, volumeClaimTemplates = [] } = spec;
  if (!template?.spec) return template;
  const own = template.spec.volumes ?? [];
  const taken = new Set(own.map((volume) => volume.name));
  const claims = volumeClaimTemplates
    .map((claim) => claim.metadata?.name ?? '')
    .filter((name) => name !== '' && !taken.has(name))
    .map((name) => ({ name, persistentVolumeClaim: { claimName: name } }));
  return { ...template, spec: { ...template.spec, volumes: [...own, ...claims] } };
}

const statefulSetMutable = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
] as const;

export function validateStatefulSetUpdate(next: StatefulSet, old: StatefulSet): FieldError[] {
  const fixed = ({ spec }: StatefulSet): object => {
    const rest: Partial<StatefulSetSpec> = { ...spec };
    for (const field of statefulSetMutable) delete rest[field];
    return rest;
  };
  if (sameJson(fixed(next), fixed(old))) return [];
  return [
    forbiddenField(
      'spec',
      "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    ),
  ];
}
