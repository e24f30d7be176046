import type { Snapshot } from '#cluster.ts';
import type { NodeInfo } from '#node-info.ts';
import type { PodInfo } from '#pod-info.ts';

export const scoreMax = 100;

/** Rates the nodes a pod fits on. Prepared once per pod over these nodes; undefined when it has no opinion. */
export type PrepareScore = (
  pod: PodInfo,
  snapshot: Snapshot,
  feasible: readonly NodeInfo[],
) => NodeScorer | undefined;

/** A score per feasible node, in their order, 0 to `scoreMax` after normalisation. */
export type NodeScorer = (nodes: readonly NodeInfo[]) => Float64Array;

/** Scales so that the greatest score becomes `scoreMax`; reversed, so that the greatest becomes 0. */
export function normalize(scores: Float64Array, { reverse }: { reverse: boolean }): Float64Array {
  let max = 0;
  for (const score of scores) if (score > max) max = score;
  for (let i = 0; i < scores.length; i++) {
    const share = max === 0 ? 0 : Math.floor((scoreMax * scores[i]!) / max);
    scores[i] = reverse ? scoreMax - share : share;
  }
  return scores;
}

export function scoreEach(nodes: readonly NodeInfo[], score: (node: NodeInfo) => number): Float64Array {
  const scores = new Float64Array(nodes.length);
  for (let i = 0; i < nodes.length; i++) scores[i] = score(nodes[i]!);
  return scores;
}
