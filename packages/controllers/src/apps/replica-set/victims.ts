/**
 * Which pods go first when there are too many: those that serve least.
 * Rules: https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/#scaling-a-replicaset
 */
import type { Pod } from '@skerry/api';
import { isReady, readyCondition } from '#runtime/pods.ts';

const phaseRank: Record<string, number> = { Pending: 0, Unknown: 1, Running: 2 };

/** The first `count` pods in order of deletion; `siblings` are all active pods of the same application. */
export function chooseVictims(
  pods: readonly Pod[],
  count: number,
  { siblings, nowMs }: { readonly siblings: readonly Pod[]; readonly nowMs: number },
): Pod[] {
  const perNode = new Map<string, number>();
  for (const { spec } of siblings) {
    if (spec?.nodeName) perNode.set(spec.nodeName, (perNode.get(spec.nodeName) ?? 0) + 1);
  }
  const ranked = pods.map((pod) => ({ pod, rank: rankOf(pod, perNode, nowMs) }));
  ranked.sort((a, b) => compare(a.rank, b.rank));
  return ranked.slice(0, count).map(({ pod }) => pod);
}

/** Lower goes first, number by number. */
function rankOf(pod: Pod, perNode: ReadonlyMap<string, number>, nowMs: number): number[] {
  const node = pod.spec?.nodeName;
  const cost = Number(pod.metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost'] ?? 0);
  const statuses = pod.status?.containerStatuses ?? [];
  const restarts = Math.max(0, ...statuses.map(({ restartCount }) => restartCount ?? 0));
  return [
    node ? 1 : 0,
    phaseRank[pod.status?.phase ?? 'Pending'] ?? 1,
    isReady(pod) ? 1 : 0,
    Number.isFinite(cost) ? cost : 0,
    -(node ? (perNode.get(node) ?? 0) : 0),
    isReady(pod) ? ageBucket(readyCondition(pod)?.lastTransitionTime, nowMs) : 0,
    -restarts,
    ageBucket(pod.metadata.creationTimestamp, nowMs),
  ];
}

/** Logarithmic, so that pods of about one age are not told apart by chance. */
function ageBucket(time: string | undefined, nowMs: number): number {
  if (!time) return 0;
  return Math.floor(Math.log2(Math.max(1, (nowMs - Date.parse(time)) / 1000)));
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) {
    const difference = value - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
