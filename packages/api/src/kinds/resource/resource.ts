import type { DeviceClass, ResourceClaim, ResourceClaimTemplate, ResourceSlice } from '#types.generated.ts';
import { immutable } from '#validation/faults.ts';
import { behaviour } from '#kinds/behaviour.ts';
import { ageColumn, column, nameColumn, plainColumns } from '#kinds/columns.ts';

function stateText({ metadata, status }: ResourceClaim): string {
  const words: string[] = [];
  if (metadata.deletionTimestamp) words.push('deleted');
  if (!status?.allocation) {
    if (!metadata.deletionTimestamp) words.push('pending');
  } else {
    words.push('allocated');
    if (status.reservedFor?.length) words.push('reserved');
  }
  return words.join(',');
}

export const resourceClaimBehaviour = behaviour<ResourceClaim>({
  columns: [nameColumn, column<ResourceClaim>('State', stateText), ageColumn],
  strategy: {
    setDefaults(claim) {
      claim.status ??= {};
    },
    validateUpdate: (next, old) => immutable('spec', next.spec, old.spec),
  },
});

export const resourceClaimTemplateBehaviour = behaviour<ResourceClaimTemplate>({
  columns: plainColumns,
  strategy: { validateUpdate: (next, old) => immutable('spec', next.spec, old.spec) },
});

export const deviceClassBehaviour = behaviour<DeviceClass>({ columns: plainColumns });

export const resourceSliceBehaviour = behaviour<ResourceSlice>({
  columns: [
    nameColumn,
    column<ResourceSlice>('Node', ({ spec }) => spec?.nodeName),
    column<ResourceSlice>('Driver', ({ spec }) => spec?.driver),
    column<ResourceSlice>('Pool', ({ spec }) => spec?.pool?.name),
    ageColumn,
  ],
  strategy: {
    validateUpdate: (next, old) => [
      ...immutable('spec.nodeName', next.spec?.nodeName, old.spec?.nodeName),
      ...immutable('spec.driver', next.spec?.driver, old.spec?.driver),
      ...immutable('spec.pool.name', next.spec?.pool?.name, old.spec?.pool?.name),
    ],
    fieldValue({ spec }, field) {
      if (field === 'spec.nodeName') return spec?.nodeName ?? '';
      return field === 'spec.driver' ? (spec?.driver ?? '') : undefined;
    },
  },
});
