/**
 * Taints that follow from what a node says about itself, and those that keep running pods off it.
 * Rules: https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/#taint-based-evictions
 */
import { unreachableTaint, type Node, type Taint } from '@skerry/api';
import { timestamp } from '#runtime/status.ts';

const notReadyTaint = 'node.kubernetes.io/not-ready';

const byCondition: readonly { type: string; status: string; key: string }[] = [
  { type: 'Ready', status: 'False', key: notReadyTaint },
  { type: 'Ready', status: 'Unknown', key: unreachableTaint },
  { type: 'MemoryPressure', status: 'True', key: 'node.kubernetes.io/memory-pressure' },
  { type: 'DiskPressure', status: 'True', key: 'node.kubernetes.io/disk-pressure' },
  { type: 'PIDPressure', status: 'True', key: 'node.kubernetes.io/pid-pressure' },
  { type: 'NetworkUnavailable', status: 'True', key: 'node.kubernetes.io/network-unavailable' },
];
const unschedulableTaint = 'node.kubernetes.io/unschedulable';

const ownedNoSchedule = new Set([...byCondition.map(({ key }) => key), unschedulableTaint]);
const ownedNoExecute = new Set([notReadyTaint, unreachableTaint]);

export function readyStatus(node: Node): string {
  return node.status?.conditions?.find(({ type }) => type === 'Ready')?.status ?? 'Unknown';
}

function noScheduleKeys(node: Node): string[] {
  const keys = byCondition
    .filter(({ type, status }) =>
      node.status?.conditions?.some((c) => c.type === type && c.status === status),
    )
    .map(({ key }) => key);
  return node.spec?.unschedulable ? [...keys, unschedulableTaint] : keys;
}

/** The NoExecute taint that a node's readiness calls for. */
export function noExecuteKey(node: Node): string | undefined {
  switch (readyStatus(node)) {
    case 'True':
      return undefined;
    case 'False':
      return notReadyTaint;
    default:
      return unreachableTaint;
  }
}

/** Whether a NoExecute taint that is called for is put on, left as it stands, or taken off. */
export type Eviction = 'now' | 'as-it-is' | 'never';

/**
 * The node's taints as they should be. Taints of others stay. A NoExecute taint of ours that stands is renamed to the
 * present reason, and goes when the node is ready.
 */
export function desiredTaints(
  node: Node,
  { evict, nowMs }: { readonly evict: Eviction; readonly nowMs: number },
): Taint[] {
  const present = node.spec?.taints ?? [];
  const wantedNoSchedule = new Set(noScheduleKeys(node));
  const evictKey = noExecuteKey(node);
  const taints: Taint[] = [];
  for (const taint of present) {
    const isOurs =
      (taint.effect === 'NoSchedule' && ownedNoSchedule.has(taint.key)) ||
      (taint.effect === 'NoExecute' && ownedNoExecute.has(taint.key));
    if (!isOurs) taints.push(taint);
    else if (taint.effect === 'NoSchedule' && wantedNoSchedule.delete(taint.key)) taints.push(taint);
  }
  for (const key of wantedNoSchedule) taints.push({ key, effect: 'NoSchedule', timeAdded: timestamp(nowMs) });
  const standing = present.find(({ key, effect }) => effect === 'NoExecute' && ownedNoExecute.has(key));
  if (!evictKey || evict === 'never' || (evict === 'as-it-is' && !standing)) return taints;
  const timeAdded = standing?.key === evictKey ? standing.timeAdded : timestamp(nowMs);
  return [...taints, { key: evictKey, effect: 'NoExecute', timeAdded }];
}

export function hasEvictTaint(node: Node): boolean {
  return (node.spec?.taints ?? []).some(
    ({ key, effect }) => effect === 'NoExecute' && ownedNoExecute.has(key),
  );
}
