import { matchesNodeSelector } from '@skerry/api';
import type { Pod } from '@skerry/api';
import type { VolumeLookup } from '#cluster.ts';
import type { PrepareFilter } from '#filters/filter.ts';
import { rejection } from '#filters/filter.ts';

const elsewhere = rejection('VolumeBinding', "node(s) didn't match PersistentVolume's node affinity", false);

/** Why no node can take the pod's claims: one is missing, or not bound yet. */
export function unboundClaims({ metadata, spec }: Pod, volumes: VolumeLookup): string | undefined {
  for (const { claimName } of claimsOf({ metadata, spec })) {
    const claim = volumes.claim(metadata.namespace ?? 'default', claimName);
    if (!claim) return `persistentvolumeclaim "${claimName}" not found`;
    if (claim.status?.phase === 'Lost')
      return `persistentvolumeclaim "${claimName}" bound to non-existent persistentvolume "${claim.spec?.volumeName ?? ''}"`;
    if (!claim.spec?.volumeName) return 'pod has unbound immediate PersistentVolumeClaims';
  }
  return undefined;
}

/** Bound volumes say on which nodes they can be used. */
export const volumeBinding: PrepareFilter = ({ pod }, { volumes }) => {
  const selectors = claimsOf(pod).flatMap(({ claimName }) => {
    const claim = volumes.claim(pod.metadata.namespace ?? 'default', claimName);
    const required = volumes.volume(claim?.spec?.volumeName ?? '')?.spec?.nodeAffinity?.required;
    return required ? [required] : [];
  });
  if (selectors.length === 0) return undefined;
  return ({ node }) =>
    selectors.every((selector) => matchesNodeSelector(selector, node)) ? undefined : elsewhere;
};

function claimsOf({ metadata, spec }: Pick<Pod, 'metadata' | 'spec'>): { claimName: string }[] {
  return (spec?.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    if (persistentVolumeClaim) return [{ claimName: persistentVolumeClaim.claimName }];
    return ephemeral ? [{ claimName: `${metadata.name}-${name}` }] : [];
  });
}
