import type { PersistentVolume } from '@skerry/api';
import type { Snapshot } from '#cluster.ts';
import type { PrepareFilter } from '#filters/filter.ts';
import { rejection } from '#filters/filter.ts';
import type { PodInfo } from '#pod-info.ts';

const full = rejection('NodeVolumeLimits', 'node(s) exceed max volume count', true);

/**
 * A node's CSI drivers say how many of their volumes it can have. Volumes that the node has already cost nothing more.
 * https://kubernetes.io/docs/concepts/storage/storage-limits/
 */
export const nodeVolumeLimits: PrepareFilter = (info, snapshot) => {
  const wanted = csiVolumes(info, snapshot);
  if (wanted.size === 0) return undefined;
  return (node) => {
    const drivers = snapshot.volumes.csiNode(node.name)?.spec?.drivers ?? [];
    const limits = new Map(
      drivers.flatMap(({ name, allocatable }) =>
        allocatable?.count === undefined ? [] : [[name, allocatable.count] as const],
      ),
    );
    if (limits.size === 0) return undefined;
    const held = new Map<string, string>();
    for (const other of node.pods.values())
      if (other.claims.length > 0)
        for (const [handle, driver] of csiVolumes(other, snapshot)) held.set(handle, driver);
    for (const [driver, limit] of limits) {
      const added = [...wanted].filter(([handle, of]) => of === driver && !held.has(handle)).length;
      const there = [...held.values()].filter((of) => of === driver).length;
      if (added > 0 && added + there > limit) return full;
    }
    return undefined;
  };
};

/** Drivers by volume handle. */
function csiVolumes({ claims, namespace }: PodInfo, { volumes }: Snapshot): Map<string, string> {
  const found = new Map<string, string>();
  for (const { claimName } of claims) {
    const name = volumes.claim(namespace, claimName)?.spec?.volumeName;
    const csi = name ? csiOf(volumes.volume(name)) : undefined;
    if (csi) found.set(`${csi.driver}/${csi.volumeHandle}`, csi.driver);
  }
  return found;
}

function csiOf(volume: PersistentVolume | undefined) {
  return volume?.spec?.csi;
}
