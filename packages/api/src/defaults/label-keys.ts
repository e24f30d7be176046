import type { Pod, PodAffinityTerm } from '#types.generated.ts';
import { sameJson } from '#validation/faults.ts';

/**
 * Where a pod names keys of its own labels to select by, its labels' values are put into the selector when it is made:
 * everyone after that only looks at the selector.
 */
export function mergeLabelKeys({ metadata, spec }: Pod): void {
  const labels = metadata.labels ?? {};
  const { podAffinity, podAntiAffinity } = spec?.affinity ?? {};
  for (const affinity of [podAffinity, podAntiAffinity]) {
    const preferred = affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    for (const { podAffinityTerm } of preferred) mergeInto(podAffinityTerm, labels);
    for (const term of affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [])
      mergeInto(term, labels);
  }
  for (const constraint of spec?.topologySpreadConstraints ?? []) mergeInto(constraint, labels);
}

type Keyed = Pick<PodAffinityTerm, 'labelSelector' | 'matchLabelKeys' | 'mismatchLabelKeys'>;

function mergeInto(
  { labelSelector, matchLabelKeys = [], mismatchLabelKeys = [] }: Keyed,
  labels: Readonly<Record<string, string>>,
): void {
  if (!labelSelector) return;
  const expressionsOf = (keys: readonly string[], operator: 'In' | 'NotIn') =>
    keys.flatMap((key) => (labels[key] === undefined ? [] : [{ key, operator, values: [labels[key]] }]));
  const added = [...expressionsOf(matchLabelKeys, 'In'), ...expressionsOf(mismatchLabelKeys, 'NotIn')];
  if (added.length === 0) return;
  const own = labelSelector.matchExpressions ?? [];
  // A new pod is prepared again after admission has seen it.
  if (sameJson(own.slice(-added.length), added)) return;
  labelSelector.matchExpressions = [...own, ...added];
}
