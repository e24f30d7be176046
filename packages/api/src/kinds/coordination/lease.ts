import type { Lease } from '#types.generated.ts';
import { invalidValue } from '#validation/faults.ts';
import { behaviour } from '#kinds/behaviour.ts';
import { ageColumn, column, nameColumn } from '#kinds/columns.ts';

export const leaseBehaviour = behaviour<Lease>({
  columns: [nameColumn, column<Lease>('Holder', ({ spec }) => spec?.holderIdentity), ageColumn],
  strategy: {
    validate({ spec }) {
      const faults = [];
      if (spec?.leaseDurationSeconds !== undefined && spec.leaseDurationSeconds <= 0)
        faults.push(
          invalidValue('spec.leaseDurationSeconds', spec.leaseDurationSeconds, 'must be greater than 0'),
        );
      if (spec?.leaseTransitions !== undefined && spec.leaseTransitions < 0)
        faults.push(
          invalidValue('spec.leaseTransitions', spec.leaseTransitions, 'must be greater than or equal to 0'),
        );
      return faults;
    },
  },
});
