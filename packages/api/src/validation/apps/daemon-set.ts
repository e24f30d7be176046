import type { FieldError } from '#status.ts';
import type { DaemonSet, DaemonSetSpec, DaemonSetUpdateStrategy } from '#types.generated.ts';
import { checkNotNegative, invalidValue, notSupported, required } from '#validation/faults.ts';
import { amountOf, checkCountOrPercent, checkPercentMax } from '#validation/int-or-percent.ts';
import { checkLabelSelector, isEmptySelector } from '#validation/label-selector.ts';
import { checkCollisions, checkCounts } from '#validation/apps/counts.ts';
import {
  checkLastingTemplate,
  checkSelectorKept,
  inOrder,
  mismatch,
  selects,
} from '#validation/apps/template.ts';
import { typedForm } from '#validation/typed-form.ts';

export function validateDaemonSet({ spec }: DaemonSet): FieldError[] {
  const faults: FieldError[] = [];
  checkSpec(faults, spec ?? {});
  return faults;
}

export function validateDaemonSetUpdate(next: DaemonSet, old: DaemonSet): FieldError[] {
  const faults: FieldError[] = [];
  checkSelectorKept(faults, next.spec?.selector, old.spec?.selector);
  checkSpec(faults, next.spec ?? {}, old.spec);
  return faults;
}

function checkSpec(faults: FieldError[], spec: Partial<DaemonSetSpec>, old?: DaemonSetSpec): void {
  const { selector, template = {} } = spec;
  checkLabelSelector(faults, selector, 'spec.selector');
  if (selects(selector, template) === false) faults.push(mismatch(template));
  if (selector && isEmptySelector(selector))
    faults.push(invalidValue('spec.selector', inOrder(selector), 'empty selector is invalid for daemonset'));
  checkLastingTemplate(faults, template, 'DaemonSet', old?.template);
  checkNotNegative(faults, 'spec.minReadySeconds', spec.minReadySeconds);
  checkStrategy(faults, spec.updateStrategy ?? {});
  checkNotNegative(faults, 'spec.revisionHistoryLimit', spec.revisionHistoryLimit);
}

function checkStrategy(faults: FieldError[], strategy: DaemonSetUpdateStrategy): void {
  const { type, rollingUpdate } = strategy;
  const at = 'spec.updateStrategy.rollingUpdate';
  if (type === 'OnDelete') return;
  if (type !== 'RollingUpdate')
    faults.push(
      notSupported('spec.updateStrategy', typedForm('apps.DaemonSetUpdateStrategy', strategy), [
        'RollingUpdate',
        'OnDelete',
      ]),
    );
  else if (!rollingUpdate) faults.push(required(at));
  else {
    const { maxSurge = 0, maxUnavailable = 0 } = rollingUpdate;
    checkCountOrPercent(faults, maxUnavailable, `${at}.maxUnavailable`);
    checkCountOrPercent(faults, maxSurge, `${at}.maxSurge`);
    checkPercentMax(faults, maxUnavailable, `${at}.maxUnavailable`);
    checkPercentMax(faults, maxSurge, `${at}.maxSurge`);
    const surging = amountOf(maxSurge) !== 0;
    const missing = amountOf(maxUnavailable) !== 0;
    if (surging && missing)
      faults.push(invalidValue(`${at}.maxSurge`, maxSurge, 'may not be set when maxUnavailable is non-zero'));
    else if (!surging && !missing)
      faults.push(required(`${at}.maxUnavailable`, 'cannot be 0 when maxSurge is 0'));
  }
}

export function validateDaemonSetStatus({ status }: DaemonSet, old: DaemonSet): FieldError[] {
  const faults: FieldError[] = [];
  checkCounts(faults, status ?? {}, [
    'currentNumberScheduled',
    'numberMisscheduled',
    'desiredNumberScheduled',
    'numberReady',
    'observedGeneration',
    'updatedNumberScheduled',
    'numberAvailable',
    'numberUnavailable',
    'collisionCount',
  ]);
  checkCollisions(faults, status, old.status);
  return faults;
}
