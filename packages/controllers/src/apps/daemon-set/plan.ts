/**
 * What to create and delete, from a look at every node; free of I/O. First each node gets what it should have (`placePlan`),
 * then pods of an old template give way, as many at once as the strategy allows (`updatePlan`).
 * Rules: https://kubernetes.io/docs/tasks/manage-daemon/update-daemon-set/
 */
import type { DaemonSet, Pod } from '@skerry/api';
import { availability, isReady, resolveIntOrPercent } from '#runtime/pods.ts';
import { revisionHashLabel } from '#apps/daemon-set/history.ts';

export interface NodeView {
  readonly name: string;
  /** A pod is missing here if there is none. */
  readonly shouldRun: boolean;
  /** A pod that is here may stay. */
  readonly shouldContinue: boolean;
  /** Of this set, all but finished ones that are going already; oldest first. */
  readonly pods: readonly Pod[];
}

export interface Plan {
  /** Names of nodes. */
  readonly create: string[];
  readonly remove: Pod[];
  /** Finished pods, which are removed with a delay that grows, so that a crashing daemon is not restarted in a tight loop. */
  readonly finished: { readonly node: string; readonly pod: Pod }[];
}

export interface PlanContext {
  readonly set: DaemonSet;
  readonly hash: string;
  readonly nowMs: number;
}

export function isUpdated(pod: Pod, hash: string): boolean {
  return pod.metadata.labels?.[revisionHashLabel] === hash;
}

function surgeAndUnavailable(set: DaemonSet, desired: number): { surge: number; unavailable: number } {
  const { maxSurge = 0, maxUnavailable = 1 } = set.spec?.updateStrategy?.rollingUpdate ?? {};
  const surge = resolveIntOrPercent(maxSurge, { total: desired, round: 'up' });
  const unavailable = resolveIntOrPercent(maxUnavailable, { total: desired, round: 'up' });
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

export function isRollingUpdate(set: DaemonSet): boolean {
  return (set.spec?.updateStrategy?.type ?? 'RollingUpdate') === 'RollingUpdate';
}

export function placePlan(nodes: readonly NodeView[], context: PlanContext): Plan {
  const plan: Plan = { create: [], remove: [], finished: [] };
  const desired = nodes.filter(({ shouldRun }) => shouldRun).length;
  const surges = isRollingUpdate(context.set) && surgeAndUnavailable(context.set, desired).surge > 0;
  for (const { name, shouldRun, shouldContinue, pods } of nodes) {
    if (shouldRun && pods.length === 0) plan.create.push(name);
    const staying = pods.filter(({ metadata }) => !metadata.deletionTimestamp);
    if (!shouldContinue) {
      plan.remove.push(...staying);
      continue;
    }
    const running: Pod[] = [];
    for (const pod of staying) {
      const phase = pod.status?.phase;
      if (phase === 'Failed' || phase === 'Succeeded') plan.finished.push({ node: name, pod });
      else running.push(pod);
    }
    plan.remove.push(...(surges ? excessWithSurge(running, context) : running.slice(1)));
  }
  return plan;
}

/** While surging, one old and one new pod may stand on a node, until the new one is available. */
function excessWithSurge(running: readonly Pod[], context: PlanContext): Pod[] {
  const [newPod, ...moreNew] = running.filter((pod) => isUpdated(pod, context.hash));
  const [oldPod, ...moreOld] = running.filter((pod) => !isUpdated(pod, context.hash));
  const excess = [...moreNew, ...moreOld];
  if (newPod && oldPod && (!isReady(oldPod) || isAvailable(newPod, context))) excess.push(oldPod);
  return excess;
}

export function updatePlan(nodes: readonly NodeView[], context: PlanContext): Plan {
  const desired = nodes.filter(({ shouldRun }) => shouldRun).length;
  const { surge, unavailable } = surgeAndUnavailable(context.set, desired);
  return surge > 0
    ? surgePlan(nodes, { ...context, max: surge })
    : replacePlan(nodes, { ...context, max: unavailable });
}

function replacePlan(nodes: readonly NodeView[], context: PlanContext & { max: number }): Plan {
  const plan: Plan = { create: [], remove: [], finished: [] };
  const candidates: Pod[] = [];
  let unavailable = 0;
  for (const { shouldRun, pods } of nodes) {
    if (!shouldRun && pods.length === 0) continue;
    const newPods = pods.filter((pod) => isUpdated(pod, context.hash));
    const oldPods = pods.filter((pod) => !isUpdated(pod, context.hash));
    const [newPod] = newPods;
    const [oldPod] = oldPods;
    if (newPods.length > 1 || oldPods.length > 1 || (!newPod && !oldPod)) unavailable++;
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
  const plan: Plan = { create: [], remove: [], finished: [] };
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

function isAvailable(pod: Pod, { set, nowMs }: PlanContext): boolean {
  if (pod.metadata.deletionTimestamp) return false;
  return availability(pod, { minReadySeconds: set.spec?.minReadySeconds, nowMs }).available;
}
