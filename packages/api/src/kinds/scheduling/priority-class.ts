import type { PriorityClass } from '#types.generated.ts';
import { validatePriorityClass, validatePriorityClassUpdate } from '#validation/scheduling.ts';
import { behaviour } from '#kinds/behaviour.ts';
import { ageColumn, column, nameColumn } from '#kinds/columns.ts';

export { userPriorityMax } from '#validation/scheduling.ts';

/** Classes that every cluster has, and that pods of the system are made with. */
export const systemPriorityClasses: Readonly<Record<string, number>> = {
  'system-node-critical': 2_000_001_000,
  'system-cluster-critical': 2_000_000_000,
};

export const priorityClassBehaviour = behaviour<PriorityClass>({
  columns: [
    nameColumn,
    column<PriorityClass>('Value', ({ value }) => value ?? 0, { type: 'integer' }),
    column<PriorityClass>('Global-Default', ({ globalDefault }) => globalDefault ?? false, {
      type: 'boolean',
    }),
    ageColumn,
    column<PriorityClass>('PreemptionPolicy', ({ preemptionPolicy }) => preemptionPolicy),
  ],
  strategy: {
    setDefaults(priorityClass) {
      priorityClass.preemptionPolicy ??= 'PreemptLowerPriority';
    },
    validate: (priorityClass) => validatePriorityClass(priorityClass, systemPriorityClasses),
    validateUpdate: validatePriorityClassUpdate,
  },
});
