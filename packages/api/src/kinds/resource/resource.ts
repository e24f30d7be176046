import type {
  DeviceClass,
  ResourceClaim,
  ResourceClaimSpec,
  ResourceClaimTemplate,
  ResourceSlice,
} from '#types.generated.ts';
import { longNameFaults } from '#validation/names.ts';
import { validateResourceClaimStatus } from '#validation/resource/claim-status.ts';
import {
  validateResourceClaim,
  validateResourceClaimTemplate,
  validateResourceClaimTemplateUpdate,
  validateResourceClaimUpdate,
} from '#validation/resource/claim.ts';
import { validateDeviceClass } from '#validation/resource/configuration.ts';
import { sliceWarnings, validateResourceSlice } from '#validation/resource/slice.ts';
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

/** With a device that is given back goes what its driver said about it. */
function dropGivenBack({ status }: ResourceClaim, old: ResourceClaim): void {
  if (!status?.devices) return;
  const nameOf = (device: { driver: string; pool: string; device: string; shareID?: string }) =>
    JSON.stringify([device.driver, device.pool, device.device, device.shareID ?? '']);
  const gone = new Set(old.status?.allocation?.devices?.results?.map(nameOf));
  for (const result of status.allocation?.devices?.results ?? []) gone.delete(nameOf(result));
  const kept = status.devices.filter((device) => !gone.has(nameOf(device)));
  if (kept.length > 0) status.devices = kept;
  else delete status.devices;
}

export const resourceClaimBehaviour = behaviour<ResourceClaim>({
  metaTold: 'twice',
  columns: [nameColumn, column<ResourceClaim>('State', stateText), ageColumn],
  strategy: {
    setDefaults(claim) {
      claim.status ??= {};
      setRequestDefaults(claim.spec);
    },
    prepareForCreate(claim) {
      claim.status = {};
    },
    prepareForStatus: dropGivenBack,
    validate: validateResourceClaim,
    validateUpdate: validateResourceClaimUpdate,
    validateStatus: validateResourceClaimStatus,
  },
});

export const resourceClaimTemplateBehaviour = behaviour<ResourceClaimTemplate>({
  metaTold: 'twice',
  columns: plainColumns,
  strategy: {
    setDefaults: ({ spec }) => setRequestDefaults(spec?.spec),
    validate: validateResourceClaimTemplate,
    validateUpdate: validateResourceClaimTemplateUpdate,
  },
});

export const deviceClassBehaviour = behaviour<DeviceClass>({
  metaTold: 'twice',
  nameRule: longNameFaults,
  columns: plainColumns,
  strategy: { validate: (found) => validateDeviceClass(found), validateUpdate: validateDeviceClass },
});

/** What only servers with more features than the usual ones keep. */
function dropUnserved({ spec }: ResourceSlice): void {
  for (const device of spec?.devices ?? []) {
    delete device.nodeAllocatableResourceMappings;
    for (const attribute of Object.values(device.attributes ?? {}))
      for (const list of ['bools', 'ints', 'strings', 'versions'] as const) delete attribute[list];
  }
}

/** A taint that doesn't say since when it is there is there since now. */
function timeTaints({ spec }: ResourceSlice, now: string | undefined): void {
  if (now === undefined) return;
  for (const { taints } of spec?.devices ?? []) for (const taint of taints ?? []) taint.timeAdded ??= now;
}

export const resourceSliceBehaviour = behaviour<ResourceSlice>({
  columns: [
    nameColumn,
    column<ResourceSlice>('Node', ({ spec }) => spec?.nodeName),
    column<ResourceSlice>('Driver', ({ spec }) => spec?.driver),
    column<ResourceSlice>('Pool', ({ spec }) => spec?.pool?.name),
    ageColumn,
  ],
  strategy: {
    prepareForCreate(slice) {
      dropUnserved(slice);
      timeTaints(slice, slice.metadata.creationTimestamp);
    },
    prepareForUpdate(slice, _, now) {
      dropUnserved(slice);
      timeTaints(slice, now);
    },
    validate: (slice) => validateResourceSlice(slice),
    validateUpdate: validateResourceSlice,
    warnings: sliceWarnings,
    fieldValue({ spec }, field) {
      if (field === 'spec.nodeName') return spec?.nodeName ?? '';
      return field === 'spec.driver' ? (spec?.driver ?? '') : undefined;
    },
  },
});
