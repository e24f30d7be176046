/** What a claim asks of the local-path provisioner, and the volume it gets. */
import { quantityValue, requestedStorage, type Node, type PersistentVolume } from '@skerry/api';
import type { PersistentVolumeClaim, StorageClass } from '@skerry/api';
import { provisionedBy, provisionerFinalizer } from '#storage/annotations.ts';
import { localPathProvisioner } from '#storage/local-path/storage-class.ts';

const hostname = 'kubernetes.io/hostname';

export function localVolumeName({ metadata }: PersistentVolumeClaim): string {
  return `pvc-${metadata.uid}`;
}

export function isLocalVolume({ metadata }: PersistentVolume): boolean {
  return metadata.annotations?.[provisionedBy] === localPathProvisioner;
}

/** What a folder on one node can't be. */
export function unservable({ spec }: PersistentVolumeClaim): string | undefined {
  const { accessModes = [], volumeMode = 'Filesystem', selector, dataSource, dataSourceRef } = spec ?? {};
  const wrong = accessModes.find((mode) => mode !== 'ReadWriteOnce' && mode !== 'ReadWriteOncePod');
  if (wrong) return `a folder on one node only supports ReadWriteOnce and ReadWriteOncePod, not ${wrong}`;
  if (volumeMode !== 'Filesystem')
    return `a folder is no block device: volumeMode ${volumeMode} is not supported`;
  if (selector) return 'claim Selector is not supported';
  if (dataSource ?? dataSourceRef) return 'a data source is not supported';
  return undefined;
}

export function sizeBytesOf(claim: PersistentVolumeClaim): number {
  return quantityValue(requestedStorage(claim));
}

export function localVolume(
  claim: PersistentVolumeClaim,
  { storageClass, node, path }: { storageClass: StorageClass; node: Node; path: string },
): PersistentVolume {
  const { name, namespace, uid, resourceVersion } = claim.metadata;
  const host = node.metadata.labels?.[hostname] ?? node.metadata.name ?? '';
  return {
    metadata: {
      name: localVolumeName(claim),
      annotations: { [provisionedBy]: localPathProvisioner },
      finalizers: [provisionerFinalizer],
    },
    spec: {
      accessModes: claim.spec?.accessModes,
      capacity: { storage: claim.spec?.resources?.requests?.['storage'] ?? '0' },
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name, namespace, uid, resourceVersion },
      local: { path },
      mountOptions: storageClass.mountOptions,
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: hostname, operator: 'In', values: [host] }] }],
        },
      },
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? 'Delete',
      storageClassName: storageClass.metadata.name,
      volumeMode: 'Filesystem',
    },
  };
}
