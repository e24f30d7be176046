import type { Lease } from '#types.generated.ts';
import { validateLease } from '#validation/coordination.ts';
import { behaviour } from '#kinds/behaviour.ts';
import { ageColumn, column, nameColumn } from '#kinds/columns.ts';

/** Elections that the server holds are a feature that is off unless asked for. */
function dropElection({ spec }: Lease, old: Lease | undefined): void {
  for (const field of ['strategy', 'preferredHolder'] as const)
    if (spec && old?.spec?.[field] === undefined) delete spec[field];
}

export const leaseBehaviour = behaviour<Lease>({
  columns: [nameColumn, column<Lease>('Holder', ({ spec }) => spec?.holderIdentity), ageColumn],
  strategy: {
    prepareForCreate: (lease) => dropElection(lease, undefined),
    prepareForUpdate: dropElection,
    validate: validateLease,
  },
});
