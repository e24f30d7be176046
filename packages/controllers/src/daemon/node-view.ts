/** One node as a set of daemon pods sees it. */
import type { Node, Pod } from '@skerry/api';
import { revisionHashLabel } from '#runtime/revision-history.ts';
import { availability, isReady } from '#runtime/pods.ts';

export interface NodeView {
  readonly name: string;
  /** Undefined where pods are meant for a node that has gone. */
  readonly node: Node | undefined;
  /** A pod is missing here if there is none. */
  readonly shouldRun: boolean;
  /** A pod that is here may stay. */
  readonly shouldContinue: boolean;
  /** Of this set, all but finished ones that are going already; oldest first. */
  readonly pods: readonly Pod[];
}

export function isUpdated(pod: Pod, hash: string): boolean {
  return pod.metadata.labels?.[revisionHashLabel] === hash;
}

export function desiredCount(nodes: readonly NodeView[]): number {
  return nodes.filter(({ shouldRun }) => shouldRun).length;
}

/** A node that the cluster does not hear from, or that says itself that it runs no pods. */
export function isOffline({ node }: NodeView): boolean {
  return node !== undefined && !isNodeReady(node);
}

export function isNodeReady({ status }: Node): boolean {
  return (status?.conditions ?? []).some(({ type, status: is }) => type === 'Ready' && is === 'True');
}

/**
 * On a set: nodes that are offline are left out of a rollout, neither counted as unavailable nor waited for, and get the new
 * template when they are back. Without it one lost machine can hold up all others.
 */
export const offlineNodesAnnotation = 'apps.skerry.io/offline-nodes';

export function skipsOfflineNodes({ metadata }: { metadata: { annotations?: Record<string, string> } }) {
  return metadata.annotations?.[offlineNodesAnnotation] === 'skip';
}

export interface CountOptions {
  readonly hash: string;
  readonly minReadySeconds: number | undefined;
  readonly nowMs: number;
  /** What else an available pod has to be. */
  readonly isWhole?: (pod: Pod) => boolean;
}

/** The numbers of a status, and how long until one of them changes by itself. */
export function countNodes(nodes: readonly NodeView[], options: CountOptions) {
  const { hash, isWhole = () => true } = options;
  const counts = { desired: 0, current: 0, misscheduled: 0, ready: 0, available: 0, updated: 0 };
  let waitMs: number | undefined;
  for (const { shouldRun, pods } of nodes) {
    const first = pods[0];
    if (!shouldRun) {
      if (first) counts.misscheduled++;
      continue;
    }
    counts.desired++;
    if (!first) continue;
    counts.current++;
    // While surging, the oldest pod is the one that counts.
    if (isReady(first)) counts.ready++;
    const states = pods.map((pod) => availability(pod, options));
    if (states[0]?.available && isWhole(first)) counts.available++;
    // The newer one of two takes over when its own time has come, and nobody tells of that.
    for (const { inMs } of states) if (inMs !== undefined) waitMs = Math.min(waitMs ?? Infinity, inMs);
    if (isUpdated(first, hash)) counts.updated++;
  }
  return {
    waitMs,
    status: {
      currentNumberScheduled: counts.current,
      desiredNumberScheduled: counts.desired,
      numberMisscheduled: counts.misscheduled,
      numberReady: counts.ready,
      numberAvailable: counts.available,
      numberUnavailable: counts.desired - counts.available,
      updatedNumberScheduled: counts.updated,
    },
  };
}
