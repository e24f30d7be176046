/**
 * Which pods of an old template give way, as many at once as the strategy allows; free of I/O.
 * Rules: https://kubernetes.io/docs/tasks/manage-daemon/update-daemon-set/
 */
import type { DaemonSet, Pod } from '@skerry/api';
import { desiredCount, isUpdated, skipsOfflineNodes } from '#daemon/node-view.ts';
import type { NodeView } from '#daemon/node-view.ts';
import { emptyPlan, isAvailable } from '#daemon/plan.ts';
import type { Plan, PlanContext } from '#daemon/plan.ts';
import { resolveIntOrPercent } from '#runtime/pods.ts';

/**
 * OpenYurt's strategy for fleets whose machines come and go: with OnDelete, the set still rolls, over nodes that are online.
 * https://openyurt.io/docs/user-manuals/workload/daemon-pod-ota-update
 */
const edgeStrategyAnnotation = 'apps.openyurt.io/update-strategy';
const edgeUnavailableAnnotation = 'apps.openyurt.io/max-unavailable';
const edgeUnavailableDefault = '10%';

function isEdgeRollingUpdate({ metadata, spec }: DaemonSet): boolean {
  const strategy = metadata.annotations?.[edgeStrategyAnnotation]?.toLowerCase();
  return spec?.updateStrategy?.type === 'OnDelete' && strategy === 'advancedrollingupdate';
}

function limitsOf(set: DaemonSet): { maxSurge: number | string; maxUnavailable: number | string } {
  if (isEdgeRollingUpdate(set)) {
    const maxUnavailable = set.metadata.annotations?.[edgeUnavailableAnnotation] ?? edgeUnavailableDefault;
    return { maxSurge: 0, maxUnavailable };
  }
  const { maxSurge = 0, maxUnavailable = 1 } = set.spec?.updateStrategy?.rollingUpdate ?? {};
  return { maxSurge, maxUnavailable };
}

export function surgeAndUnavailable(set: DaemonSet, desired: number): { surge: number; unavailable: number } {
  const { maxSurge, maxUnavailable } = limitsOf(set);
  const surge = resolveIntOrPercent(maxSurge, { total: desired, round: 'up' });
  const unavailable = resolveIntOrPercent(maxUnavailable, { total: desired, round: 'up' });
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

export function isRollingUpdate(set: DaemonSet): boolean {
  return (set.spec?.updateStrategy?.type ?? 'RollingUpdate') === 'RollingUpdate' || isEdgeRollingUpdate(set);
}

/** Whether offline nodes are neither counted nor waited for. */
export function leavesOutOffline(set: DaemonSet): boolean {
  return skipsOfflineNodes(set) || isEdgeRollingUpdate(set);
}

/** `desired` is asked of all nodes, also where some are left out. */
export function updatePlan(
  set: DaemonSet,
  nodes: readonly NodeView[],
  context: PlanContext & { readonly desired?: number },
): Plan {
  const { surge, unavailable } = surgeAndUnavailable(set, context.desired ?? desiredCount(nodes));
  return surge > 0
    ? surgePlan(nodes, { ...context, max: surge })
    : replacePlan(nodes, { ...context, max: unavailable });
}

function replacePlan(nodes: readonly NodeView[], context: PlanContext & { max: number }): Plan {
  const plan = emptyPlan();
  const candidates: Pod[] = [];
  let unavailable = 0;
  for (const { shouldRun, pods } of nodes) {
    if (!shouldRun && pods.length === 0) continue;
    const newPods = pods.filter((pod) => isUpdated(pod, context.hash));
    const oldPods = pods.filter((pod) => !isUpdated(pod, context.hash));
    const [newPod] = newPods;
    const [oldPod] = oldPods;
    // What is missing or too much on a node is placed before the update goes on.
    if (newPods.length > 1 || oldPods.length > 1 || !newPod === !oldPod) unavailable++;
    else if (newPod) unavailable += isAvailable(newPod, context) ? 0 : 1;
    else if (oldPod?.metadata.deletionTimestamp) unavailable++;
    else if (oldPod && !isAvailable(oldPod, context)) {
      // It serves nobody, so replacing it costs nothing.
      unavailable++;
      plan.remove.push(oldPod);
    } else if (oldPod) candidates.push(oldPod);
  }
  plan.remove.push(...candidates.slice(0, Math.max(0, context.max - unavailable)));
  return plan;
}

function surgePlan(nodes: readonly NodeView[], context: PlanContext & { max: number }): Plan {
  const plan = emptyPlan();
  const candidates: string[] = [];
  let surging = 0;
  for (const { name, shouldRun, pods } of nodes) {
    if (!shouldRun) continue;
    const newPods = pods.filter((pod) => isUpdated(pod, context.hash));
    const oldPods = pods.filter((pod) => !isUpdated(pod, context.hash));
    const [newPod] = newPods;
    const [oldPod] = oldPods;
    if (newPods.length > 1 || oldPods.length > 1) surging++;
    else if (!oldPod) continue;
    else if (!newPod) {
      if (!isAvailable(oldPod, context)) plan.create.push(name);
      else candidates.push(name);
    } else if (oldPod.metadata.deletionTimestamp) continue;
    else if (!isAvailable(oldPod, context) || isAvailable(newPod, context)) plan.remove.push(oldPod);
    else surging++;
  }
  plan.create.push(...candidates.slice(0, Math.max(0, context.max - surging)));
  return plan;
}
