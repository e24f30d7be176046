import type { Cluster, Snapshot } from '#cluster.ts';
import { type CycleWatch, noWatch } from '#cycle-watch.ts';
import { prepareFilters } from '#filters/index.ts';
import type { NodeInfo } from '#node-info.ts';
import type { PodInfo } from '#pod-info.ts';
import { interPodAffinity } from '#scores/inter-pod-affinity.ts';
import { imageLocality, nodeAffinity, taintToleration } from '#scores/preferences.ts';
import { balancedAllocation, resourceFit } from '#scores/resources.ts';
import type { PrepareScore } from '#scores/score.ts';
import { podTopologySpread } from '#scores/topology-spread.ts';

/** With the weights of kube-scheduler. */
export const scoresByName = {
  TaintToleration: { prepare: taintToleration, weight: 3 },
  NodeAffinity: { prepare: nodeAffinity, weight: 2 },
  NodeResourcesFit: { prepare: resourceFit, weight: 1 },
  PodTopologySpread: { prepare: podTopologySpread, weight: 2 },
  InterPodAffinity: { prepare: interPodAffinity, weight: 2 },
  NodeResourcesBalancedAllocation: { prepare: balancedAllocation, weight: 1 },
  ImageLocality: { prepare: imageLocality, weight: 1 },
} satisfies Record<string, { prepare: PrepareScore; weight: number }>;

export type ScoreName = keyof typeof scoresByName;

const byDefault = Object.values(scoresByName).map(({ prepare, weight }) => [prepare, weight] as const);

const nameOf = new Map(
  Object.entries(scoresByName).map(([name, { prepare }]) => [prepare as PrepareScore, name as ScoreName]),
);

/** The sum of all weighted scores for each feasible node, in their order. */
export function totalScores(
  pod: PodInfo,
  snapshot: Snapshot,
  feasible: readonly NodeInfo[],
  watch: CycleWatch = noWatch,
): Float64Array {
  const totals = new Float64Array(feasible.length);
  let preScoreMs = 0;
  let scoreMs = 0;
  let sinceMs = watch.now();
  for (const [prepare, weight] of pod.profile?.scores ?? byDefault) {
    const name = nameOf.get(prepare)!;
    const score = prepare(pod, snapshot, feasible);
    const preparedMs = watch.now();
    const scores = score?.(feasible);
    if (scores) for (let i = 0; i < totals.length; i++) totals[i]! += weight * scores[i]!;
    const scoredMs = watch.now();
    if (watch.isDetailed) {
      watch.plugin(name, 'PreScore', score ? 'Success' : 'Skip', preparedMs - sinceMs);
      if (score) watch.plugin(name, 'Score', 'Success', scoredMs - preparedMs);
    }
    if (score) watch.evaluated(name, 'Score', feasible.length);
    // The one that kube-scheduler prepares nothing for.
    if (score && name !== 'ImageLocality') watch.evaluated(name, 'PreScore', 1);
    preScoreMs += preparedMs - sinceMs;
    scoreMs += scoredMs - preparedMs;
    sinceMs = scoredMs;
  }
  watch.point('PreScore', 'Success', preScoreMs);
  watch.point('Score', 'Success', scoreMs);
  return totals;
}

/** What each plug-in adds to each of the nodes that can take the pod, by name; undefined where there is nothing to choose. */
export function scoresOf(
  cluster: Cluster,
  pod: PodInfo,
): Record<string, Partial<Record<ScoreName, number>>> | undefined {
  const filter = prepareFilters(pod, cluster);
  const feasible = cluster.nodes.filter((node) => !filter(node));
  if (feasible.length < 2) return undefined;
  const found: Record<string, Partial<Record<ScoreName, number>>> = {};
  for (const [name, { prepare, weight }] of Object.entries(scoresByName)) {
    const scores = prepare(pod, cluster, feasible)?.(feasible);
    for (const [index, node] of feasible.entries())
      if (scores) (found[node.name] ??= {})[name as ScoreName] = weight * scores[index]!;
  }
  return found;
}
