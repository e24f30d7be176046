import type {
  Node,
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodSpec,
} from '../types.generated.ts';

/**
 * Which nodes a pod's selectors and required affinity allow. Terms are alternatives; within a term everything must match;
 * a term that asks nothing matches nothing. `matchFields` knows one field, `metadata.name`.
 * Rules: https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/
 */
export function matchesNodeAffinity(spec: PodSpec, node: Node): boolean {
  const labels = node.metadata.labels ?? {};
  for (const [key, value] of Object.entries(spec.nodeSelector ?? {}))
    if (!Object.hasOwn(labels, key) || labels[key] !== value) return false;
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return required === undefined || matchesNodeSelector(required, node);
}

export function matchesNodeSelector(selector: NodeSelector, node: Node): boolean {
  return (selector.nodeSelectorTerms ?? []).some((term) => matchesNodeSelectorTerm(term, node));
}

export function matchesNodeSelectorTerm(term: NodeSelectorTerm, node: Node): boolean {
  const { matchExpressions = [], matchFields = [] } = term;
  if (matchExpressions.length === 0 && matchFields.length === 0) return false;
  const labels = node.metadata.labels ?? {};
  return (
    matchExpressions.every((r) => matches(r, Object.hasOwn(labels, r.key) ? labels[r.key] : undefined)) &&
    matchFields.every((r) => r.key === 'metadata.name' && matches(r, node.metadata.name))
  );
}

/** The one node that the pod's required affinity allows by name, as DaemonSet pods say it; undefined for any other pod. */
export function requiredNodeName(spec: PodSpec): string | undefined {
  const terms =
    spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const names = new Set(
    terms.map((term) => {
      const field = term.matchFields?.find((r) => r.key === 'metadata.name' && r.operator === 'In');
      return field?.values?.length === 1 ? field.values[0] : undefined;
    }),
  );
  return names.size === 1 ? [...names][0] : undefined;
}

function matches({ operator, values = [] }: NodeSelectorRequirement, held: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return held !== undefined && values.includes(held);
    case 'NotIn':
      return held === undefined || !values.includes(held);
    case 'Exists':
      return held !== undefined;
    case 'DoesNotExist':
      return held === undefined;
    case 'Gt':
    case 'Lt': {
      const bound = values[0];
      if (held === undefined || values.length !== 1 || !integer.test(held) || !integer.test(bound!))
        return false;
      return operator === 'Gt' ? BigInt(held) > BigInt(bound!) : BigInt(held) < BigInt(bound!);
    }
    default:
      return false;
  }
}

const integer = /^-?\d+$/;
