import type { RuntimeClass } from '#types.generated.ts';
import { validateRuntimeClass, validateRuntimeClassUpdate } from '#validation/scheduling.ts';
import { behaviour } from '#kinds/behaviour.ts';
import { ageColumn, column, nameColumn } from '#kinds/columns.ts';

export const runtimeClassBehaviour = behaviour<RuntimeClass>({
  knownFinalizers: false,
  columns: [nameColumn, column<RuntimeClass>('Handler', ({ handler }) => handler), ageColumn],
  strategy: {
    validate: validateRuntimeClass,
    validateUpdate: validateRuntimeClassUpdate,
  },
});
