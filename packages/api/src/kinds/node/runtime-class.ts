import type { RuntimeClass } from '#types.generated.ts';
import { immutable, invalidValues, required } from '#validation/faults.ts';
import { dnsLabelFaults } from '#validation/names.ts';
import { behaviour } from '#kinds/behaviour.ts';
import { ageColumn, column, nameColumn } from '#kinds/columns.ts';

export const runtimeClassBehaviour = behaviour<RuntimeClass>({
  columns: [nameColumn, column<RuntimeClass>('Handler', ({ handler }) => handler), ageColumn],
  strategy: {
    validate: ({ handler }) =>
      handler ? invalidValues('handler', handler, dnsLabelFaults(handler)) : [required('handler')],
    validateUpdate: (next, old) => immutable('handler', next.handler, old.handler),
  },
});
