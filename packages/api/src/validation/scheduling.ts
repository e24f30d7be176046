/** PriorityClasses and RuntimeClasses: what pods are run as. */
import type { FieldError } from '#status.ts';
import type { PriorityClass, RuntimeClass, Toleration } from '#types.generated.ts';
import {
  checkImmutable,
  checkOptionalChoice,
  checkReasons,
  duplicateValue,
  forbiddenField,
  required,
} from '#validation/faults.ts';
import { dnsLabelFaults } from '#validation/names.ts';
import { checkLabels } from '#validation/object-meta.ts';
import { preemptionPolicies } from '#validation/pod/pod-spec.ts';
import { checkResources } from '#validation/resources.ts';
import { checkTolerations } from '#validation/taints.ts';
import { typedForm } from '#validation/typed-form.ts';

/** The highest value that a user may give. */
export const userPriorityMax = 1_000_000_000;

const systemPrefix = 'system-';

export function validatePriorityClass(
  { metadata, value = 0, globalDefault = false, preemptionPolicy }: PriorityClass,
  systemClasses: Readonly<Record<string, number>>,
): FieldError[] {
  const faults: FieldError[] = [];
  const name = metadata.name ?? '';
  if (name.startsWith(systemPrefix)) {
    const why = systemFault(name, value, globalDefault, systemClasses);
    if (why !== undefined)
      faults.push(
        forbiddenField(
          'metadata.name',
          `priority class names with '${systemPrefix}' prefix are reserved for system use only. error: ${why}`,
        ),
      );
  } else if (value > userPriorityMax)
    faults.push(
      forbiddenField('value', `maximum allowed value of a user defined priority is ${userPriorityMax}`),
    );
  if (preemptionPolicy === '') faults.push(required('preemptionPolicy'));
  else if (preemptionPolicy !== undefined)
    checkOptionalChoice(faults, 'preemptionPolicy', preemptionPolicy, preemptionPolicies);
  return faults;
}

function systemFault(
  name: string,
  value: number,
  globalDefault: boolean,
  systemClasses: Readonly<Record<string, number>>,
): string | undefined {
  const known = Object.hasOwn(systemClasses, name) ? systemClasses[name] : undefined;
  if (known === undefined) return `${name} is not a known system priority class`;
  if (known !== value) return `value of ${name} PriorityClass must be ${known}`;
  return globalDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined;
}

export function validatePriorityClassUpdate(next: PriorityClass, old: PriorityClass): FieldError[] {
  const faults: FieldError[] = [];
  if ((next.value ?? 0) !== (old.value ?? 0))
    faults.push(forbiddenField('value', 'may not be changed in an update.'));
  checkImmutable(faults, 'preemptionPolicy', next.preemptionPolicy, old.preemptionPolicy);
  return faults;
}

export function validateRuntimeClass({ handler, overhead, scheduling }: RuntimeClass): FieldError[] {
  const faults: FieldError[] = [];
  if (overhead) checkResources(faults, { limits: overhead.podFixed }, 'overhead');
  if (scheduling) {
    checkLabels(faults, scheduling.nodeSelector, 'scheduling.nodeSelector');
    checkRuntimeTolerations(faults, scheduling.tolerations ?? [], 'scheduling.tolerations');
  }
  if (!handler) faults.push(required('handler'));
  else checkReasons(faults, 'handler', handler, dnsLabelFaults(handler));
  return faults;
}

function checkRuntimeTolerations(
  faults: FieldError[],
  tolerations: readonly Toleration[],
  path: string,
): void {
  checkTolerations(faults, tolerations, path);
  const seen = new Set<string>();
  for (const [index, toleration] of tolerations.entries()) {
    const { key = '', operator = '', value = '', effect = '' } = toleration;
    const identity = JSON.stringify([key, operator, value, effect]);
    if (seen.has(identity))
      faults.push(duplicateValue(`${path}[${index}]`, typedForm('Toleration', toleration)));
    seen.add(identity);
  }
}

export function validateRuntimeClassUpdate(next: RuntimeClass, old: RuntimeClass): FieldError[] {
  const faults = validateRuntimeClass(next);
  checkImmutable(faults, 'handler', next.handler, old.handler);
  return faults;
}
