/**
 * The arithmetic of a rolling update, free of I/O: how many pods each ReplicaSet may have now.
 * Rules: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-update-deployment
 */
import type { Deployment, ReplicaSet } from '@skerry/api';
import { resolveIntOrPercent } from '#runtime/pods.ts';

export const desiredReplicasAnnotation = 'deployment.kubernetes.io/desired-replicas';
export const maxReplicasAnnotation = 'deployment.kubernetes.io/max-replicas';

export function replicasOf(object: Deployment | ReplicaSet): number {
  return object.spec?.replicas ?? 1;
}

export function totalReplicas(sets: readonly ReplicaSet[]): number {
  return sets.reduce((sum, set) => sum + replicasOf(set), 0);
}

export function totalAvailable(sets: readonly ReplicaSet[]): number {
  return sets.reduce((sum, set) => sum + (set.status?.availableReplicas ?? 0), 0);
}

/** Without those that a set has been told to give up, of which its status may know nothing yet. */
function totalStaying(sets: readonly ReplicaSet[]): number {
  const staying = (set: ReplicaSet) => Math.min(set.status?.availableReplicas ?? 0, replicasOf(set));
  return sets.reduce((sum, set) => sum + staying(set), 0);
}

export function isRollingUpdate(deployment: Deployment): boolean {
  return (deployment.spec?.strategy?.type ?? 'RollingUpdate') === 'RollingUpdate';
}

/** Surge rounds up, unavailability down; where both come to nothing, one pod may be missing. */
export function limits(deployment: Deployment): { maxSurge: number; maxUnavailable: number } {
  if (!isRollingUpdate(deployment)) return { maxSurge: 0, maxUnavailable: 0 };
  const total = replicasOf(deployment);
  const { maxSurge = '25%', maxUnavailable = '25%' } = deployment.spec?.strategy?.rollingUpdate ?? {};
  const surge = resolveIntOrPercent(maxSurge, { total, round: 'up' });
  const unavailable = resolveIntOrPercent(maxUnavailable, { total, round: 'down' });
  if (surge === 0 && unavailable === 0) return { maxSurge: 0, maxUnavailable: Math.min(1, total) };
  return { maxSurge: surge, maxUnavailable: Math.min(unavailable, total) };
}

/** How large the new set may be, given what all sets have now. */
export function newSetSize(deployment: Deployment, all: readonly ReplicaSet[], newSize: number): number {
  const wanted = replicasOf(deployment);
  if (!isRollingUpdate(deployment)) return wanted;
  if (newSize > wanted) return wanted;
  const room = wanted + limits(deployment).maxSurge - totalReplicas(all);
  return room <= 0 ? newSize : newSize + Math.min(room, wanted - newSize);
}

/** New sizes of old sets, by name: unhealthy pods first, then as far as enough pods stay available. */
export function oldSetSizes(
  deployment: Deployment,
  { newSet, oldSets }: { readonly newSet: ReplicaSet; readonly oldSets: readonly ReplicaSet[] },
): Map<string, number> {
  const sizes = new Map<string, number>();
  const all = [newSet, ...oldSets];
  const minAvailable = replicasOf(deployment) - limits(deployment).maxUnavailable;
  const newUnavailable = replicasOf(newSet) - (newSet.status?.availableReplicas ?? 0);
  let removable = totalReplicas(all) - minAvailable - newUnavailable;
  if (removable <= 0) return sizes;
  const oldestFirst = oldSets.toSorted(byAge);
  for (const set of oldestFirst) {
    const unhealthy = replicasOf(set) - (set.status?.availableReplicas ?? 0);
    const count = Math.min(removable, Math.max(unhealthy, 0));
    if (count <= 0) continue;
    sizes.set(nameOf(set), replicasOf(set) - count);
    removable -= count;
  }
  let spare = totalStaying(all) - minAvailable;
  for (const set of oldestFirst) {
    const size = sizes.get(nameOf(set)) ?? replicasOf(set);
    const count = Math.min(size, Math.max(spare, 0));
    if (count <= 0) continue;
    sizes.set(nameOf(set), size - count);
    spare -= count;
  }
  return sizes;
}

/** Whether `spec.replicas` was changed since the sets were last sized. */
export function isScaling(deployment: Deployment, sets: readonly ReplicaSet[]): boolean {
  return sets.some((set) => {
    const desired = set.metadata.annotations?.[desiredReplicasAnnotation];
    return replicasOf(set) > 0 && desired !== undefined && Number(desired) !== replicasOf(deployment);
  });
}

export function isSaturated(deployment: Deployment, set: ReplicaSet | undefined): boolean {
  if (!set) return false;
  const wanted = replicasOf(deployment);
  return (
    replicasOf(set) === wanted &&
    Number(set.metadata.annotations?.[desiredReplicasAnnotation]) === wanted &&
    set.status?.availableReplicas === wanted
  );
}

/**
 * New sizes after `spec.replicas` changed in the middle of a rollout (or while paused): each set grows or shrinks with its
 * share, so that what the rollout has reached is kept. The first set takes what rounding left.
 */
export function proportionalSizes(
  deployment: Deployment,
  active: readonly ReplicaSet[],
): Map<string, number> {
  const wanted = replicasOf(deployment);
  const allowed = wanted > 0 ? wanted + limits(deployment).maxSurge : 0;
  const difference = allowed - totalReplicas(active);
  const newestFirst = difference > 0;
  const sets = active.toSorted(
    (a, b) => replicasOf(b) - replicasOf(a) || (newestFirst ? -byAge(a, b) : byAge(a, b)),
  );
  const sizes = new Map<string, number>();
  let added = 0;
  for (const set of sets) {
    const share = difference === 0 ? 0 : shareOf(set, { deployment, allowed, difference, added });
    sizes.set(nameOf(set), replicasOf(set) + share);
    added += share;
  }
  const first = sets[0];
  if (first && difference !== added) {
    sizes.set(nameOf(first), Math.max(0, (sizes.get(nameOf(first)) ?? 0) + difference - added));
  }
  return sizes;
}

function shareOf(
  set: ReplicaSet,
  given: { deployment: Deployment; allowed: number; difference: number; added: number },
): number {
  const { deployment, allowed, difference, added } = given;
  if (replicasOf(set) === 0) return 0;
  if (replicasOf(deployment) === 0) return Math.max(-replicasOf(set), difference - added);
  const annotated = Number(set.metadata.annotations?.[maxReplicasAnnotation]);
  const before = annotated > 0 ? annotated : (deployment.status?.replicas ?? 0);
  if (before === 0) return 0;
  const share = Math.round((replicasOf(set) * allowed) / before) - replicasOf(set);
  const rest = difference - added;
  return difference > 0 ? Math.min(Math.max(share, 0), rest) : Math.max(Math.min(share, 0), rest);
}

export function byAge(a: ReplicaSet, b: ReplicaSet): number {
  const [one, two] = [a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? ''];
  if (one !== two) return one < two ? -1 : 1;
  return nameOf(a) < nameOf(b) ? -1 : 1;
}

export function nameOf(set: ReplicaSet): string {
  return set.metadata.name ?? '';
}
