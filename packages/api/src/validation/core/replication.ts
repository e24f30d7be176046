import type { FieldError } from '#status.ts';
import type { PodTemplate, ReplicationController } from '#types.generated.ts';
import { invalidValue, required } from '#validation/faults.ts';
import { checkPodTemplate } from '#validation/pod/pod-spec.ts';
import { checkCounts, checkParts } from '#validation/apps/counts.ts';
import { checkLastingTemplate, mismatch } from '#validation/apps/template.ts';

export function validateReplicationController(rc: ReplicationController): FieldError[] {
  return specFaults(rc, undefined);
}

export function validateReplicationControllerUpdate(
  rc: ReplicationController,
  old: ReplicationController,
): FieldError[] {
  return specFaults(rc, old);
}

function specFaults(
  { spec = {} }: ReplicationController,
  old: ReplicationController | undefined,
): FieldError[] {
  const faults: FieldError[] = [];
  const { template, replicas, minReadySeconds = 0 } = spec;
  const selector = Object.entries(spec.selector ?? {});
  if (selector.length === 0) faults.push(required('spec.selector'));
  if (!template) faults.push(required('spec.template'));
  else {
    const labels = template.metadata?.labels;
    if (!selector.every(([key, value]) => labels?.[key] === value)) faults.push(mismatch(template));
    checkLastingTemplate(faults, template, 'ReplicationController', old?.spec?.template);
  }
  // Declared rules come after written ones.
  const least = 'must be greater than or equal to 0';
  if (replicas === undefined) faults.push(required('spec.replicas'));
  else if (replicas < 0) faults.push(invalidValue('spec.replicas', replicas, least));
  if (minReadySeconds < 0) faults.push(invalidValue('spec.minReadySeconds', minReadySeconds, least));
  return faults;
}

export function validateReplicationControllerStatus({ status }: ReplicationController): FieldError[] {
  const faults: FieldError[] = [];
  const parts = ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'];
  checkCounts(faults, status ?? {}, ['replicas', ...parts, 'observedGeneration']);
  checkParts(faults, status ?? {}, parts);
  return faults;
}

export function validatePodTemplateObject({ template }: PodTemplate, old?: PodTemplate): FieldError[] {
  const faults: FieldError[] = [];
  checkPodTemplate(faults, template ?? {}, 'template', old?.template);
  return faults;
}
