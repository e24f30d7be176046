import type { AffinityTerm } from '#affinity-term.ts';
import type { NodeInfo } from '#node-info.ts';
import type { PrepareScore } from '#scores/score.ts';
import { scoreEach, scoreMax } from '#scores/score.ts';
import { defaultArguments } from '#profile.ts';

/** Preferences of the pod towards those that run, and of those that run towards it. */
export const interPodAffinity: PrepareScore = (info, { nodes, nodesWithAffinity, namespaceLabels }) => {
  const { preferred, preferredAnti } = info.affinity;
  const own = preferred.length + preferredAnti.length > 0;
  // What a required affinity of a running pod counts for as the newcomer's preference.
  const { hardPodAffinityWeight, ignorePreferredTermsOfExistingPods } =
    info.profile?.arguments ?? defaultArguments;
  if (!own && (ignorePreferredTermsOfExistingPods || nodesWithAffinity.size === 0)) return undefined;
  const byTopology = new Map<string, Map<string, number>>();
  for (const node of own ? nodes : nodesWithAffinity) {
    for (const other of own ? node.pods.values() : node.podsWithAffinity) {
      for (const term of preferred) if (term.matches(other, namespaceLabels)) add(node, term, term.weight);
      for (const term of preferredAnti)
        if (term.matches(other, namespaceLabels)) add(node, term, -term.weight);
      const { affinity } = other;
      if (hardPodAffinityWeight > 0)
        for (const term of affinity.required)
          if (term.matches(info, namespaceLabels)) add(node, term, hardPodAffinityWeight);
      for (const term of affinity.preferred)
        if (term.matches(info, namespaceLabels)) add(node, term, term.weight);
      for (const term of affinity.preferredAnti)
        if (term.matches(info, namespaceLabels)) add(node, term, -term.weight);
    }
  }
  if (byTopology.size === 0) return undefined;
  return (feasible) => stretched(scoreEach(feasible, sumAt));

  function add(node: NodeInfo, { topologyKey }: AffinityTerm, weight: number): void {
    const value = node.labels[topologyKey];
    if (value === undefined) return;
    const sums = byTopology.get(topologyKey);
    if (sums) sums.set(value, (sums.get(value) ?? 0) + weight);
    else byTopology.set(topologyKey, new Map([[value, weight]]));
  }

  function sumAt({ labels }: NodeInfo): number {
    let sum = 0;
    for (const [key, sums] of byTopology) sum += sums.get(labels[key] ?? '') ?? 0;
    return sum;
  }
};

/** The least becomes 0, the greatest `scoreMax`. */
function stretched(scores: Float64Array): Float64Array {
  let min = Infinity;
  let max = -Infinity;
  for (const score of scores) {
    min = Math.min(min, score);
    max = Math.max(max, score);
  }
  const range = max - min;
  for (let i = 0; i < scores.length; i++)
    scores[i] = range > 0 ? Math.floor((scoreMax * (scores[i]! - min)) / range) : 0;
  return scores;
}
