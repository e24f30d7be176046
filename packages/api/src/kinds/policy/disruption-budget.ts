import type { PodDisruptionBudget, PodDisruptionBudgetStatus } from '#types.generated.ts';
import { invalidValue } from '#validation/faults.ts';
import { validateCountOrPercent } from '#validation/int-or-percent.ts';
import { validateLabelSelector } from '#validation/label-selector.ts';
import { behaviour } from '#kinds/behaviour.ts';
import { ageColumn, column, nameColumn } from '#kinds/columns.ts';

const emptyStatus = (): PodDisruptionBudgetStatus => ({
  currentHealthy: 0,
  desiredHealthy: 0,
  disruptionsAllowed: 0,
  expectedPods: 0,
});

export const podDisruptionBudgetBehaviour = behaviour<PodDisruptionBudget>({
  columns: [
    nameColumn,
    column<PodDisruptionBudget>('Min Available', ({ spec }) => String(spec?.minAvailable ?? 'N/A')),
    column<PodDisruptionBudget>('Max Unavailable', ({ spec }) => String(spec?.maxUnavailable ?? 'N/A')),
    column<PodDisruptionBudget>('Allowed Disruptions', ({ status }) => status?.disruptionsAllowed ?? 0, {
      type: 'integer',
    }),
    ageColumn,
  ],
  strategy: {
    setDefaults(budget) {
      budget.status ??= emptyStatus();
    },
    prepareForCreate(budget) {
      budget.status = emptyStatus();
    },
    validate({ spec }) {
      if (!spec) return [];
      const faults = validateLabelSelector(spec.selector, 'spec.selector');
      if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined)
        faults.push(invalidValue('spec', spec, 'minAvailable and maxUnavailable cannot be both set'));
      if (spec.minAvailable !== undefined)
        faults.push(...validateCountOrPercent(spec.minAvailable, 'spec.minAvailable', { percentMax: 100 }));
      if (spec.maxUnavailable !== undefined)
        faults.push(
          ...validateCountOrPercent(spec.maxUnavailable, 'spec.maxUnavailable', { percentMax: 100 }),
        );
      return faults;
    },
  },
});
