/** What decisions read of storage, with what earlier decisions have promised already in it. */
import type { CSINode, PersistentVolume, PersistentVolumeClaim, StorageClass } from '@skerry/api';

export interface VolumeLookup {
  claim(namespace: string, name: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  storageClass(name: string): StorageClass | undefined;
  /** Volumes that are promised to the claim, or free and of its class. */
  candidates(claim: PersistentVolumeClaim): readonly PersistentVolume[];
  csiNode(name: string): CSINode | undefined;
}

export const noVolumes: VolumeLookup = {
  claim: () => undefined,
  volume: () => undefined,
  storageClass: () => undefined,
  candidates: () => [],
  csiNode: () => undefined,
};
