import type { Snapshot } from '#cluster.ts';
import type { NodeInfo } from '#node-info.ts';
import type { PodInfo } from '#pod-info.ts';

/** Names as kube-scheduler's plugins have them: messages and queueing hints speak of them. */
export type FilterName =
  | 'NodeUnschedulable'
  | 'NodeName'
  | 'TaintToleration'
  | 'NodeAffinity'
  | 'NodePorts'
  | 'NodeResourcesFit'
  | 'VolumeRestrictions'
  | 'NodeVolumeLimits'
  | 'VolumeBinding'
  | 'VolumeZone'
  | 'PodTopologySpread'
  | 'InterPodAffinity';

/** Why a node can't take a pod. */
export interface Rejection {
  readonly filter: FilterName;
  /** Counted over nodes and shown to people; the wordings are kube-scheduler's. */
  readonly reasons: readonly string[];
  /** Whether pods that go from the node could change the answer: only then is preemption tried there. */
  readonly resolvable: boolean;
}

/** Answers for one pod; prepared once per pod, asked once per node. */
export type NodeFilter = (node: NodeInfo) => Rejection | undefined;

/** Undefined when the pod asks nothing of this filter. */
export type PrepareFilter = (pod: PodInfo, snapshot: Snapshot) => NodeFilter | undefined;

export function rejection(filter: FilterName, reason: string, resolvable: boolean): Rejection {
  return { filter, reasons: [reason], resolvable };
}
