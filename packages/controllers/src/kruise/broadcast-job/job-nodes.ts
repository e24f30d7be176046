/** Where a BroadcastJob runs: which nodes its pod may run on, and the pod that each has; free of I/O. */
import {
  insufficientResources,
  matchesNodeAffinity,
  podRequests,
  resourceAmounts,
  schedulingEffects,
  toleratesTaints,
} from '@skerry/api';
import type { Node, Pod, PodTemplateSpec } from '@skerry/api';
import { targetNode } from '#daemon/daemon-pod.ts';
import { isActive, isFinished } from '#runtime/pods.ts';

const unschedulable = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

/** As the scheduler would judge an empty node. */
export function mayRunOn({ spec = { containers: [] } }: PodTemplateSpec, node: Node): boolean {
  if (spec.nodeName && spec.nodeName !== node.metadata.name) return false;
  if (!matchesNodeAffinity(spec, node)) return false;
  const taints = [...(node.spec?.taints ?? []), ...(node.spec?.unschedulable ? [unschedulable] : [])];
  if (!toleratesTaints(spec.tolerations ?? [], taints, schedulingEffects)) return false;
  const allocatable = resourceAmounts(node.status?.allocatable);
  return insufficientResources(podRequests(spec), { allocatable, used: new Map() }).length === 0;
}

export interface JobNodes {
  /** Nodes that should run the pod, with it where they have it. */
  readonly desired: ReadonlyMap<string, Pod | undefined>;
  /** Pods that run where they may no longer. */
  readonly misplaced: readonly Pod[];
}

/** A pod that has ended stays counted, whatever has become of its node since. */
export function jobNodes(template: PodTemplateSpec, nodes: readonly Node[], pods: readonly Pod[]): JobNodes {
  const byNode = new Map(pods.map((pod) => [targetNode(pod) ?? '', pod]));
  const desired = new Map<string, Pod | undefined>();
  const misplaced: Pod[] = [];
  for (const node of nodes) {
    const name = node.metadata.name ?? '';
    const pod = byNode.get(name);
    const fits = mayRunOn(template, node);
    if (pod && !fits && isActive(pod)) misplaced.push(pod);
    else if (fits || pod) desired.set(name, pod);
  }
  return { desired, misplaced };
}

export interface PodGroups {
  readonly active: Pod[];
  readonly succeeded: Pod[];
  readonly failed: Pod[];
}

/** A pod whose containers were restarted more often than the limit has failed, though it goes on. */
export function groupPods(pods: readonly Pod[], restartLimit: number): PodGroups {
  const groups: PodGroups = { active: [], succeeded: [], failed: [] };
  for (const pod of pods) {
    if (isFinished(pod)) groups[pod.status?.phase === 'Succeeded' ? 'succeeded' : 'failed'].push(pod);
    else if (pod.metadata.deletionTimestamp) continue;
    else groups[isWorn(pod, restartLimit) ? 'failed' : 'active'].push(pod);
  }
  return groups;
}

function isWorn({ spec, status }: Pod, restartLimit: number): boolean {
  if (spec?.restartPolicy !== 'OnFailure') return false;
  const statuses = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  return statuses.reduce((sum, { restartCount }) => sum + restartCount, 0) > restartLimit;
}
