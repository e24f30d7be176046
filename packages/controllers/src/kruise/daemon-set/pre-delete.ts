/**
 * The preDelete hook: a pod that is to go and carries the hook's labels or finalizers is marked, and deleted once whoever
 * looks after the hook has taken them off. Meanwhile it can be made not ready, so that it gets no traffic.
 * https://openkruise.io/docs/user-manuals/cloneset#lifecycle-hook
 */
import { isApiError } from '@skerry/api';
import type { Pod } from '@skerry/api';
import { resources } from '@skerry/client';
import type { ApiClient } from '@skerry/client';
import type { LifecycleHook } from '#kruise/kinds/daemon-set.ts';
import { timestamp } from '#runtime/status.ts';

export const lifecycleStateLabel = 'lifecycle.apps.kruise.io/state';
export const lifecycleTimestampAnnotation = 'lifecycle.apps.kruise.io/timestamp';
/** A readiness gate that several writers may hold closed, each with a note in the condition's message. */
export const podReadyGate = 'KruisePodReady';
const note = { userAgent: 'Lifecycle', key: 'preDeleteHook' };

export function isPreparingDelete({ metadata }: Pod): boolean {
  return metadata.labels?.[lifecycleStateLabel] === 'PreparingDelete';
}

export function isHooked({ metadata }: Pod, hook: LifecycleHook | undefined): boolean {
  const { finalizersHandler = [], labelsHandler = {} } = hook ?? {};
  return (
    finalizersHandler.some((finalizer) => metadata.finalizers?.includes(finalizer)) ||
    Object.entries(labelsHandler).some(([key, value]) => metadata.labels?.[key] === value)
  );
}

/** Marks a pod as about to be deleted; answers its new version, or nothing where it is marked already or has gone. */
export async function prepareDelete(
  client: ApiClient,
  pod: Pod,
  { hook, nowMs }: { readonly hook: LifecycleHook; readonly nowMs: number },
): Promise<Pod | undefined> {
  const pods = client.resource<Pod>(resources.pods);
  const { name = '', namespace, uid } = pod.metadata;
  try {
    if (hook.markPodNotReady && holdsReadiness(pod)) {
      await pods.patch(
        name,
        { metadata: { uid }, status: { conditions: notReady(nowMs) } },
        { type: 'strategic', namespace, subresource: 'status' },
      );
    }
    if (isPreparingDelete(pod)) return undefined;
    const metadata = {
      uid,
      labels: { [lifecycleStateLabel]: 'PreparingDelete' },
      annotations: { [lifecycleTimestampAnnotation]: timestamp(nowMs) },
    };
    return await pods.patch(name, { metadata }, { type: 'merge', namespace });
  } catch (error) {
    if (isApiError(error, 'NotFound')) return undefined;
    throw error;
  }
}

/** Whether the pod has the gate and nobody has opened it yet. */
export function lacksReadiness(pod: Pod): boolean {
  return hasReadyGate(pod) && !pod.metadata.deletionTimestamp && readyGateOf(pod) === undefined;
}

export async function openReadiness(
  client: ApiClient,
  { metadata }: Pod,
  nowMs: number,
): Promise<Pod | undefined> {
  const { name = '', namespace, uid } = metadata;
  const open = { type: podReadyGate, status: 'True', lastTransitionTime: timestamp(nowMs) };
  return client
    .resource<Pod>(resources.pods)
    .patch(
      name,
      { metadata: { uid }, status: { conditions: [open] } },
      { type: 'strategic', namespace, subresource: 'status' },
    )
    .catch((error: unknown) => {
      if (!isApiError(error, 'NotFound')) throw error;
      return undefined;
    });
}

function hasReadyGate({ spec }: Pod): boolean {
  return spec?.readinessGates?.some(({ conditionType }) => conditionType === podReadyGate) ?? false;
}

function readyGateOf({ status }: Pod) {
  return status?.conditions?.find(({ type }) => type === podReadyGate);
}

/** Whether the pod has the gate, and it stands open. */
function holdsReadiness(pod: Pod): boolean {
  return hasReadyGate(pod) && readyGateOf(pod)?.status !== 'False';
}

function notReady(nowMs: number) {
  const lastTransitionTime = timestamp(nowMs);
  return [
    { type: podReadyGate, status: 'False', message: JSON.stringify([note]), lastTransitionTime },
    { type: 'Ready', status: 'False', lastTransitionTime },
  ];
}
