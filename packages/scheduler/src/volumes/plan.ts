/** How the claims of a pod that wait for it would get their volumes on one node: from those that exist, or made there. */
import {
  bestVolumeFor,
  compareQuantities,
  matchesTopologyTerms,
  requestedStorage,
  storageClassOf,
} from '@skerry/api';
import type { Node, PersistentVolume, PersistentVolumeClaim } from '@skerry/api';
import type { VolumeLookup } from '#volumes/lookup.ts';
import { selectedNode } from '#volumes/pod-claims.ts';

export interface VolumePlan {
  /** Volumes that exist, and the claims that get them. */
  readonly bindings: readonly { readonly claim: PersistentVolumeClaim; readonly volume: PersistentVolume }[];
  /** Claims whose volumes are made on the node. */
  readonly provisions: readonly PersistentVolumeClaim[];
}

export const emptyPlan: VolumePlan = { bindings: [], provisions: [] };

/** Undefined when the node can't have all of them. Smaller claims choose first, so that none takes what only a bigger can use. */
export function planVolumes(
  delayed: readonly PersistentVolumeClaim[],
  node: Node,
  lookup: VolumeLookup,
): VolumePlan | undefined {
  const bindings: VolumePlan['bindings'][number][] = [];
  const provisions: PersistentVolumeClaim[] = [];
  const excluded = new Set<string>();
  for (const claim of bySize(delayed)) {
    const chosen = claim.metadata.annotations?.[selectedNode];
    if (chosen !== undefined && chosen !== node.metadata.name) return undefined;
    const volume =
      chosen === undefined
        ? bestVolumeFor(claim, lookup.candidates(claim), { node, excluded, delayed: true })
        : undefined;
    if (volume) {
      excluded.add(volume.metadata.name ?? '');
      bindings.push({ claim, volume });
    } else if (canProvision(claim, node, lookup)) provisions.push(claim);
    else return undefined;
  }
  return { bindings, provisions };
}

function bySize(claims: readonly PersistentVolumeClaim[]): readonly PersistentVolumeClaim[] {
  return claims.length < 2
    ? claims
    : claims.toSorted((a, b) => compareQuantities(requestedStorage(a), requestedStorage(b)));
}

const noProvisioner = 'kubernetes.io/no-provisioner';

function canProvision(claim: PersistentVolumeClaim, node: Node, lookup: VolumeLookup): boolean {
  const found = lookup.storageClass(storageClassOf(claim));
  if (!found?.provisioner || found.provisioner === noProvisioner) return false;
  return matchesTopologyTerms(found.allowedTopologies, node);
}
