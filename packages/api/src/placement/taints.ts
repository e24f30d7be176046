import type { Taint, Toleration } from '../types.generated.ts';

export type TaintEffect = 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';

/** The effects that keep a pod from a node it isn't on yet. */
export const schedulingEffects: readonly TaintEffect[] = ['NoSchedule', 'NoExecute'];

/**
 * Whether one toleration covers one taint: an empty key with `Exists` covers every taint, an empty effect every effect.
 * Rules: https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/
 */
export function toleratesTaint(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  switch (toleration.operator || 'Equal') {
    case 'Exists':
      return true;
    case 'Equal':
      return Boolean(toleration.key) && (toleration.value ?? '') === (taint.value ?? '');
    default:
      return false;
  }
}

/** The first taint of the given effects that no toleration covers. */
export function untoleratedTaint(
  tolerations: readonly Toleration[] = [],
  taints: readonly Taint[] = [],
  effects: readonly TaintEffect[] = schedulingEffects,
): Taint | undefined {
  return taints.find(
    (taint) =>
      (effects as readonly string[]).includes(taint.effect) &&
      !tolerations.some((toleration) => toleratesTaint(toleration, taint)),
  );
}

export function toleratesTaints(
  tolerations: readonly Toleration[] | undefined,
  taints: readonly Taint[] | undefined,
  effects: readonly TaintEffect[] = schedulingEffects,
): boolean {
  return untoleratedTaint(tolerations, taints, effects) === undefined;
}
