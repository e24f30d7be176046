import { countMatching, hasAllTopologies, siblingsOf, spreadConstraints } from '#filters/topology-spread.ts';
import type { NodeInfo } from '#node-info.ts';
import type { PodInfo } from '#pod-info.ts';
import type { Snapshot } from '#cluster.ts';
import type { PrepareScore } from '#scores/score.ts';
import { scoreMax } from '#scores/score.ts';

const hostname = 'kubernetes.io/hostname';
const zone = 'topology.kubernetes.io/zone';

/** One topology, with how many counted pods each node's domain has. */
interface Spread {
  readonly topologyKey: string;
  readonly maxSkew: number;
  /** More domains weigh more: log(domains + 2). */
  readonly weight: number;
  readonly countAt: (node: NodeInfo) => number;
}

/**
 * Prefers domains with fewer pods of the same kind: by the pod's own soft constraints or, without any constraint, by
 * default those of one controller or Service over hosts (skew 3) and zones (skew 5).
 */
export const podTopologySpread: PrepareScore = (info, snapshot, feasible) => {
  const own =
    (info.pod.spec?.topologySpreadConstraints ?? []).length > 0 ||
    info.profile?.arguments.defaultConstraints !== undefined;
  const soft = own ? spreadConstraints(info, snapshot, 'ScheduleAnyway') : [];
  const counted = (node: NodeInfo) => !own || hasAllTopologies(node, soft);
  const eligible = feasible.filter(counted);
  const spreads = own
    ? soft.map((constraint) => {
        const matching = countMatching(snapshot, constraint, info);
        const includes = (node: NodeInfo) => counted(node) && constraint.includes(node);
        return spreadOver({ ...constraint, eligible, matching, includes });
      })
    : defaultSpreads(info, snapshot, eligible);
  if (spreads.length === 0) return undefined;
  return (nodes) => {
    const scores = new Float64Array(nodes.length).fill(-1);
    for (const [index, node] of nodes.entries()) {
      if (!counted(node)) continue;
      let sum = 0;
      for (const { topologyKey, maxSkew, weight, countAt } of spreads)
        if (Object.hasOwn(node.labels, topologyKey)) sum += countAt(node) * weight + (maxSkew - 1);
      scores[index] = Math.round(sum);
    }
    return fewestFirst(scores);
  };
};

function defaultSpreads(info: PodInfo, snapshot: Snapshot, eligible: readonly NodeInfo[]): Spread[] {
  const here = siblingsOf(info, snapshot);
  if (!here || here.size === 0) return [];
  return [
    spreadOver({ topologyKey: hostname, maxSkew: 3, eligible, matching: here }),
    spreadOver({ topologyKey: zone, maxSkew: 5, eligible, matching: here }),
  ];
}

function spreadOver({
  topologyKey,
  maxSkew,
  eligible,
  matching,
  includes,
}: {
  topologyKey: string;
  maxSkew: number;
  eligible: readonly NodeInfo[];
  matching: ReadonlyMap<NodeInfo, number>;
  includes?: (node: NodeInfo) => boolean;
}): Spread {
  if (topologyKey === hostname) {
    const countAt = (node: NodeInfo) => matching.get(node) ?? 0;
    return { topologyKey, maxSkew, weight: Math.log(eligible.length + 2), countAt };
  }
  const counts = new Map<string, number>();
  for (const { labels } of eligible) counts.set(labels[topologyKey] ?? '', 0);
  for (const [node, here] of matching) {
    if (includes && !includes(node)) continue;
    const domain = node.labels[topologyKey] ?? '';
    const count = counts.get(domain);
    if (count !== undefined) counts.set(domain, count + here);
  }
  const countAt = (node: NodeInfo) => counts.get(node.labels[topologyKey] ?? '') ?? 0;
  return { topologyKey, maxSkew, weight: Math.log(counts.size + 2), countAt };
}

/** Nodes that don't count (-1) get nothing; of the others the emptiest gets most. */
function fewestFirst(scores: Float64Array): Float64Array {
  let min = Infinity;
  let max = 0;
  for (const score of scores) {
    if (score < 0) continue;
    min = Math.min(min, score);
    max = Math.max(max, score);
  }
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i]!;
    if (score < 0) scores[i] = 0;
    else scores[i] = max === 0 ? scoreMax : Math.floor((scoreMax * (max + min - score)) / max);
  }
  return scores;
}
