/**
 * Which old pods of an Advanced DaemonSet give way; free of I/O.
 *
 * Nodes are taken in an order that does not depend on their health: those that have the new template, those between two
 * pods, then the rest, each by name, descending. Of that order `partition` are left out at the end, so that it is always
 * the same nodes that keep the old template. What offline nodes mean is said at `offlineNodesAnnotation`.
 * https://openkruise.io/docs/user-manuals/advanceddaemonset#spec-fields
 */
import { labelSelectorFrom } from '@skerry/api';
import type { Pod } from '@skerry/api';
import { desiredCount, isOffline, isUpdated, skipsOfflineNodes } from '#daemon/node-view.ts';
import type { NodeView } from '#daemon/node-view.ts';
import { emptyPlan, isAvailable } from '#daemon/plan.ts';
import type { Plan, PlanContext } from '#daemon/plan.ts';
import { isPreparingDelete } from '#kruise/daemon-set/pre-delete.ts';
import type { AdvancedDaemonSet, AdvancedRollingUpdate } from '#kruise/kinds/daemon-set.ts';
import { resolveIntOrPercent } from '#runtime/pods.ts';

export function rollingUpdateOf({ spec }: AdvancedDaemonSet): AdvancedRollingUpdate | undefined {
  const { type = 'RollingUpdate', rollingUpdate = {} } = spec?.updateStrategy ?? {};
  return type === 'RollingUpdate' ? rollingUpdate : undefined;
}

export function surgeOf(set: AdvancedDaemonSet, desired: number): number {
  return resolveIntOrPercent(rollingUpdateOf(set)?.maxSurge, { total: desired, round: 'up' });
}

/** How many nodes keep the old template. */
export function partitionOf(set: AdvancedDaemonSet, desired: number): number {
  return resolveIntOrPercent(rollingUpdateOf(set)?.partition, { total: desired, round: 'down' });
}

interface Pair {
  readonly name: string;
  readonly view: NodeView;
  readonly newPod: Pod | undefined;
  readonly oldPod: Pod | undefined;
  /** More than one of a kind, which placing pods will put right. */
  readonly crowded: boolean;
}

function pairOf(view: NodeView, hash: string): Pair {
  const staying = view.pods.filter(({ metadata }) => !metadata.deletionTimestamp);
  const [newPod, ...moreNew] = staying.filter((pod) => isUpdated(pod, hash));
  const [oldPod, ...moreOld] = staying.filter((pod) => !isUpdated(pod, hash));
  return { name: view.name, view, newPod, oldPod, crowded: moreNew.length > 0 || moreOld.length > 0 };
}

const isGone = (pod: Pod | undefined): boolean => pod === undefined || isPreparingDelete(pod);

/** The nodes that get the new template now or have it. */
function reached(set: AdvancedDaemonSet, pairs: readonly Pair[], desired: number): Pair[] {
  const { selector } = rollingUpdateOf(set) ?? {};
  const groups: Record<'updated' | 'updating' | 'rest', Pair[]> = { updated: [], updating: [], rest: [] };
  const wanted = selector && labelSelectorFrom(selector);
  for (const pair of pairs.toSorted((a, b) => (a.name < b.name ? 1 : -1))) {
    if (pair.crowded || pair.newPod) groups.updated.push(pair);
    else if (isGone(pair.oldPod)) groups.updating.push(pair);
    else if (!wanted || wanted.matches(pair.view.node?.metadata.labels)) groups.rest.push(pair);
  }
  const ordered = [...groups.updated, ...groups.updating, ...groups.rest];
  return ordered.slice(0, Math.max(0, pairs.length - partitionOf(set, desired)));
}

export interface RolloutContext extends PlanContext {
  /** Pods on nodes that the set has left don't count. */
  readonly prunesIneligible: boolean;
}

export function rolloutPlan(
  set: AdvancedDaemonSet,
  nodes: readonly NodeView[],
  context: RolloutContext,
): Plan {
  const desired = desiredCount(nodes);
  const surge = surgeOf(set, desired);
  const maxUnavailable = resolveIntOrPercent(rollingUpdateOf(set)?.maxUnavailable, {
    total: desired,
    round: 'up',
  });
  const counted = nodes.filter(
    ({ node, shouldRun, pods }) => node && (shouldRun || (pods.length > 0 && !context.prunesIneligible)),
  );
  const all = reached(
    set,
    counted.map((view) => pairOf(view, context.hash)),
    desired,
  );
  const pairs = skipsOfflineNodes(set) ? all.filter(({ view }) => !isOffline(view)) : all;
  return surge > 0
    ? surgePlan(pairs, context, surge)
    : replacePlan(pairs, context, Math.max(maxUnavailable, 1));
}

function replacePlan(pairs: readonly Pair[], context: PlanContext, max: number): Plan {
  const plan = emptyPlan();
  const candidates: Pod[] = [];
  let unavailable = 0;
  for (const { newPod, oldPod, crowded } of pairs) {
    if (crowded || isGone(oldPod) === isGone(newPod)) unavailable++;
    else if (newPod) {
      unavailable += isAvailable(newPod, context) ? 0 : 1;
      unavailable += isPreparingDelete(newPod) ? 1 : 0;
    } else if (oldPod) {
      // One that serves nobody is replaced whatever the budget.
      if (isAvailable(oldPod, context)) candidates.push(oldPod);
      else plan.remove.push(oldPod);
    }
  }
  plan.remove.push(...candidates.slice(0, Math.max(0, max - unavailable)));
  return plan;
}

function surgePlan(pairs: readonly Pair[], context: PlanContext, max: number): Plan {
  const plan = emptyPlan();
  const candidates: string[] = [];
  let surging = 0;
  for (const { name, newPod, oldPod, crowded } of pairs) {
    if (crowded) surging++;
    else if (!oldPod || isPreparingDelete(oldPod)) continue;
    else if (!newPod) {
      if (isAvailable(oldPod, context)) candidates.push(name);
      else plan.create.push(name);
    } else if (!isAvailable(newPod, context) || isPreparingDelete(newPod)) surging++;
    else plan.remove.push(oldPod);
  }
  plan.create.push(...candidates.slice(0, Math.max(0, max - surging)));
  return plan;
}

/** Of the nodes that lack a pod, those that get one: all, or as many as the partition leaves to the new template. */
export function nodesToFill(
  set: AdvancedDaemonSet,
  nodes: readonly NodeView[],
  { missing, hash }: { readonly missing: readonly string[]; readonly hash: string },
): string[] {
  const sorted = missing.toSorted();
  const desired = desiredCount(nodes);
  const partition = partitionOf(set, desired);
  if (partition === 0 || !set.spec?.scaleStrategy?.partitionedScaling) return sorted;
  const updated = nodes.filter((view) => {
    const { newPod, crowded } = pairOf(view, hash);
    return newPod && !crowded;
  }).length;
  return sorted.slice(0, Math.max(0, desired - updated - Math.min(partition, desired)));
}
