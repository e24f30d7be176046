import type { Node, PodTemplateSpec, Toleration } from '../types.generated.ts';
import { matchesNodeAffinity } from './node-affinity.ts';
import { lacksPodNetwork } from './pod-network.ts';
import { toleratesTaints } from './taints.ts';

const always: readonly (readonly [key: string, effect: string])[] = [
  ['node.kubernetes.io/not-ready', 'NoExecute'],
  ['node.kubernetes.io/unreachable', 'NoExecute'],
  ['node.kubernetes.io/disk-pressure', 'NoSchedule'],
  ['node.kubernetes.io/memory-pressure', 'NoSchedule'],
  ['node.kubernetes.io/pid-pressure', 'NoSchedule'],
  ['node.kubernetes.io/unschedulable', 'NoSchedule'],
];

/**
 * The tolerations every DaemonSet pod gets besides its own: troubles of the node neither keep it away nor evict it.
 * Rules: https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/#taints-and-tolerations
 */
export function daemonTolerations({ hostNetwork }: { hostNetwork: boolean }): Toleration[] {
  const list = hostNetwork
    ? [...always, ['node.kubernetes.io/network-unavailable', 'NoSchedule'] as const]
    : always;
  return list.map(([key, effect]) => ({ key, operator: 'Exists', effect }));
}

/**
 * Whether a daemon's pod belongs on a node, and whether one that is there may stay: a `NoSchedule` taint keeps new pods
 * away and lets present ones run, and so does a pool that has no network for pods any more.
 */
export function daemonShouldRun(
  template: PodTemplateSpec,
  node: Node,
): { shouldRun: boolean; shouldContinueRunning: boolean } {
  const spec = template.spec ?? { containers: [] };
  const named = !spec.nodeName || spec.nodeName === node.metadata.name;
  if (!named || !matchesNodeAffinity(spec, node)) return { shouldRun: false, shouldContinueRunning: false };
  const hostNetwork = spec.hostNetwork ?? false;
  const tolerations = [...(spec.tolerations ?? []), ...daemonTolerations({ hostNetwork })];
  const taints = node.spec?.taints;
  return {
    shouldRun: !lacksPodNetwork(spec, node) && toleratesTaints(tolerations, taints),
    shouldContinueRunning: toleratesTaints(tolerations, taints, ['NoExecute']),
  };
}
