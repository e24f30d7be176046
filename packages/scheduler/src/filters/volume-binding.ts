import { volumeAllowsNode } from '@skerry/api';
import type { PrepareFilter } from '#filters/filter.ts';
import { rejection } from '#filters/filter.ts';
import { planVolumes } from '#volumes/plan.ts';
import { podClaims } from '#volumes/pod-claims.ts';

const elsewhere = rejection('VolumeBinding', "node(s) didn't match PersistentVolume's node affinity", false);
const nothingToBind = rejection(
  'VolumeBinding',
  "node(s) didn't find available persistent volumes to bind",
  false,
);
const noVolume = rejection(
  'VolumeBinding',
  'node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)',
  false,
);

/** Bound volumes say on which nodes they can be used; claims that wait for the pod must get theirs where it goes. */
export const volumeBinding: PrepareFilter = (info, { volumes }) => {
  if (info.claims.length === 0) return undefined;
  const claims = podClaims(info, volumes);
  if ('fault' in claims) return undefined;
  const { bound, delayed } = claims;
  if (bound.some(({ volume }) => !volume)) return () => noVolume;
  return ({ node }) => {
    if (bound.some(({ volume }) => volume && !volumeAllowsNode(volume, node))) return elsewhere;
    return delayed.length === 0 || planVolumes(delayed, node, volumes) ? undefined : nothingToBind;
  };
};
