import type { Pod, PodAffinityTerm, Selector } from '@skerry/api';
import { labelSelectorFrom, nothing } from '@skerry/api';

/** The labels of a namespace, for terms that choose namespaces by label. */
export type NamespaceLabels = (namespace: string) => Readonly<Record<string, string>>;

/** One compiled term of pod affinity or anti-affinity. */
export interface AffinityTerm {
  readonly topologyKey: string;
  /** 1-100 for a preference, 0 for a requirement. */
  readonly weight: number;
  /** Names what the term matches, where that depends on the pod alone and not on labels of namespaces. */
  readonly question: string | undefined;
  matches(other: TermTarget, namespaceLabels: NamespaceLabels): boolean;
}

export interface TermTarget {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface AffinityTerms {
  readonly required: readonly AffinityTerm[];
  readonly requiredAnti: readonly AffinityTerm[];
  readonly preferred: readonly AffinityTerm[];
  readonly preferredAnti: readonly AffinityTerm[];
}

const noTerms: AffinityTerms = { required: [], requiredAnti: [], preferred: [], preferredAnti: [] };

/** Rules: https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#inter-pod-affinity-and-anti-affinity */
export function affinityTerms(pod: Pod): AffinityTerms {
  const { podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {};
  if (!podAffinity && !podAntiAffinity) return noTerms;
  const required = (terms: readonly PodAffinityTerm[] = []) => terms.map((term) => compile(pod, term, 0));
  const preferred = (terms: readonly { weight: number; podAffinityTerm: PodAffinityTerm }[] = []) =>
    terms.map(({ weight, podAffinityTerm }) => compile(pod, podAffinityTerm, weight));
  return {
    required: required(podAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    requiredAnti: required(podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    preferred: preferred(podAffinity?.preferredDuringSchedulingIgnoredDuringExecution),
    preferredAnti: preferred(podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution),
  };
}

export function hasAffinity({ required, requiredAnti, preferred, preferredAnti }: AffinityTerms): boolean {
  return required.length + requiredAnti.length + preferred.length + preferredAnti.length > 0;
}

function compile(pod: Pod, term: PodAffinityTerm, weight: number): AffinityTerm {
  const selector = withLabelKeys(pod, term);
  const own = pod.metadata.namespace ?? 'default';
  const unnamed = !term.namespaces?.length && !term.namespaceSelector;
  const namespaces = new Set(unnamed ? [own] : term.namespaces);
  const byLabels = labelSelectorFrom(term.namespaceSelector);
  return {
    topologyKey: term.topologyKey,
    weight,
    question:
      byLabels.empty || byLabels === nothing
        ? JSON.stringify(['affinity', byLabels.empty ? '*' : [...namespaces].toSorted(), selector.text])
        : undefined,
    matches: ({ namespace, labels }, namespaceLabels) =>
      selector.matches(labels) && (namespaces.has(namespace) || byLabels.matches(namespaceLabels(namespace))),
  };
}

/** `matchLabelKeys` and `mismatchLabelKeys` stand for the incoming pod's own values of those labels. */
function withLabelKeys(
  pod: Pod,
  { labelSelector, matchLabelKeys, mismatchLabelKeys }: PodAffinityTerm,
): Selector {
  if (!labelSelector) return labelSelectorFrom(undefined);
  const labels = pod.metadata.labels ?? {};
  const expressions = (keys: readonly string[] = [], operator: string) =>
    keys.flatMap((key) => (Object.hasOwn(labels, key) ? [{ key, operator, values: [labels[key]!] }] : []));
  return labelSelectorFrom({
    matchLabels: labelSelector.matchLabels,
    matchExpressions: [
      ...(labelSelector.matchExpressions ?? []),
      ...expressions(matchLabelKeys, 'In'),
      ...expressions(mismatchLabelKeys, 'NotIn'),
    ],
  });
}
