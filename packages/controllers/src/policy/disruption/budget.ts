/**
 * How many pods a PodDisruptionBudget lets go now; free of I/O.
 * Rules: https://kubernetes.io/docs/tasks/run-application/configure-pdb/
 */
import type { Pod, PodDisruptionBudget } from '@skerry/api';
import { isReady, resolveIntOrPercent } from '#runtime/pods.ts';

/** An eviction that was granted and whose pod is not on its way out after this long has come to nothing. */
const disruptionTimeoutMs = 2 * 60_000;

export interface BudgetCounts {
  readonly currentHealthy: number;
  readonly desiredHealthy: number;
  readonly expectedPods: number;
  readonly disruptionsAllowed: number;
  /** Granted evictions that still count. */
  readonly disruptedPods: Record<string, string>;
  /** When the first of them no longer counts. */
  readonly recheckMs: number | undefined;
}

/** Whether the budget is relative to what the pods' controllers ask for. */
export function needsScale({ spec }: PodDisruptionBudget): boolean {
  return spec?.maxUnavailable !== undefined || typeof spec?.minAvailable === 'string';
}

export function budgetCounts(
  budget: PodDisruptionBudget,
  given: { readonly pods: readonly Pod[]; readonly scale: number; readonly nowMs: number },
): BudgetCounts {
  const { pods, scale, nowMs } = given;
  const { disruptedPods, recheckMs } = stillDisrupted(budget, pods, nowMs);
  const expectedPods = needsScale(budget) ? scale : pods.length;
  const desiredHealthy = desired(budget, expectedPods);
  const currentHealthy = pods.filter(
    (pod) => !pod.metadata.deletionTimestamp && !((pod.metadata.name ?? '') in disruptedPods) && isReady(pod),
  ).length;
  const spare = currentHealthy - desiredHealthy;
  const disruptionsAllowed = expectedPods <= 0 ? 0 : Math.max(0, spare);
  return { currentHealthy, desiredHealthy, expectedPods, disruptionsAllowed, disruptedPods, recheckMs };
}

function desired({ spec }: PodDisruptionBudget, total: number): number {
  if (spec?.maxUnavailable !== undefined) {
    return Math.max(0, total - resolveIntOrPercent(spec.maxUnavailable, { total, round: 'up' }));
  }
  return resolveIntOrPercent(spec?.minAvailable ?? 1, { total, round: 'up' });
}

function stillDisrupted(
  { status }: PodDisruptionBudget,
  pods: readonly Pod[],
  nowMs: number,
): Pick<BudgetCounts, 'disruptedPods' | 'recheckMs'> {
  const granted = (status?.disruptedPods ?? {}) as Record<string, string>;
  const disruptedPods: Record<string, string> = {};
  let recheckMs: number | undefined;
  for (const { metadata } of pods) {
    const name = metadata.name ?? '';
    const time = granted[name];
    if (time === undefined || metadata.deletionTimestamp) continue;
    const leftMs = Date.parse(time) + disruptionTimeoutMs - nowMs;
    if (!(leftMs > 0)) continue;
    disruptedPods[name] = time;
    recheckMs = Math.min(recheckMs ?? Infinity, leftMs);
  }
  return { disruptedPods, recheckMs };
}
