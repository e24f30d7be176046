import type { PriorityClass } from '#types.generated.ts';
import { forbiddenField, immutable, invalidValue } from '#validation/faults.ts';
import { behaviour } from '#kinds/behaviour.ts';
import { ageColumn, column, nameColumn } from '#kinds/columns.ts';

/** The highest value that a user may give. */
export const userPriorityMax = 1_000_000_000;

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
    validate({ metadata, value = 0 }) {
      const name = metadata.name ?? '';
      if (name.startsWith('system-'))
        return systemPriorityClasses[name] === value
          ? []
          : [
              forbiddenField(
                'metadata.name',
                "priority class names with 'system-' prefix are reserved for system use only. error: " +
                  `"${name}" is not allowed as a class name for user created priority classes`,
              ),
            ];
      return value > userPriorityMax
        ? [
            invalidValue(
              'value',
              value,
              `maximum allowed value of a user defined priority is ${userPriorityMax}`,
            ),
          ]
        : [];
    },
    validateUpdate: (next, old) => [
      ...(next.value === old.value ? [] : [forbiddenField('value', 'may not be changed in an update.')]),
      ...immutable('preemptionPolicy', next.preemptionPolicy, old.preemptionPolicy),
    ],
  },
});
