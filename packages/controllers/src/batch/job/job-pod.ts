/** Pods of a Job: how they are made, and what they count as. */
import type { Job, Pod } from '@skerry/api';
import { resources } from '@skerry/client';
import { podFromTemplate } from '#runtime/pod-control.ts';
import { isFinished, readyCondition } from '#runtime/pods.ts';

/** Holds a finished pod until it has been counted. */
export const trackingFinalizer = 'batch.kubernetes.io/job-tracking';
const indexKey = 'batch.kubernetes.io/job-completion-index';

export function isIndexed({ spec }: Job): boolean {
  return spec?.completionMode === 'Indexed';
}

export function indexOf({ metadata }: Pod): number | undefined {
  const text = metadata.annotations?.[indexKey];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

export function jobPod(job: Job, index: number | undefined): Pod {
  const pod = podFromTemplate(job.spec?.template ?? {}, job, resources.jobs);
  pod.metadata.finalizers = [...(pod.metadata.finalizers ?? []), trackingFinalizer];
  if (index === undefined || !pod.spec) return pod;
  const name = job.metadata.name ?? '';
  pod.metadata.generateName = `${name.slice(0, 57 - String(index).length)}-${index}-`;
  pod.metadata.annotations = { ...pod.metadata.annotations, [indexKey]: String(index) };
  pod.metadata.labels = { ...pod.metadata.labels, [indexKey]: String(index) };
  pod.spec.hostname ??= `${name.slice(0, 62 - String(index).length)}-${index}`;
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

/** A pod that is being deleted has failed, unless its Job waits for `Failed` before it replaces. */
export function stateOf(pod: Pod, job: Job): JobPodState {
  if (pod.status?.phase === 'Succeeded') return 'succeeded';
  if (pod.status?.phase === 'Failed') return 'failed';
  if (!pod.metadata.deletionTimestamp) return 'active';
  return job.spec?.podReplacementPolicy === 'Failed' ? 'terminating' : 'failed';
}

/** When it ended, as well as it can be told, in milliseconds since the epoch. */
function finishTime(pod: Pod): number {
  const ends = (pod.status?.containerStatuses ?? []).flatMap(({ state }) =>
    state?.terminated?.finishedAt ? [Date.parse(state.terminated.finishedAt)] : [],
  );
  if (isFinished(pod) && ends.length > 0) return Math.max(...ends);
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, creationTimestamp = '' } = pod.metadata;
  const ready = readyCondition(pod);
  if (ready?.status === 'False' && ready.lastTransitionTime) return Date.parse(ready.lastTransitionTime);
  if (deletionTimestamp) return Date.parse(deletionTimestamp) - deletionGracePeriodSeconds * 1000;
  return Date.parse(creationTimestamp);
}

const backoffBaseMs = 10_000;
const backoffMaxMs = 600_000;

/** How long until the next pod may be made: 10 s after a failure, doubling with each since the last success, to 10 min. */
export function backoffMs(pods: readonly Pod[], job: Job, nowMs: number): number {
  let lastSuccessMs = 0;
  for (const pod of pods) {
    if (stateOf(pod, job) === 'succeeded') lastSuccessMs = Math.max(lastSuccessMs, finishTime(pod));
  }
  const failures = pods
    .filter((pod) => stateOf(pod, job) === 'failed')
    .map(finishTime)
    .filter((ms) => ms > lastSuccessMs);
  if (failures.length === 0) return 0;
  const delayMs = Math.min(backoffBaseMs * 2 ** Math.min(failures.length - 1, 20), backoffMaxMs);
  return Math.max(0, Math.max(...failures) + delayMs - nowMs);
}
