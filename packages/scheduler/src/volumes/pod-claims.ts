/**
 * The claims of a pod, by what has to be done for them: those that are bound say where the pod may go; those that wait for it
 * get their volumes on the node that is chosen.
 */
import { delaysBinding, storageClassOf } from '@skerry/api';
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '@skerry/api';
import type { PodInfo } from '#pod-info.ts';
import type { VolumeLookup } from '#volumes/lookup.ts';

export const bindCompleted = 'pv.kubernetes.io/bind-completed';
export const boundByController = 'pv.kubernetes.io/bound-by-controller';
export const selectedNode = 'volume.kubernetes.io/selected-node';

export interface ClaimName {
  readonly claimName: string;
  readonly ephemeral: boolean;
}

export interface PodClaims {
  readonly bound: readonly {
    readonly claim: PersistentVolumeClaim;
    readonly volume: PersistentVolume | undefined;
  }[];
  readonly delayed: readonly PersistentVolumeClaim[];
}

const none: readonly ClaimName[] = [];

export function claimNames({ metadata, spec }: Pod): readonly ClaimName[] {
  const names = (spec?.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    if (persistentVolumeClaim) return [{ claimName: persistentVolumeClaim.claimName, ephemeral: false }];
    return ephemeral ? [{ claimName: `${metadata.name}-${name}`, ephemeral: true }] : [];
  });
  return names.length > 0 ? names : none;
}

export function isFullyBound({ metadata, spec }: PersistentVolumeClaim): boolean {
  return Boolean(spec?.volumeName) && metadata.annotations?.[bindCompleted] !== undefined;
}

/** The claims, or why no node at all can take the pod. The wordings are kube-scheduler's. */
export function podClaims(
  { claims, namespace, pod, uid }: PodInfo,
  lookup: VolumeLookup,
): PodClaims | { readonly fault: string } {
  const bound: PodClaims['bound'][number][] = [];
  const delayed: PersistentVolumeClaim[] = [];
  let immediate = false;
  for (const { claimName, ephemeral } of claims) {
    const claim = lookup.claim(namespace, claimName);
    const quoted = JSON.stringify(claimName);
    if (!claim)
      return {
        fault: ephemeral
          ? `waiting for ephemeral volume controller to create the persistentvolumeclaim ${quoted}`
          : `persistentvolumeclaim ${quoted} not found`,
      };
    if (claim.status?.phase === 'Lost')
      return {
        fault: `persistentvolumeclaim ${quoted} bound to non-existent persistentvolume ${JSON.stringify(claim.spec?.volumeName ?? '')}`,
      };
    if (claim.metadata.deletionTimestamp)
      return { fault: `persistentvolumeclaim ${quoted} is being deleted` };
    if (ephemeral && !claim.metadata.ownerReferences?.some((owner) => owner.controller && owner.uid === uid))
      return {
        fault: `PVC ${namespace}/${claimName} was not created for pod ${namespace}/${pod.metadata.name} (pod is not owner)`,
      };
    if (isFullyBound(claim)) bound.push({ claim, volume: lookup.volume(claim.spec?.volumeName ?? '') });
    else if (!claim.spec?.volumeName && delaysBinding(lookup.storageClass(storageClassOf(claim))))
      delayed.push(claim);
    else immediate = true;
  }
  const lost = bound.find(({ volume }) => !volume)?.claim.spec?.volumeName;
  if (!immediate && lost !== undefined)
    return { fault: `persistentvolume ${JSON.stringify(lost)} not found` };
  return immediate ? { fault: 'pod has unbound immediate PersistentVolumeClaims' } : { bound, delayed };
}
