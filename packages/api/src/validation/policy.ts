import type { FieldError } from '#status.ts';
import type { PodDisruptionBudget } from '#types.generated.ts';
import { checkConditions } from '#validation/conditions.ts';
import { checkNotNegative, checkOptionalChoice, invalidValue } from '#validation/faults.ts';
import { checkCountOrPercent, checkPercentMax } from '#validation/int-or-percent.ts';
import { checkLabelSelector, validateLabelSelector } from '#validation/label-selector.ts';
import { typedForm } from '#validation/typed-form.ts';

export function validateBudget(budget: PodDisruptionBudget, old?: PodDisruptionBudget): FieldError[] {
  const faults: FieldError[] = [];
  const spec = budget.spec ?? {};
  const { minAvailable, maxUnavailable } = spec;
  if (minAvailable !== undefined && maxUnavailable !== undefined)
    faults.push(
      invalidValue(
        'spec',
        typedForm('policy.PodDisruptionBudgetSpec', spec),
        'minAvailable and maxUnavailable cannot be both set',
      ),
    );
  for (const field of ['minAvailable', 'maxUnavailable'] as const) {
    const value = spec[field];
    if (value === undefined) continue;
    checkCountOrPercent(faults, value, `spec.${field}`);
    checkPercentMax(faults, value, `spec.${field}`);
  }
  checkLabelSelector(faults, spec.selector, 'spec.selector', {
    anyValues: old && validateLabelSelector(old.spec?.selector, '').length > 0,
  });
  checkOptionalChoice(faults, 'spec.unhealthyPodEvictionPolicy', spec.unhealthyPodEvictionPolicy, [
    'AlwaysAllow',
    'IfHealthyBudget',
  ]);
  return faults;
}

export function validateBudgetStatus({ status }: PodDisruptionBudget): FieldError[] {
  const faults: FieldError[] = [];
  checkConditions(faults, status?.conditions, 'status.conditions');
  for (const field of ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'] as const)
    checkNotNegative(faults, `status.${field}`, status?.[field]);
  return faults;
}
