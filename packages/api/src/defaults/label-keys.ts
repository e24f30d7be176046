import type { Pod, PodAffinityTerm } from '#types.generated.ts';

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
  const add = (keys: readonly string[], operator: 'In' | 'NotIn'): void => {
    for (const key of keys) {
      const value = labels[key];
      if (value === undefined) continue;
      const expressions = (labelSelector.matchExpressions ??= []);
      // It may have been done already: a new pod is prepared again after admission has seen it.
      const isThere = expressions.some(
        (each) => each.key === key && each.operator === operator && each.values?.join() === value,
      );
      if (!isThere) expressions.push({ key, operator, values: [value] });
    }
  };
  add(matchLabelKeys, 'In');
  add(mismatchLabelKeys, 'NotIn');
}
