/** Pods of a Job: how they are made, and what they count as. */
import type { Job, Pod } from '@skerry/api';
import { resources } from '@skerry/client';
import { podFromTemplate } from '#runtime/pod-control.ts';
import { readyCondition } from '#runtime/pods.ts';

/** Holds a finished pod until it has been counted. */
export const trackingFinalizer = 'batch.kubernetes.io/job-tracking';
const indexKey = 'batch.kubernetes.io/job-completion-index';

export function isTracked(pod: Pod | undefined): boolean {
  return pod?.metadata.finalizers?.includes(trackingFinalizer) ?? false;
}

export function isIndexed({ spec }: Job): boolean {
  return spec?.completionMode === 'Indexed';
}

export function indexOf({ metadata }: Pod): number | undefined {
  const text = metadata.annotations?.[indexKey];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** Whether a pod counts for the Job at all: one of an index that the Job doesn't have, or no longer, doesn't. */
export function isCounting(pod: Pod, job: Job): boolean {
  if (!isIndexed(job)) return true;
  const index = indexOf(pod);
  return index !== undefined && index < (job.spec?.completions ?? 0);
}

export function jobPod(job: Job, index: number | undefined, annotations: Record<string, string> = {}): Pod {
  const pod = podFromTemplate(job.spec?.template ?? {}, job, resources.jobs);
  pod.metadata.finalizers = [...(pod.metadata.finalizers ?? []), trackingFinalizer];
  if (index === undefined || !pod.spec) return pod;
  const name = job.metadata.name ?? '';
  pod.metadata.generateName = `${name.slice(0, 56 - String(index).length)}-${index}-`;
  pod.metadata.annotations = { ...pod.metadata.annotations, ...annotations, [indexKey]: String(index) };
  pod.metadata.labels = { ...pod.metadata.labels, [indexKey]: String(index) };
  pod.spec.hostname = `${name}-${index}`;
  const env = {
    name: 'JOB_COMPLETION_INDEX',
    valueFrom: { fieldRef: { fieldPath: `metadata.labels['${indexKey}']` } },
  };
  for (const container of [...(pod.spec.initContainers ?? []), ...pod.spec.containers]) {
    if (!container.env?.some((one) => one.name === env.name)) container.env = [...(container.env ?? []), env];
  }
  return pod;
}

export type JobPodState = 'active' | 'succeeded' | 'failed' | 'terminating';

/** Whether a pod is replaced only when it has ended, and not while it is on its way out. */
export function replacesOnlyFailed({ spec }: Job): boolean {
  return spec?.podReplacementPolicy === 'Failed' || spec?.podFailurePolicy !== undefined;
}

/** A pod that is being deleted has failed, unless its Job waits for `Failed` before it replaces. */
export function stateOf(pod: Pod, job: Job): JobPodState {
  if (pod.status?.phase === 'Succeeded') return 'succeeded';
  if (pod.status?.phase === 'Failed') return 'failed';
  if (!pod.metadata.deletionTimestamp) return 'active';
  return replacesOnlyFailed(job) ? 'terminating' : 'failed';
}

export function isFailed(pod: Pod, job: Job): boolean {
  return stateOf(pod, job) === 'failed';
}

/** When it ended, as well as it can be told, in milliseconds since the epoch. */
export function finishTime(pod: Pod): number {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  const sidecars = new Set(
    (pod.spec?.initContainers ?? [])
      .filter(({ restartPolicy }) => restartPolicy === 'Always')
      .map(({ name }) => name),
  );
  const counted = [...containerStatuses, ...initContainerStatuses.filter(({ name }) => sidecars.has(name))];
  const ends = counted.map(({ state }) => Date.parse(state?.terminated?.finishedAt ?? ''));
  if (ends.length > 0 && !ends.some(Number.isNaN)) return Math.max(...ends);
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, creationTimestamp = '' } = pod.metadata;
  const ready = readyCondition(pod);
  if (ready?.status === 'False' && ready.lastTransitionTime) return Date.parse(ready.lastTransitionTime);
  if (deletionTimestamp) return Date.parse(deletionTimestamp) - deletionGracePeriodSeconds * 1000;
  return Date.parse(creationTimestamp);
}

const backoffBaseMs = 10_000;
const backoffMaxMs = 600_000;

/** 10 s after a failure, doubling with each, to 10 min. */
export function retryDelayMs(failures: number): number {
  return Math.min(backoffBaseMs * 2 ** Math.min(failures - 1, 20), backoffMaxMs);
}

/** How long until the next pod may be made, by the failures since the last success. */
export function backoffMs(pods: readonly Pod[], job: Job, nowMs: number): number {
  let lastSuccessMs = 0;
  for (const pod of pods) {
    if (stateOf(pod, job) === 'succeeded') lastSuccessMs = Math.max(lastSuccessMs, finishTime(pod));
  }
  const failures = pods
    // What the controller itself removed has lost the finalizer first, and is no failure.
    .filter((pod) => isFailed(pod, job) && (isTracked(pod) || !pod.metadata.deletionTimestamp))
    .map(finishTime)
    .filter((ms) => ms > lastSuccessMs);
  if (failures.length === 0) return 0;
  return Math.max(0, Math.max(...failures) + retryDelayMs(failures.length) - nowMs);
}
