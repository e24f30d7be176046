/** What OpenKruise refuses, in its words; in either version. */
import {
  amountOf,
  checkCountOrPercent,
  checkLabelSelector,
  checkLastingTemplate,
  checkNotNegative,
  checkPercentMax,
  checkPodTemplate,
  checkReasons,
  forbiddenField,
  formatFault,
  inOrder,
  invalidValue,
  isEmptySelector,
  lengthFault,
  mismatch,
  notSupported,
  required,
  sameJson,
  selects,
  setPodTemplateDefaults,
} from '@skerry/api';
import type { FieldError, PodTemplateSpec } from '@skerry/api';
import type {
  AdvancedDaemonSet,
  AdvancedDaemonSetSpec,
  AdvancedRollingUpdate,
} from '#kruise/kinds/daemon-set.ts';
import {
  broadcastJobNameLabel,
  broadcastJobUidLabel,
  type BroadcastJob,
} from '#kruise/kinds/broadcast-job.ts';

/** The template as a pod of it would be, which is what the rules are about. */
function withDefaults(template: PodTemplateSpec | undefined): PodTemplateSpec {
  const copy = structuredClone(template ?? {});
  setPodTemplateDefaults(copy);
  return copy;
}

const changeable = [
  'template',
  'updateStrategy',
  'lifecycle',
  'burstReplicas',
  'minReadySeconds',
  'revisionHistoryLimit',
  'scaleStrategy',
] as const satisfies (keyof AdvancedDaemonSetSpec)[];

const changeFault =
  "updates to daemonset spec for fields other than 'BurstReplicas', 'template', 'lifecycle', 'scaleStrategy', 'updateStrategy', 'minReadySeconds', and 'revisionHistoryLimit' are forbidden";

export function daemonSetFaults({ spec }: AdvancedDaemonSet, old?: AdvancedDaemonSet): FieldError[] {
  const faults: FieldError[] = [];
  if (!spec) return faults;
  if (old?.spec) {
    const kept: Partial<AdvancedDaemonSetSpec> = { ...spec };
    for (const field of changeable) Object.assign(kept, { [field]: old.spec[field] });
    if (!sameJson(kept, old.spec)) faults.push(forbiddenField('spec', changeFault));
  }
  const template = withDefaults(spec.template);
  checkLabelSelector(faults, spec.selector, 'spec.selector');
  if (selects(spec.selector, template) === false) faults.push(mismatch(template));
  if (isEmptySelector(spec.selector)) {
    faults.push(
      invalidValue('spec.selector', inOrder(spec.selector), 'empty selector is invalid for daemonset'),
    );
  }
  checkLastingTemplate(faults, template, 'DaemonSet', old && withDefaults(old.spec?.template));
  checkNotNegative(faults, 'spec.minReadySeconds', spec.minReadySeconds);
  checkStrategy(faults, spec.updateStrategy ?? {});
  checkNotNegative(faults, 'spec.revisionHistoryLimit', spec.revisionHistoryLimit);
  if (spec.lifecycle?.inPlaceUpdate) {
    faults.push(forbiddenField('spec.lifecycle.inPlaceUpdate', 'inPlaceUpdate hook has not supported yet'));
  }
  return faults;
}

function checkStrategy(
  faults: FieldError[],
  { type, rollingUpdate }: NonNullable<AdvancedDaemonSetSpec['updateStrategy']>,
): void {
  const at = 'spec.updateStrategy';
  if (type === 'OnDelete') return;
  if (type !== 'RollingUpdate')
    faults.push(notSupported(`${at}.type`, type ?? '', ['RollingUpdate', 'OnDelete']));
  else if (!rollingUpdate) faults.push(required(`${at}.rollingUpdate`));
  else checkRollingUpdate(faults, rollingUpdate, `${at}.rollingUpdate`);
}

function checkRollingUpdate(faults: FieldError[], rolling: AdvancedRollingUpdate, at: string): void {
  const { maxSurge = 0, maxUnavailable = 0, partition, rollingUpdateType, selector } = rolling;
  const surging = amountOf(maxSurge) !== 0;
  const missing = amountOf(maxUnavailable) !== 0;
  for (const [field, value] of Object.entries({ maxUnavailable, maxSurge })) {
    checkCountOrPercent(faults, value, `${at}.${field}`);
    checkPercentMax(faults, value, `${at}.${field}`);
  }
  if (surging && missing)
    faults.push(invalidValue(`${at}.maxSurge`, maxSurge, 'may not be set when maxUnavailable is non-zero'));
  if (!surging && !missing) {
    faults.push(required(`${at}.maxUnavailable`, 'cannot be 0 when maxSurge is 0'));
  }
  if (rollingUpdateType === 'InPlaceIfPossible') {
    if (surging) faults.push(required(`${at}.maxSurge`, 'must be 0 for InPlaceIfPossible type'));
  } else if (rollingUpdateType && rollingUpdateType !== 'Standard') {
    faults.push(
      notSupported(`${at}.rollingUpdateType`, rollingUpdateType, ['Standard', 'InPlaceIfPossible']),
    );
  }
  if (partition !== undefined) {
    checkCountOrPercent(faults, partition, `${at}.partition`);
    checkPercentMax(faults, partition, `${at}.partition`);
  }
  checkLabelSelector(faults, selector, `${at}.selector`);
}

const jobNamePattern = /^[a-zA-Z0-9-]+$/;
const jobNameMax = 63;

function jobNameFaults(name: string): string[] {
  const faults: string[] = [];
  if (!jobNamePattern.test(name)) {
    const what = "BroadcastJob name must consist of alphanumeric characters or '-'";
    faults.push(formatFault(what, ['example-com'], String.raw`^[a-zA-Z0-9\-]+$`));
  }
  if (name.length > jobNameMax) faults.push(lengthFault(jobNameMax));
  return faults;
}

export function broadcastJobFaults({ metadata, spec }: BroadcastJob): FieldError[] {
  const faults: FieldError[] = [];
  if (metadata.name) checkReasons(faults, 'metadata.name', metadata.name, jobNameFaults(metadata.name));
  if (!spec) return faults;
  const { type, activeDeadlineSeconds, ttlSecondsAfterFinished } = spec.completionPolicy ?? {};
  if (type === 'Never') {
    for (const [field, value] of Object.entries({ ttlSecondsAfterFinished, activeDeadlineSeconds })) {
      if (value === undefined) continue;
      const why = `${field} can just work with Always CompletionPolicyType`;
      faults.push(invalidValue(`spec.completionPolicy.${field}`, value, why));
    }
  }
  const template = withDefaults(spec.template);
  const policy = template.spec?.restartPolicy ?? '';
  if (policy !== 'OnFailure' && policy !== 'Never') {
    faults.push(
      invalidValue(
        'spec.template.spec.restartPolicy',
        policy,
        'pod restartPolicy can only be Never or OnFailure',
      ),
    );
  }
  const labels = template.metadata?.labels ?? {};
  if (labels[broadcastJobNameLabel] || labels[broadcastJobUidLabel]) {
    const why = `"${broadcastJobNameLabel}" and "${broadcastJobUidLabel}" are not allowed to preset in pod labels`;
    faults.push(invalidValue('spec.template.metadata.labels', labels, why));
  }
  checkPodTemplate(faults, template, 'spec.template');
  return faults;
}
