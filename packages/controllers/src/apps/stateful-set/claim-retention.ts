/**
 * Who owns the claims of a StatefulSet's pods, and with whom they go, by `persistentVolumeClaimRetentionPolicy`; free of I/O.
 * Rules: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#persistentvolumeclaim-retention
 */
import type { KubeObject, OwnerReference, PersistentVolumeClaim, Pod, StatefulSet } from '@skerry/api';
import { resources } from '@skerry/client';
import type { ResourceRef } from '@skerry/client';
import { ownerReferenceTo } from '#runtime/ownership.ts';
import { isInRange, ordinalOf } from '#apps/stateful-set/replica.ts';

interface Owner {
  readonly object: KubeObject;
  readonly ref: ResourceRef;
}

function policyOf({ spec }: StatefulSet): { whenDeleted: string; whenScaled: string } {
  const { whenDeleted = 'Retain', whenScaled = 'Retain' } = spec?.persistentVolumeClaimRetentionPolicy ?? {};
  return { whenDeleted, whenScaled };
}

/** Whether a reference is to an object of this name and kind, or to one that had its name before. */
function names({ apiVersion, kind, name }: OwnerReference, { object, ref }: Owner): boolean {
  const { group, version } = ref;
  const isKind = kind === ref.kind && apiVersion === (group ? `${group}/${version}` : version);
  return isKind && name === object.metadata?.name;
}

/** Whose claims these should be: of the set while the pod is wanted, of the pod once the set has become smaller. */
export function ownersFor(set: StatefulSet, pod: Pod): OwnerReference[] {
  const { whenDeleted, whenScaled } = policyOf(set);
  const isScaledDown = !isInRange(set, ordinalOf(set, pod) ?? -1);
  if (whenScaled === 'Delete' && isScaledDown) return [ownerReferenceTo(pod, resources.pods)];
  return whenDeleted === 'Delete' ? [ownerReferenceTo(set, resources.statefulSets)] : [];
}

/** The references that a claim should have; undefined where it is to be left as it is. */
export function correctedOwners(
  claim: PersistentVolumeClaim,
  set: StatefulSet,
  pod: Pod,
): OwnerReference[] | undefined {
  const owners = claim.metadata.ownerReferences ?? [];
  const ours = [
    { object: set, ref: resources.statefulSets },
    { object: pod, ref: resources.pods },
  ];
  const isOurs = (owner: OwnerReference) => ours.some((one) => names(owner, one));
  // Those of a set or a pod that had this name before are the garbage collector's.
  const isStale = owners.some((owner) =>
    ours.some((one) => names(owner, one) && owner.uid !== one.object.metadata?.uid),
  );
  if (isStale) return undefined;
  const others = owners.filter((owner) => !isOurs(owner));
  const wanted = hasOtherController(claim, set, pod) ? [] : ownersFor(set, pod);
  const present = owners.filter(isOurs);
  const isRight =
    present.length === wanted.length &&
    wanted.every(({ uid }) => present.some((owner) => owner.uid === uid && owner.controller === true));
  return isRight ? undefined : [...others, ...wanted];
}

/** Whether something else manages a claim that the policy would have the set or the pod manage. */
export function hasOtherController(claim: PersistentVolumeClaim, set: StatefulSet, pod: Pod): boolean {
  const { whenDeleted, whenScaled } = policyOf(set);
  if (whenDeleted === 'Retain' && whenScaled === 'Retain') return false;
  const ours = new Set([set.metadata.uid, pod.metadata.uid]);
  return (claim.metadata.ownerReferences ?? []).some(({ controller, uid }) => controller && !ours.has(uid));
}

/** Whether a claim still goes with the pod that had this name before: a new pod must not take it. */
export function isStaleClaim(claim: PersistentVolumeClaim, set: StatefulSet, podName: string): boolean {
  if (policyOf(set).whenScaled === 'Retain') return false;
  const pod = { object: { metadata: { name: podName } }, ref: resources.pods };
  return (claim.metadata.ownerReferences ?? []).some((owner) => names(owner, pod));
}
