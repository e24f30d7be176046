import type {
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  StorageClass,
  VolumeAttachment,
  VolumeAttributesClass,
} from '#types.generated.ts';
import { sameJson } from '#validation/faults.ts';
import {
  validateAttachment,
  validateAttachmentUpdate,
  validateCsiDriver,
  validateCsiDriverUpdate,
  validateCsiNode,
  validateCsiNodeUpdate,
  validateStorageCapacity,
  validateStorageCapacityUpdate,
} from '#validation/storage/csi.ts';
import {
  validateAttributesClass,
  validateAttributesClassUpdate,
  validateStorageClass,
  validateStorageClassUpdate,
} from '#validation/storage/storage-class.ts';
import { behaviour } from '#kinds/behaviour.ts';
import { isDefaultStorageClass } from '#kinds/storage/default-class.ts';
import { ageColumn, column, createdAtColumn, nameColumn } from '#kinds/columns.ts';

export const storageClassBehaviour = behaviour<StorageClass>({
  columns: [
    {
      ...nameColumn,
      cell: (object) => {
        const name = object.metadata?.name ?? '';
        return isDefaultStorageClass({ metadata: object.metadata ?? {} }) ? `${name} (default)` : name;
      },
    },
    column<StorageClass>('Provisioner', ({ provisioner }) => provisioner),
    column<StorageClass>('ReclaimPolicy', ({ reclaimPolicy }) => reclaimPolicy ?? 'Delete'),
    column<StorageClass>('VolumeBindingMode', ({ volumeBindingMode }) => volumeBindingMode ?? 'Immediate'),
    column<StorageClass>('AllowVolumeExpansion', ({ allowVolumeExpansion }) => allowVolumeExpansion ?? false),
    ageColumn,
  ],
  strategy: {
    setDefaults(storageClass) {
      storageClass.reclaimPolicy ??= 'Delete';
      storageClass.volumeBindingMode ??= 'Immediate';
    },
    validate: validateStorageClass,
    validateUpdate: validateStorageClassUpdate,
  },
});

export const volumeAttachmentBehaviour = behaviour<VolumeAttachment>({
  metaTold: 'never',
  columns: [
    nameColumn,
    column<VolumeAttachment>('Attacher', ({ spec }) => spec.attacher, { format: 'name' }),
    column<VolumeAttachment>('PV', ({ spec }) => spec.source.persistentVolumeName),
    column<VolumeAttachment>('Node', ({ spec }) => spec.nodeName),
    column<VolumeAttachment>('Attached', ({ status }) => status?.attached ?? false, { type: 'boolean' }),
    ageColumn,
  ],
  strategy: {
    validate: validateAttachment,
    validateUpdate: validateAttachmentUpdate,
  },
});

export const csiNodeBehaviour = behaviour<CSINode>({
  metaTold: 'never',
  columns: [
    nameColumn,
    column<CSINode>('Drivers', ({ spec }) => spec?.drivers?.length ?? 0, { type: 'integer' }),
    ageColumn,
  ],
  strategy: {
    validate: validateCsiNode,
    validateUpdate: validateCsiNodeUpdate,
  },
});

/** That nodes without the driver get no pods is a feature that is off unless asked for. */
function dropScalingLimit({ spec }: CSIDriver, old: CSIDriver | undefined): void {
  if (spec && old?.spec?.preventPodSchedulingIfMissing === undefined)
    delete spec.preventPodSchedulingIfMissing;
}

export const csiDriverBehaviour = behaviour<CSIDriver>({
  columns: [
    nameColumn,
    column<CSIDriver>('AttachRequired', ({ spec }) => spec?.attachRequired ?? true, { type: 'boolean' }),
    column<CSIDriver>('PodInfoOnMount', ({ spec }) => spec?.podInfoOnMount ?? false, { type: 'boolean' }),
    column<CSIDriver>('StorageCapacity', ({ spec }) => spec?.storageCapacity ?? false, { type: 'boolean' }),
    column<CSIDriver>('TokenRequests', ({ spec }) =>
      spec?.tokenRequests ? spec.tokenRequests.map(({ audience }) => audience).join(',') : '<unset>',
    ),
    column<CSIDriver>('RequiresRepublish', ({ spec }) => spec?.requiresRepublish ?? false, {
      type: 'boolean',
    }),
    column<CSIDriver>('Modes', ({ spec }) => (spec?.volumeLifecycleModes ?? []).join(',') || '<none>'),
    ageColumn,
  ],
  strategy: {
    setDefaults({ spec }) {
      if (!spec) return;
      spec.attachRequired ??= true;
      spec.podInfoOnMount ??= false;
      spec.storageCapacity ??= false;
      spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType';
      if (!spec.volumeLifecycleModes?.length) spec.volumeLifecycleModes = ['Persistent'];
      spec.requiresRepublish ??= false;
      spec.seLinuxMount ??= false;
    },
    prepareForCreate: (driver) => dropScalingLimit(driver, undefined),
    prepareForUpdate: dropScalingLimit,
    validate: validateCsiDriver,
    validateUpdate: validateCsiDriverUpdate,
    warnings({ spec }, old) {
      const asks = spec?.tokenRequests?.length && spec.serviceAccountTokenInSecrets === undefined;
      if (!asks || (old && sameJson(spec.tokenRequests, old.spec?.tokenRequests))) return [];
      return [
        'spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes',
      ];
    },
  },
});

export const csiStorageCapacityBehaviour = behaviour<CSIStorageCapacity>({
  columns: [nameColumn, createdAtColumn],
  strategy: {
    validate: validateStorageCapacity,
    validateUpdate: validateStorageCapacityUpdate,
  },
});

export const volumeAttributesClassBehaviour = behaviour<VolumeAttributesClass>({
  columns: [
    nameColumn,
    column<VolumeAttributesClass>('DriverName', ({ driverName }) => driverName),
    ageColumn,
  ],
  metaTold: 'twice',
  strategy: { validate: validateAttributesClass, validateUpdate: validateAttributesClassUpdate },
});
