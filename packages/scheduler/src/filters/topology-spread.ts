import type { Pod, Selector, TopologySpreadConstraint } from '@skerry/api';
import { labelSelectorFrom, matchesNodeAffinity, toleratesTaints } from '@skerry/api';
import type { Snapshot } from '#cluster.ts';
import type { PrepareFilter } from '#filters/filter.ts';
import { rejection } from '#filters/filter.ts';
import type { NodeInfo } from '#node-info.ts';
import type { PodInfo } from '#pod-info.ts';

const text = "node(s) didn't match pod topology spread constraints";
const skewed = rejection('PodTopologySpread', text, true);
const unlabelled = rejection('PodTopologySpread', `${text} (missing required label)`, false);

/** One constraint, compiled for one pod. */
export interface SpreadConstraint {
  readonly topologyKey: string;
  readonly maxSkew: number;
  readonly minDomains: number;
  readonly selector: Selector;
  /** Counts these instead: one of the defaults, which the pod didn't ask for. */
  readonly siblings?: ReadonlyMap<NodeInfo, number>;
  /** Whether a node's pods count at all, by the constraint's inclusion policies. */
  includes(node: NodeInfo): boolean;
}

/** Rules: https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/ */
export function spreadConstraints(
  info: PodInfo,
  snapshot: Snapshot,
  whenUnsatisfiable: 'DoNotSchedule' | 'ScheduleAnyway',
): SpreadConstraint[] {
  const { pod, profile } = info;
  const own = pod.spec?.topologySpreadConstraints ?? [];
  const given = own.length > 0 ? own : (profile?.arguments.defaultConstraints ?? []);
  const wanted = given.filter((constraint) => constraint.whenUnsatisfiable === whenUnsatisfiable);
  const compiled = wanted.map((constraint) => compile(pod, constraint));
  if (own.length > 0 || compiled.length === 0) return compiled;
  const siblings = siblingsOf(info, snapshot);
  return siblings ? compiled.map((constraint) => ({ ...constraint, siblings })) : [];
}

/**
 * Pods that belong together without a word: of one ReplicaSet, ReplicationController or StatefulSet, else of the same Services.
 * By node. Undefined for a pod that has neither.
 */
export function siblingsOf(info: PodInfo, snapshot: Snapshot): ReadonlyMap<NodeInfo, number> | undefined {
  if (info.controllerUid !== '') return snapshot.nodesOfController(info.controllerUid);
  const selectors = snapshot
    .services(info.namespace)
    .map(({ spec }) => spec?.selector ?? {})
    .filter((labels) => Object.keys(labels).length > 0)
    .filter((labels) => labelSelectorFrom({ matchLabels: labels }).matches(info.labels));
  if (selectors.length === 0) return undefined;
  return countSelected(snapshot, info, labelSelectorFrom({ matchLabels: Object.assign({}, ...selectors) }));
}

function compile(pod: Pod, constraint: TopologySpreadConstraint): SpreadConstraint {
  const labels = pod.metadata.labels ?? {};
  const keys = (constraint.matchLabelKeys ?? []).filter((key) => Object.hasOwn(labels, key));
  const selector = labelSelectorFrom(
    constraint.labelSelector && {
      matchLabels: constraint.labelSelector.matchLabels,
      matchExpressions: [
        ...(constraint.labelSelector.matchExpressions ?? []),
        ...keys.map((key) => ({ key, operator: 'In', values: [labels[key]!] })),
      ],
    },
  );
  const {
    nodeAffinityPolicy = 'Honor',
    nodeTaintsPolicy = 'Ignore',
    topologyKey,
    maxSkew,
    minDomains = 1,
  } = constraint;
  return {
    topologyKey,
    maxSkew,
    minDomains,
    selector,
    includes: ({ node }) =>
      (nodeAffinityPolicy !== 'Honor' || !pod.spec || matchesNodeAffinity(pod.spec, node)) &&
      (nodeTaintsPolicy !== 'Honor' || toleratesTaints(pod.spec?.tolerations, node.spec?.taints)),
  };
}

export function hasAllTopologies(node: NodeInfo, constraints: readonly SpreadConstraint[]): boolean {
  return constraints.every(({ topologyKey }) => Object.hasOwn(node.labels, topologyKey));
}

/** Pods that a constraint counts: of the pod's namespace, and not on their way out. By node; nodes without any are missing. */
export function countMatching(
  snapshot: Snapshot,
  { selector, siblings }: SpreadConstraint,
  info: PodInfo,
): ReadonlyMap<NodeInfo, number> {
  return siblings ?? countSelected(snapshot, info, selector);
}

function countSelected(
  snapshot: Snapshot,
  { namespace }: PodInfo,
  selector: Selector,
): ReadonlyMap<NodeInfo, number> {
  const question = JSON.stringify(['spread', namespace, selector.text]);
  return snapshot.countPods(
    question,
    (other) =>
      other.namespace === namespace &&
      !other.pod.metadata.deletionTimestamp &&
      selector.matches(other.labels),
  );
}

export const podTopologySpread: PrepareFilter = (info, snapshot) => {
  const constraints = spreadConstraints(info, snapshot, 'DoNotSchedule');
  if (constraints.length === 0) return undefined;
  const domains = constraints.map((constraint) => domainsOf(constraint, constraints, info, snapshot));
  return ({ labels }) => {
    for (const { constraint, counts, minimum, self } of domains) {
      if (!Object.hasOwn(labels, constraint.topologyKey)) return unlabelled;
      const count = counts.get(labels[constraint.topologyKey]!) ?? 0;
      if (count + self - minimum > constraint.maxSkew) return skewed;
    }
    return undefined;
  };
};

function domainsOf(
  constraint: SpreadConstraint,
  all: readonly SpreadConstraint[],
  info: PodInfo,
  snapshot: Snapshot,
) {
  const matching = countMatching(snapshot, constraint, info);
  const counts = new Map<string, number>();
  for (const node of snapshot.nodes) {
    if (!hasAllTopologies(node, all) || !constraint.includes(node)) continue;
    const domain = node.labels[constraint.topologyKey]!;
    counts.set(domain, (counts.get(domain) ?? 0) + (matching.get(node) ?? 0));
  }
  // With fewer domains than wanted, the emptiest one is one that doesn't exist yet. Without any, nothing limits.
  const least = counts.size === 0 ? Infinity : [...counts.values()].reduce((a, b) => Math.min(a, b));
  const minimum = counts.size < constraint.minDomains ? 0 : least;
  return {
    constraint,
    counts,
    minimum,
    self: constraint.siblings || constraint.selector.matches(info.labels) ? 1 : 0,
  };
}
