import type {
  DeviceClass,
  ResourceClaim,
  ResourceClaimSpec,
  ResourceClaimTemplate,
  ResourceSlice,
} from '#types.generated.ts';
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

/** A request is for exactly one device unless it says otherwise. */
function setRequestDefaults(spec: ResourceClaimSpec | undefined): void {
  for (const { exactly, firstAvailable } of spec?.devices?.requests ?? [])
    for (const request of [...(exactly ? [exactly] : []), ...(firstAvailable ?? [])]) {
      request.allocationMode ||= 'ExactCount';
      if (request.allocationMode === 'ExactCount') request.count ||= 1;
      for (const toleration of request.tolerations ?? []) toleration.operator ||= 'Equal';
    }
}

export const resourceClaimBehaviour = behaviour<ResourceClaim>({
  columns: [nameColumn, column<ResourceClaim>('State', stateText), ageColumn],
  strategy: {
    setDefaults(claim) {
      claim.status ??= {};
      setRequestDefaults(claim.spec);
    },
    validateUpdate: (next, old) => immutable('spec', next.spec, old.spec),
  },
});

export const resourceClaimTemplateBehaviour = behaviour<ResourceClaimTemplate>({
  columns: plainColumns,
  strategy: {
    setDefaults: ({ spec }) => setRequestDefaults(spec?.spec),
    validateUpdate: (next, old) => immutable('spec', next.spec, old.spec),
  },
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
