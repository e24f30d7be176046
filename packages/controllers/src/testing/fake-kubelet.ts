/** Plays the nodes: pods that are bound become Running and Ready, pods that are being deleted go. */
import type { ContainerStatus, Pod, PodCondition } from '@skerry/api';
import type { Clock } from '@skerry/base';
import { resources } from '@skerry/client';
import type { FakeApiClient } from '@skerry/client/testing';
import { timestamp } from '#runtime/status.ts';

export interface FakeKubeletOptions {
  readonly client: FakeApiClient;
  readonly clock: Clock;
  /** Whether this pod becomes ready; every pod unless given. */
  readonly becomesReady?: (pod: Pod) => boolean;
  /** Whether the node of this pod does anything; every node unless given. */
  readonly isOnline?: (pod: Pod) => boolean;
}

/** Brings every pod one step on; returns whether anything changed. */
export function stepPods(options: FakeKubeletOptions): boolean {
  const { client, clock, becomesReady = () => true, isOnline = () => true } = options;
  let changed = false;
  for (const pod of client.all<Pod>(resources.pods)) {
    const at = { namespace: pod.metadata.namespace, name: pod.metadata.name ?? '' };
    if (!isOnline(pod)) continue;
    if (pod.metadata.deletionTimestamp) {
      if (pod.metadata.finalizers?.length) continue;
      client.remove(resources.pods, at);
      changed = true;
      continue;
    }
    const isReadyNow = isReady(pod) && runsItsImages(pod);
    const willBeReady = becomesReady(pod) && areGatesOpen(pod);
    if (pod.status?.phase === 'Running' && runsItsImages(pod) && (isReadyNow || !willBeReady)) continue;
    client.edit<Pod>(resources.pods, at, (edited) => {
      edited.spec = { ...edited.spec, containers: edited.spec?.containers ?? [], nodeName: nodeOf(edited) };
      const ready: PodCondition = {
        type: 'Ready',
        status: willBeReady ? 'True' : 'False',
        lastTransitionTime: timestamp(clock.now()),
      };
      edited.status = {
        phase: 'Running',
        conditions: [ready, ...(edited.status?.conditions ?? []).filter(({ type }) => type !== 'Ready')],
        containerStatuses: statusesOf(edited, becomesReady(pod)),
      };
    });
    changed ||= pod.status?.phase !== 'Running' || !runsItsImages(pod) || willBeReady;
  }
  return changed;
}

function isReady(pod: Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

function areGatesOpen({ spec, status }: Pod): boolean {
  return (spec?.readinessGates ?? []).every(({ conditionType }) =>
    status?.conditions?.some(({ type, status: is }) => type === conditionType && is === 'True'),
  );
}

function runsItsImages(pod: Pod): boolean {
  const { spec, status } = pod;
  const stale = staleContainers(pod);
  return (spec?.containers ?? []).every(({ name, image }) =>
    status?.containerStatuses?.some(
      (container) => container.name === name && container.image === image && !stale.has(name),
    ),
  );
}

/** Containers that an update in place wants started anew for what they have read of the pod. */
function staleContainers({ metadata, status }: Pod): ReadonlySet<string> {
  const text = metadata.annotations?.['apps.kruise.io/inplace-update-state'] ?? '{}';
  const { lastContainerStatuses = {} } = JSON.parse(text) as {
    lastContainerStatuses?: Record<string, { containerID?: string }>;
  };
  const isStale = ({ name, containerID }: ContainerStatus) =>
    containerID !== undefined && lastContainerStatuses[name]?.containerID === containerID;
  return new Set((status?.containerStatuses ?? []).filter(isStale).map(({ name }) => name));
}

function statusesOf(pod: Pod, ready: boolean): ContainerStatus[] {
  const { spec, status } = pod;
  const stale = staleContainers(pod);
  return (spec?.containers ?? []).map(({ name, image = '' }) => {
    const old = status?.containerStatuses?.find((container) => container.name === name);
    const isNew = old?.image !== image || stale.has(name);
    const restartCount = old ? old.restartCount + (isNew ? 1 : 0) : 0;
    const containerID = `fake://${name}-${restartCount}`;
    return { name, image, imageID: `id-of-${image}`, containerID, ready, restartCount };
  });
}

/** A DaemonSet's pod names its node; the rest goes to one node. */
function nodeOf(pod: Pod): string {
  const terms =
    pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return pod.spec?.nodeName ?? terms?.[0]?.matchFields?.[0]?.values?.[0] ?? 'node-1';
}
