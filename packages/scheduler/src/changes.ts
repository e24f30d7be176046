/** What of nodes and pods decides about others, and what kube-scheduler calls their changes. */
import { equalJson, type Node, type Pod } from '@skerry/api';

export const nameOfPodAdded = ({ spec }: Pod) => (spec?.nodeName ? 'AssignedPodAdd' : 'UnschedulablePodAdd');

export function nameOfPodChange(pod: Pod, old: Pod): string {
  if (old.spec?.nodeName) return 'AssignedPodUpdate';
  return pod.spec?.nodeName ? 'AssignedPodAdd' : 'UnschedulablePodUpdate';
}

export const nameOfPodDeleted = ({ spec }: Pod) =>
  spec?.nodeName ? 'AssignedPodDelete' : 'UnschedulablePodDelete';

/** What kube-scheduler calls it. */
export function nameOfNodeChange(node: Node, old: Node): string {
  if (!equalJson(node.status?.allocatable, old.status?.allocatable)) return 'NodeUpdateNodeAllocatable';
  if (!equalJson(node.metadata.labels, old.metadata.labels)) return 'NodeUpdateNodeLabel';
  return 'NodeUpdateNodeTaint';
}

/** What of a node decides about pods. */
export function offerOf({ metadata, spec, status }: Node): unknown {
  return [metadata.labels, spec?.unschedulable, spec?.taints, status?.allocatable, status?.capacity];
}

/** What of a pod decides about nodes. */
export function askOf({ metadata, spec, status }: Pod): unknown {
  const held = [status?.containerStatuses, status?.initContainerStatuses];
  return [metadata.labels, { ...spec, nodeName: undefined }, held];
}

/** What of an assigned pod's life decides about others; most status changes don't. */
export function lifeOf({ metadata, spec, status }: Pod): unknown {
  return [spec?.nodeName, metadata.deletionTimestamp, status?.startTime];
}
