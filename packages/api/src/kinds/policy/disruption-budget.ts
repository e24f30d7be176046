import type { PodDisruptionBudget, PodDisruptionBudgetStatus } from '#types.generated.ts';
import { validateBudget, validateBudgetStatus } from '#validation/policy.ts';
import { behaviour } from '#kinds/behaviour.ts';
import { ageColumn, column, nameColumn } from '#kinds/columns.ts';

const emptyStatus = (): PodDisruptionBudgetStatus => ({
  currentHealthy: 0,
  desiredHealthy: 0,
  disruptionsAllowed: 0,
  expectedPods: 0,
});

export const podDisruptionBudgetBehaviour = behaviour<PodDisruptionBudget>({
  metaTold: 'never',
  metaLast: true,
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
    validate: (budget) => validateBudget(budget),
    validateUpdate: validateBudget,
    validateStatus: validateBudgetStatus,
  },
});
