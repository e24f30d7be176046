/** States of what keeps pods running: how many there should be against how many there are, and whether it still moves. */
import type { CronJob, DaemonSet, Deployment, Job, ReplicaSet, StatefulSet } from '@skerry/api';
import type { StateCell } from '#cache/item.ts';
import { conditionOf, isTrue, state, whyOf } from '#views/states/state.ts';

export function deploymentState({ metadata, spec, status = {} }: Deployment): StateCell {
  const desired = spec?.replicas ?? 1;
  const { conditions } = status;
  if (metadata.deletionTimestamp) return state('Terminating', 'progressing');
  const progress = conditionOf(conditions, 'Progressing');
  if (progress?.reason === 'ProgressDeadlineExceeded')
    return state('Stuck', 'error', { why: progress.message, since: progress.lastTransitionTime });
  const failure = conditionOf(conditions, 'ReplicaFailure');
  if (failure?.status === 'True')
    return state('Failing', 'error', { why: whyOf(failure), since: failure.lastTransitionTime });
  if (desired === 0) return state('Scaled to zero', 'unknown');
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0)) return reconciling;
  const updated = status.updatedReplicas ?? 0;
  const available = status.availableReplicas ?? 0;
  if (spec?.paused && updated < desired)
    return state('Paused', 'unknown', { why: counts(updated, desired, 'updated') });
  if (updated < desired)
    return state('Progressing', 'progressing', { why: counts(updated, desired, 'updated') });
  if ((status.replicas ?? 0) > updated)
    return state('Progressing', 'progressing', {
      why: `${(status.replicas ?? 0) - updated} old replicas are going`,
    });
  return settled(available, desired, conditionOf(conditions, 'Available')?.lastTransitionTime);
}

export function statefulSetState({ metadata, spec, status }: StatefulSet): StateCell {
  const desired = spec?.replicas ?? 1;
  if (metadata.deletionTimestamp) return state('Terminating', 'progressing');
  if ((status?.observedGeneration ?? 0) < (metadata.generation ?? 0)) return reconciling;
  if (desired === 0) return state('Scaled to zero', 'unknown');
  const updated = status?.updatedReplicas ?? 0;
  const wanted = desired - (spec?.updateStrategy?.rollingUpdate?.partition ?? 0);
  if (status?.updateRevision !== status?.currentRevision && updated < wanted)
    return state('Progressing', 'progressing', { why: counts(updated, wanted, 'updated') });
  return settled(status?.readyReplicas ?? 0, desired);
}

export function replicaSetState({
  metadata,
  spec,
  status,
}: Pick<ReplicaSet, 'metadata' | 'spec' | 'status'>): StateCell {
  const desired = spec?.replicas ?? 1;
  if (metadata.deletionTimestamp) return state('Terminating', 'progressing');
  const failure = conditionOf(status?.conditions, 'ReplicaFailure');
  if (failure?.status === 'True')
    return state('Failing', 'error', { why: whyOf(failure), since: failure.lastTransitionTime });
  if (desired === 0) return state('Scaled to zero', 'unknown');
  return settled(status?.readyReplicas ?? 0, desired);
}

export function daemonSetState({ metadata, status }: DaemonSet): StateCell {
  if (metadata.deletionTimestamp) return state('Terminating', 'progressing');
  const desired = status?.desiredNumberScheduled ?? 0;
  if ((status?.observedGeneration ?? 0) < (metadata.generation ?? 0)) return reconciling;
  if (desired === 0) return state('No nodes', 'unknown', { why: 'no node matches' });
  const updated = status?.updatedNumberScheduled ?? 0;
  if (updated < desired)
    return state('Progressing', 'progressing', { why: counts(updated, desired, 'updated') });
  return settled(status?.numberAvailable ?? 0, desired);
}

export function jobState({ metadata, status }: Job): StateCell {
  const { conditions } = status ?? {};
  const complete = conditionOf(conditions, 'Complete');
  if (complete?.status === 'True') return state('Complete', 'ok', { since: complete.lastTransitionTime });
  const failed = conditionOf(conditions, 'Failed');
  if (failed?.status === 'True')
    return state('Failed', 'error', { why: whyOf(failed), since: failed.lastTransitionTime });
  if (metadata.deletionTimestamp) return state('Terminating', 'progressing');
  if (isTrue(conditions, 'Suspended')) return state('Suspended', 'unknown');
  const target = conditionOf(conditions, 'FailureTarget');
  if (target?.status === 'True') return state('Failing', 'error', { why: whyOf(target) });
  const retried = status?.failed ?? 0;
  return state('Running', 'progressing', {
    why: retried > 0 ? `${retried} pods failed` : undefined,
    since: status?.startTime,
  });
}

export function cronJobState({ spec, status }: CronJob): StateCell {
  if (spec?.suspend) return state('Suspended', 'unknown');
  const active = status?.active?.length ?? 0;
  if (active > 0) return state('Running', 'progressing', { why: `${active} active` });
  return state('Waiting', 'ok', { since: status?.lastScheduleTime });
}

/** The controller has not seen the last change yet. */
const reconciling = state('Reconciling', 'progressing', { why: 'the last change was not seen yet' });

function settled(available: number, desired: number, since?: string): StateCell {
  if (available >= desired) return state('Available', 'ok', { since });
  const why = counts(available, desired, 'available');
  return available === 0 ? state('Unavailable', 'error', { why }) : state('Degraded', 'warning', { why });
}

function counts(has: number, wanted: number, word: string): string {
  return `${has} of ${wanted} are ${word}`;
}
