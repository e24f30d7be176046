/**
 * The members of a StatefulSet, by ordinal: what their names say, which of them are to be there, and how they are; free of
 * I/O. Rules: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/
 */
import type { Pod, StatefulSet, StatefulSetStatus } from '@skerry/api';
import { revisionHashLabel } from '#runtime/revision-history.ts';
import { availability, isReady, resolveIntOrPercent } from '#runtime/pods.ts';

/** A place in the set; without a pod it is still to be filled. */
export interface Replica {
  readonly ordinal: number;
  readonly pod: Pod | undefined;
}

export interface Members {
  /** Those that are to be there, in order. */
  readonly replicas: readonly Replica[];
  /** Pods beyond them, highest ordinal first. */
  readonly condemned: readonly Pod[];
}

/** Of a pod that is named as one of the set's. */
export function ordinalOf(set: StatefulSet, { metadata }: Pod): number | undefined {
  const [, parent, digits = ''] = /^(.*)-(\d+)$/.exec(metadata.name ?? '') ?? [];
  const ordinal = Number(digits);
  return parent === set.metadata.name && ordinal <= 0x7fffffff ? ordinal : undefined;
}

export function isInRange({ spec }: StatefulSet, ordinal: number): boolean {
  const start = spec?.ordinals?.start ?? 0;
  return ordinal >= start && ordinal < start + (spec?.replicas ?? 1);
}

export function membersOf(set: StatefulSet, pods: readonly Pod[]): Members {
  const start = set.spec?.ordinals?.start ?? 0;
  const byOrdinal = new Map<number, Pod>();
  for (const pod of pods) {
    const ordinal = ordinalOf(set, pod);
    if (ordinal !== undefined) byOrdinal.set(ordinal, pod);
  }
  const replicas = Array.from({ length: set.spec?.replicas ?? 1 }, (_, index) => ({
    ordinal: start + index,
    pod: byOrdinal.get(start + index),
  }));
  const condemned = [...byOrdinal]
    .filter(([ordinal]) => !isInRange(set, ordinal))
    .sort(([a], [b]) => b - a)
    .map(([, pod]) => pod);
  return { replicas, condemned };
}

export interface Health {
  readonly minReadySeconds: number | undefined;
  readonly nowMs: number;
}

export function isTerminating({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined;
}

export function isRunningAndReady(pod: Pod): boolean {
  return pod.status?.phase === 'Running' && isReady(pod);
}

export function isAvailable(pod: Pod, health: Health): boolean {
  return availability(pod, health).available;
}

export function isUnavailable(pod: Pod | undefined, health: Health): boolean {
  return !pod || !isAvailable(pod, health) || isTerminating(pod);
}

export function revisionOf({ metadata }: Pod): string {
  return metadata.labels?.[revisionHashLabel] ?? '';
}

/** The pod that holds up all others: the lowest of those to keep, or else of those to remove. */
export function firstUnavailable(
  { replicas, condemned }: Members,
  health: Health,
): Replica | Pod | undefined {
  return (
    replicas.find(({ pod }) => isUnavailable(pod, health)) ??
    condemned.findLast((pod) => isUnavailable(pod, health))
  );
}

export interface RevisionNames {
  readonly current: string;
  readonly update: string;
}

/** Whether a pod that is made now gets the template from before the update. */
export function isHeldBack({ spec, status }: StatefulSet, ordinal: number): boolean {
  const { type = 'RollingUpdate', rollingUpdate } = spec?.updateStrategy ?? {};
  const start = spec?.ordinals?.start ?? 0;
  if (rollingUpdate) return ordinal < start + (rollingUpdate.partition ?? 0);
  return type === 'RollingUpdate' && ordinal < start + (status?.currentReplicas ?? 0);
}

/**
 * Pods of an old template that give way now, highest ordinal first: one at a time and only while all above it are available,
 * or, where `maxUnavailable` is set, as many as that leaves.
 */
export function outdated(
  { spec }: StatefulSet,
  replicas: readonly Replica[],
  { update, health }: { readonly update: string; readonly health: Health },
): Pod[] {
  const { type = 'RollingUpdate', rollingUpdate } = spec?.updateStrategy ?? {};
  if (type === 'OnDelete') return [];
  const targets = replicas.slice(rollingUpdate?.partition ?? 0).toReversed();
  const isOld = (pod: Pod | undefined): pod is Pod =>
    pod !== undefined && revisionOf(pod) !== update && !isTerminating(pod);
  if (rollingUpdate?.maxUnavailable !== undefined) {
    const total = replicas.length;
    const most = Math.max(1, resolveIntOrPercent(rollingUpdate.maxUnavailable, { total, round: 'down' }));
    const unavailable = replicas.filter(({ pod }) => isUnavailable(pod, health)).length;
    return targets
      .map(({ pod }) => pod)
      .filter(isOld)
      .slice(0, Math.max(0, most - unavailable));
  }
  for (const { pod } of targets) {
    if (isOld(pod)) return [pod];
    if (isUnavailable(pod, health)) return [];
  }
  return [];
}

export function statusOf(
  set: StatefulSet,
  pods: readonly Pod[],
  { revisions, health }: { readonly revisions: RevisionNames; readonly health: Health },
): StatefulSetStatus {
  const ready = pods.filter(isRunningAndReady);
  const staying = pods.filter((pod) => !isTerminating(pod)).map(revisionOf);
  return {
    observedGeneration: set.metadata.generation,
    replicas: pods.length,
    readyReplicas: ready.length,
    availableReplicas: ready.filter((pod) => isAvailable(pod, health)).length,
    currentReplicas: staying.filter((revision) => revision === revisions.current).length,
    updatedReplicas: staying.filter((revision) => revision === revisions.update).length,
    currentRevision: revisions.current,
    updateRevision: revisions.update,
    collisionCount: set.status?.collisionCount ?? 0,
    ...(set.status?.conditions ? { conditions: set.status.conditions } : {}),
  };
}

/** When every pod is of the new template and ready, the new template is the current one. */
export function completeUpdate({ spec }: StatefulSet, status: StatefulSetStatus): void {
  const wanted = spec?.replicas ?? 1;
  const { replicas, readyReplicas, updatedReplicas, updateRevision } = status;
  const isRolling = (spec?.updateStrategy?.type ?? 'RollingUpdate') === 'RollingUpdate';
  if (!isRolling || [replicas, readyReplicas, updatedReplicas].some((count) => count !== wanted)) return;
  status.currentReplicas = updatedReplicas;
  status.currentRevision = updateRevision;
}
