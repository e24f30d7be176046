/**
 * Required affinity and anti-affinity to pods that run already, as the scheduler weighs them for a pod that comes now: each pod that
 * is placed changes the answer for the next. Left out: anti-affinity that pods that run have against the newcomer.
 * Rules: https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#inter-pod-affinity-and-anti-affinity
 */
import { labelSelectorFrom, type Node, type PodAffinityTerm, type PodSpec, type Selector } from '@skerry/api';
import type { Item } from '#cache/item.ts';

type Labels = Readonly<Record<string, string>>;

export interface AffinityWorld {
  /** Of one namespace, or all. */
  readonly pods: (namespace?: string) => readonly Item[];
  readonly labelsOfNode: (node: string) => Labels | undefined;
  readonly labelsOfNamespace: (namespace: string) => Labels;
}

/** Why a node won't do, in the scheduler's words; undefined where it will. */
export type AffinityFit = (node: Node) => string | undefined;

interface Term {
  readonly topologyKey: string;
  readonly selector: Selector;
  readonly isOfNamespace: (namespace: string) => boolean;
  /** The one namespace that it looks into, if it is one. */
  readonly only: string | undefined;
}

/** Undefined where the pod asks nothing of the kind. */
export function podAffinityFit(
  { spec, labels, namespace }: { spec: PodSpec; labels: Labels; namespace: string },
  world: AffinityWorld,
): AffinityFit | undefined {
  const compile = (terms: readonly PodAffinityTerm[] = []) =>
    terms.map((term) => termOf(term, { labels, namespace, world }));
  const wanted = compile(spec.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution);
  const unwanted = compile(spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution);
  if (wanted.length === 0 && unwanted.length === 0) return undefined;
  const near = valuesNear(wanted, world, (item) => wanted.every((term) => matches(term, item)));
  const far = unwanted.map((term) => valuesNear([term], world, (item) => matches(term, item)));
  // The first of a group that wants to be together may go anywhere.
  const isFirst =
    near.size === 0 && wanted.every((term) => term.isOfNamespace(namespace) && term.selector.matches(labels));
  return ({ metadata }) => {
    const own = metadata.labels ?? {};
    for (const { topologyKey } of wanted) {
      const value = own[topologyKey];
      if (value === undefined || (!isFirst && !near.has(pair(topologyKey, value))))
        return "node(s) didn't match pod affinity rules";
    }
    const isTooNear = unwanted.some(({ topologyKey }, index) => {
      const value = own[topologyKey];
      return value !== undefined && far[index]?.has(pair(topologyKey, value));
    });
    return isTooNear ? "node(s) didn't match pod anti-affinity rules" : undefined;
  };
}

function termOf(
  {
    topologyKey,
    labelSelector,
    namespaces,
    namespaceSelector,
    matchLabelKeys,
    mismatchLabelKeys,
  }: PodAffinityTerm,
  { labels, namespace, world }: { labels: Labels; namespace: string; world: AffinityWorld },
): Term {
  const own = (keys: readonly string[] = [], operator: string) =>
    keys.flatMap((key) => (Object.hasOwn(labels, key) ? [{ key, operator, values: [labels[key]!] }] : []));
  const selector = labelSelectorFrom(
    labelSelector && {
      matchLabels: labelSelector.matchLabels,
      matchExpressions: [
        ...(labelSelector.matchExpressions ?? []),
        ...own(matchLabelKeys, 'In'),
        ...own(mismatchLabelKeys, 'NotIn'),
      ],
    },
  );
  const named = new Set(namespaces?.length || namespaceSelector ? namespaces : [namespace]);
  const byLabels = labelSelectorFrom(namespaceSelector);
  return {
    topologyKey,
    selector,
    isOfNamespace: (one) =>
      named.has(one) || (namespaceSelector !== undefined && byLabels.matches(world.labelsOfNamespace(one))),
    only: namespaceSelector || named.size !== 1 ? undefined : [...named][0],
  };
}

function matches({ selector, isOfNamespace }: Term, { metadata }: Item): boolean {
  return selector.matches(metadata.labels) && isOfNamespace(metadata.namespace ?? '');
}

/** `key=value` of the topologies that hold such a pod. */
function valuesNear(
  terms: readonly Term[],
  world: AffinityWorld,
  isSuch: (item: Item) => boolean,
): ReadonlySet<string> {
  const found = new Set<string>();
  const [first] = terms;
  if (!first) return found;
  for (const item of world.pods(first.only)) {
    const { facts } = item;
    if (facts?.kind !== 'pod' || !facts.live || !facts.node || !isSuch(item)) continue;
    const labels = world.labelsOfNode(facts.node);
    for (const { topologyKey } of terms) {
      const value = labels?.[topologyKey];
      if (value !== undefined) found.add(pair(topologyKey, value));
    }
  }
  return found;
}

function pair(key: string, value: string): string {
  return `${key}=${value}`;
}
