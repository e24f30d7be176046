import { setClaimSpecDefaults } from '#defaults/pod-spec.ts';
import type { PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimSpec } from '#types.generated.ts';
import { claimWarnings } from '#validation/claim-warnings.ts';
import {
  validateClaim,
  validateClaimStatus,
  validateClaimUpdate,
  validateVolume,
  validateVolumeUpdate,
} from '#validation/core/volume.ts';
import { volumeWarnings } from '#validation/volume-warnings.ts';
import { behaviour } from '#kinds/behaviour.ts';
import { accessModesText, ageColumn, column, nameColumn } from '#kinds/columns.ts';

const betaClassAnnotation = 'volume.beta.kubernetes.io/storage-class';

function className(object: PersistentVolume | PersistentVolumeClaim): string {
  return object.metadata?.annotations?.[betaClassAnnotation] ?? object.spec?.storageClassName ?? '';
}

function phase(object: PersistentVolume | PersistentVolumeClaim): string {
  return object.metadata?.deletionTimestamp ? 'Terminating' : (object.status?.phase ?? '');
}

function attributesClass(object: PersistentVolume | PersistentVolumeClaim): string {
  return object.spec?.volumeAttributesClassName ?? '<unset>';
}

function claimText(volume: PersistentVolume): string {
  const claim = volume.spec?.claimRef;
  return claim ? `${claim.namespace ?? ''}/${claim.name ?? ''}` : '';
}

export const persistentVolumeBehaviour = behaviour<PersistentVolume>({
  metaTold: 'never',
  columns: [
    nameColumn,
    column<PersistentVolume>('Capacity', (volume) => volume.spec?.capacity?.storage ?? '0'),
    column<PersistentVolume>('Access Modes', (volume) => accessModesText(volume.spec?.accessModes)),
    column<PersistentVolume>('Reclaim Policy', (volume) => volume.spec?.persistentVolumeReclaimPolicy),
    column<PersistentVolume>('Status', phase),
    column<PersistentVolume>('Claim', claimText),
    column<PersistentVolume>('StorageClass', className),
    column<PersistentVolume>('VolumeAttributesClass', attributesClass),
    column<PersistentVolume>('Reason', (volume) => volume.status?.reason),
    ageColumn,
    column<PersistentVolume>('VolumeMode', (volume) => volume.spec?.volumeMode ?? '<unset>', { wide: true }),
  ],
  strategy: {
    setDefaults(volume) {
      volume.status ??= {};
      volume.status.phase ||= 'Pending';
      if (!volume.spec) return;
      volume.spec.persistentVolumeReclaimPolicy ||= 'Retain';
      volume.spec.volumeMode ??= 'Filesystem';
      if (volume.spec.hostPath) volume.spec.hostPath.type ??= '';
    },
    prepareForCreate(volume) {
      volume.status = { phase: 'Pending', lastPhaseTransitionTime: volume.metadata.creationTimestamp };
    },
    prepareForStatus({ status }, old, now) {
      if (!status) return;
      const before = old.status?.lastPhaseTransitionTime;
      status.lastPhaseTransitionTime ??= before;
      if (status.phase !== old.status?.phase && status.lastPhaseTransitionTime === before)
        status.lastPhaseTransitionTime = now;
    },
    validate: validateVolume,
    validateUpdate: validateVolumeUpdate,
    warnings: volumeWarnings,
  },
});

/** A source has two names; what the older can't name is dropped from it, and one that is given alone is told by both. */
function alignSources(spec: PersistentVolumeClaimSpec, old: PersistentVolumeClaimSpec = {}): void {
  const inUse = old.dataSource !== undefined || old.dataSourceRef !== undefined;
  // A source in another namespace is for clusters that allow it.
  if (spec.dataSourceRef?.namespace && !old.dataSourceRef) delete spec.dataSourceRef;
  if (!inUse && !spec.dataSourceRef && !isClassicSource(spec.dataSource)) delete spec.dataSource;
  const { dataSource, dataSourceRef } = spec;
  if (dataSource && !dataSourceRef) spec.dataSourceRef = { ...dataSource };
  else if (dataSourceRef && !dataSource && !dataSourceRef.namespace) spec.dataSource = { ...dataSourceRef };
}

function isClassicSource(source: PersistentVolumeClaimSpec['dataSource']): boolean {
  const group = source?.apiGroup ?? '';
  return (
    (source?.kind === 'PersistentVolumeClaim' && group === '') ||
    (source?.kind === 'VolumeSnapshot' && group === 'snapshot.storage.k8s.io')
  );
}

export const persistentVolumeClaimBehaviour = behaviour<PersistentVolumeClaim>({
  metaTold: 'twice',
  columns: [
    nameColumn,
    column<PersistentVolumeClaim>('Status', phase),
    column<PersistentVolumeClaim>('Volume', (claim) => claim.spec?.volumeName),
    column<PersistentVolumeClaim>('Capacity', (claim) =>
      claim.spec?.volumeName ? (claim.status?.capacity?.storage ?? '0') : '',
    ),
    column<PersistentVolumeClaim>('Access Modes', (claim) =>
      claim.spec?.volumeName ? accessModesText(claim.status?.accessModes) : '',
    ),
    column<PersistentVolumeClaim>('StorageClass', className),
    column<PersistentVolumeClaim>('VolumeAttributesClass', attributesClass),
    ageColumn,
    column<PersistentVolumeClaim>('VolumeMode', (claim) => claim.spec?.volumeMode ?? '<unset>', {
      wide: true,
    }),
  ],
  strategy: {
    setDefaults(claim) {
      claim.status ??= {};
      claim.status.phase ||= 'Pending';
      if (claim.spec) setClaimSpecDefaults(claim.spec);
    },
    prepareForCreate(claim) {
      claim.status = { phase: 'Pending' };
      if (claim.spec) alignSources(claim.spec);
    },
    prepareForUpdate(claim, old) {
      if (claim.spec) alignSources(claim.spec, old.spec);
    },
    validate: validateClaim,
    validateUpdate: validateClaimUpdate,
    validateStatus: validateClaimStatus,
    warnings: claimWarnings,
  },
});
