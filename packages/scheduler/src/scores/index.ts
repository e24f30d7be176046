import type { Snapshot } from '#cluster.ts';
import type { NodeInfo } from '#node-info.ts';
import type { PodInfo } from '#pod-info.ts';
import { interPodAffinity } from '#scores/inter-pod-affinity.ts';
import { imageLocality, nodeAffinity, taintToleration } from '#scores/preferences.ts';
import { balancedAllocation, leastAllocated } from '#scores/resources.ts';
import type { PrepareScore } from '#scores/score.ts';
import { podTopologySpread } from '#scores/topology-spread.ts';

/** With the weights of kube-scheduler. */
const weighted: readonly (readonly [prepare: PrepareScore, weight: number])[] = [
  [taintToleration, 3],
  [nodeAffinity, 2],
  [leastAllocated, 1],
  [podTopologySpread, 2],
  [interPodAffinity, 2],
  [balancedAllocation, 1],
  [imageLocality, 1],
];

/** The sum of all weighted scores for each feasible node, in their order. */
export function totalScores(pod: PodInfo, snapshot: Snapshot, feasible: readonly NodeInfo[]): Float64Array {
  const totals = new Float64Array(feasible.length);
  for (const [prepare, weight] of weighted) {
    const scores = prepare(pod, snapshot, feasible)?.(feasible);
    if (scores) for (let i = 0; i < totals.length; i++) totals[i]! += weight * scores[i]!;
  }
  return totals;
}
