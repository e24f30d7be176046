import type { AffinityTerm, NamespaceLabels } from '#affinity-term.ts';
import type { Snapshot } from '#cluster.ts';
import type { PrepareFilter } from '#filters/filter.ts';
import { rejection } from '#filters/filter.ts';
import { MatchCounts } from '#match-counts.ts';
import type { NodeInfo } from '#node-info.ts';
import { addCount } from '#node-info.ts';
import type { PodInfo } from '#pod-info.ts';

const away = rejection('InterPodAffinity', "node(s) didn't match pod affinity rules", false);
const tooNear = rejection('InterPodAffinity', "node(s) didn't match pod anti-affinity rules", true);
const refused = rejection(
  'InterPodAffinity',
  "node(s) didn't satisfy existing pods anti-affinity rules",
  true,
);

/** How many matching pods each value of a topology key has. */
type TopologyCounts = Map<string, number>;

/**
 * Required affinity and anti-affinity between pods; anti-affinity works both ways, so what runs already may refuse the
 * newcomer. The first of a group that attracts itself may go anywhere.
 */
export const interPodAffinity: PrepareFilter = (info, snapshot) => {
  const { required, requiredAnti } = info.affinity;
  const { nodesWithRequiredAnti, namespaceLabels } = snapshot;
  const refusing = countRefusals(info, nodesWithRequiredAnti, namespaceLabels);
  if (refusing.size === 0 && required.length === 0 && requiredAnti.length === 0) return undefined;
  const matching: TopologyCounts = new Map();
  for (const [node] of nodesWithMatch(required, snapshot)) countAll(matching, required, node);
  const repelled: TopologyCounts = new Map();
  for (const term of requiredAnti)
    for (const [node] of nodesWithMatch([term], snapshot)) count(repelled, term, node);
  const first = matching.size === 0 && matchesAll(required, info, namespaceLabels);
  return ({ labels }) => {
    for (const { topologyKey } of required) {
      if (!Object.hasOwn(labels, topologyKey)) return away;
      if (!first && !matching.has(pair(topologyKey, labels[topologyKey]!))) return away;
    }
    for (const { topologyKey } of requiredAnti) {
      const value = labels[topologyKey];
      if (value !== undefined && repelled.has(pair(topologyKey, value))) return tooNear;
    }
    if (refusing.size > 0)
      for (const key of Object.keys(labels)) if (refusing.has(pair(key, labels[key]!))) return refused;
    return undefined;
  };
};

/** Nodes with a pod that matches all of the terms, and how many. */
function nodesWithMatch(terms: readonly AffinityTerm[], snapshot: Snapshot): ReadonlyMap<NodeInfo, number> {
  const { namespaceLabels, nodes } = snapshot;
  if (terms.length === 0) return new Map();
  const matches = (other: PodInfo) => matchesAll(terms, other, namespaceLabels);
  const questions = terms.map(({ question }) => question);
  if (!questions.includes(undefined)) return snapshot.countPods(questions.join('&'), matches);
  return new MatchCounts().of(nodes, '', matches);
}

function countRefusals(
  info: PodInfo,
  nodes: ReadonlySet<NodeInfo>,
  namespaceLabels: NamespaceLabels,
): TopologyCounts {
  const counts: TopologyCounts = new Map();
  for (const node of nodes)
    for (const other of node.podsWithRequiredAnti)
      for (const term of other.affinity.requiredAnti)
        if (term.matches(info, namespaceLabels)) count(counts, term, node);
  return counts;
}

function matchesAll(terms: readonly AffinityTerm[], pod: PodInfo, namespaceLabels: NamespaceLabels): boolean {
  return terms.length > 0 && terms.every((term) => term.matches(pod, namespaceLabels));
}

function countAll(counts: TopologyCounts, terms: readonly AffinityTerm[], node: NodeInfo): void {
  for (const term of terms) count(counts, term, node);
}

function count(counts: TopologyCounts, { topologyKey }: AffinityTerm, node: NodeInfo): void {
  const value = node.labels[topologyKey];
  if (value !== undefined) addCount(counts, pair(topologyKey, value), 1);
}

/** Neither a label key nor a value can hold the separator. */
function pair(key: string, value: string): string {
  return `${key}=${value}`;
}
