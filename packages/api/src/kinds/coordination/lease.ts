import type { Lease } from '#types.generated.ts';
import { validateLease } from '#validation/coordination.ts';
import { behaviour } from '#kinds/behaviour.ts';
import { ageColumn, column, nameColumn } from '#kinds/columns.ts';

export const leaseBehaviour = behaviour<Lease>({
  columns: [nameColumn, column<Lease>('Holder', ({ spec }) => spec?.holderIdentity), ageColumn],
  strategy: {
    validate: validateLease,
  },
});
