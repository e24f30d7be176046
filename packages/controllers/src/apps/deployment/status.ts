/**
 * The status of a Deployment from its sets, and the conditions that `kubectl rollout status` and `kubectl wait` read.
 * Rules: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#deployment-status
 */
import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from '@skerry/api';
import { limits, replicasOf, totalAvailable, totalReplicas } from '#apps/deployment/rollout.ts';
import { timestamp } from '#runtime/status.ts';

export function conditionOf(
  status: DeploymentStatus | undefined,
  type: string,
): DeploymentCondition | undefined {
  return status?.conditions?.find((condition) => condition.type === type);
}

/** The conditions with one set, as Deployments do it: unchanged where status and reason are, moved on otherwise. */
export function withDeploymentCondition(
  conditions: readonly DeploymentCondition[] | undefined,
  condition: Pick<DeploymentCondition, 'type' | 'status' | 'reason' | 'message'>,
  nowMs: number,
): DeploymentCondition[] {
  const old = conditions?.find(({ type }) => type === condition.type);
  if (old?.status === condition.status && old.reason === condition.reason) return [...(conditions ?? [])];
  const now = timestamp(nowMs);
  const next: DeploymentCondition = {
    ...condition,
    lastUpdateTime: now,
    lastTransitionTime: old?.status === condition.status ? old.lastTransitionTime : now,
  };
  return [...(conditions ?? []).filter(({ type }) => type !== condition.type), next];
}

function without(
  conditions: readonly DeploymentCondition[] | undefined,
  type: string,
): DeploymentCondition[] {
  return (conditions ?? []).filter((condition) => condition.type !== type);
}

/** Counts and the Available condition; the Progressing condition is `progress`'s business. */
export function countedStatus(
  deployment: Deployment,
  sets: { readonly all: readonly ReplicaSet[]; readonly newSet: ReplicaSet | undefined },
  nowMs: number,
): DeploymentStatus {
  const sum = (count: (status: NonNullable<ReplicaSet['status']>) => number | undefined) =>
    sets.all.reduce((total, { status }) => total + ((status && count(status)) ?? 0), 0);
  const available = totalAvailable(sets.all);
  const isAvailable = available >= replicasOf(deployment) - limits(deployment).maxUnavailable;
  return {
    observedGeneration: deployment.metadata.generation,
    replicas: sum(({ replicas }) => replicas),
    updatedReplicas: sets.newSet?.status?.replicas ?? 0,
    readyReplicas: sum(({ readyReplicas }) => readyReplicas),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, totalReplicas(sets.all) - available),
    terminatingReplicas: sum(({ terminatingReplicas }) => terminatingReplicas),
    collisionCount: deployment.status?.collisionCount,
    conditions: withDeploymentCondition(
      deployment.status?.conditions,
      {
        type: 'Available',
        status: isAvailable ? 'True' : 'False',
        reason: isAvailable ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
        message: isAvailable
          ? 'Deployment has minimum availability.'
          : 'Deployment does not have minimum availability.',
      },
      nowMs,
    ),
  };
}

/** The highest number stands for none. */
export function hasDeadline({ spec }: Deployment): boolean {
  return spec?.progressDeadlineSeconds !== undefined && spec.progressDeadlineSeconds !== 2 ** 31 - 1;
}

export function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const wanted = replicasOf(deployment);
  return (
    status.updatedReplicas === wanted &&
    status.replicas === wanted &&
    status.availableReplicas === wanted &&
    (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  );
}

/** Sets Progressing in place of `status.conditions`; returns when to look again for a missed deadline. */
export function setProgress(
  deployment: Deployment,
  status: DeploymentStatus,
  given: {
    readonly newSet: ReplicaSet | undefined;
    readonly all: readonly ReplicaSet[];
    readonly nowMs: number;
  },
): { afterMs: number } | undefined {
  const { newSet, all, nowMs } = given;
  const deadlineSeconds = hasDeadline(deployment) ? deployment.spec?.progressDeadlineSeconds : undefined;
  if (deadlineSeconds === undefined) status.conditions = without(status.conditions, 'Progressing');
  const old = conditionOf(deployment.status, 'Progressing');
  const isDone = status.replicas === status.updatedReplicas && old?.reason === 'NewReplicaSetAvailable';
  if (deadlineSeconds !== undefined && !isDone) {
    const set = (condition: { status: string; reason: string; text: string }) => {
      const name = newSet
        ? `ReplicaSet "${newSet.metadata.name}"`
        : `Deployment "${deployment.metadata.name}"`;
      status.conditions = withDeploymentCondition(
        status.conditions,
        {
          type: 'Progressing',
          status: condition.status,
          reason: condition.reason,
          message: `${name} ${condition.text}`,
        },
        nowMs,
      );
    };
    if (isComplete(deployment, status)) {
      set({ status: 'True', reason: 'NewReplicaSetAvailable', text: 'has successfully progressed.' });
    } else if (isProgressing(deployment, status)) {
      // Progress restarts the deadline: the condition is made anew, keeping when it became True.
      const kept = old?.status === 'True' ? old.lastTransitionTime : undefined;
      status.conditions = without(status.conditions, 'Progressing');
      set({ status: 'True', reason: 'ReplicaSetUpdated', text: 'is progressing.' });
      const made = conditionOf(status, 'Progressing');
      if (made && kept) made.lastTransitionTime = kept;
    } else if (isTimedOut(old, deadlineSeconds, nowMs)) {
      set({ status: 'False', reason: 'ProgressDeadlineExceeded', text: 'has timed out progressing.' });
    }
  }
  const failed = [...(newSet ? [newSet] : []), ...all]
    .flatMap((one) => one.status?.conditions ?? [])
    .find(({ type }) => type === 'ReplicaFailure');
  status.conditions = failed
    ? withDeploymentCondition(
        status.conditions,
        { type: 'ReplicaFailure', status: failed.status, reason: failed.reason, message: failed.message },
        nowMs,
      )
    : without(status.conditions, 'ReplicaFailure');
  return untilDeadline(status, deadlineSeconds, { nowMs, isComplete: isComplete(deployment, status) });
}

function isProgressing(deployment: Deployment, status: DeploymentStatus): boolean {
  const old = deployment.status ?? {};
  const outdated = (of: DeploymentStatus) => (of.replicas ?? 0) - (of.updatedReplicas ?? 0);
  return (
    (status.updatedReplicas ?? 0) > (old.updatedReplicas ?? 0) ||
    outdated(status) < outdated(old) ||
    (status.readyReplicas ?? 0) > (old.readyReplicas ?? 0) ||
    (status.availableReplicas ?? 0) > (old.availableReplicas ?? 0)
  );
}

function isTimedOut(
  condition: DeploymentCondition | undefined,
  deadlineSeconds: number,
  nowMs: number,
): boolean {
  if (!condition || condition.reason === 'NewReplicaSetAvailable') return false;
  if (condition.reason === 'ProgressDeadlineExceeded') return true;
  return nowMs - Date.parse(condition.lastUpdateTime ?? '') > deadlineSeconds * 1000;
}

function untilDeadline(
  status: DeploymentStatus,
  deadlineSeconds: number | undefined,
  { nowMs, isComplete }: { nowMs: number; isComplete: boolean },
): { afterMs: number } | undefined {
  const condition = conditionOf(status, 'Progressing');
  if (deadlineSeconds === undefined || isComplete || !condition) return undefined;
  if (condition.reason === 'ProgressDeadlineExceeded') return undefined;
  // One second more, since conditions are kept in whole seconds.
  const dueMs = Date.parse(condition.lastUpdateTime ?? '') + (deadlineSeconds + 1) * 1000;
  return { afterMs: Math.max(1_000, dueMs - nowMs) };
}
