/**
 * What to create and delete so that each node has what it should have; free of I/O. Rolling out a new template is another
 * plan, which the kinds make in their own ways.
 */
import type { Pod } from '@skerry/api';
import { isUpdated } from '#daemon/node-view.ts';
import type { NodeView } from '#daemon/node-view.ts';
import { availability, isReady } from '#runtime/pods.ts';

export interface Plan {
  /** Names of nodes. */
  readonly create: string[];
  readonly remove: Pod[];
  /** Finished pods, which are removed with a delay that grows, so that a crashing daemon is not restarted in a tight loop. */
  readonly finished: { readonly node: string; readonly pod: Pod }[];
}

export interface PlanContext {
  readonly hash: string;
  readonly nowMs: number;
  readonly minReadySeconds: number | undefined;
}

export function emptyPlan(): Plan {
  return { create: [], remove: [], finished: [] };
}

export interface PlaceOptions extends PlanContext {
  /** One old and one new pod may stand on a node, until the new one is available. */
  readonly surges: boolean;
  /** Pods that are on their way out by another way than deletion. */
  readonly isLeaving?: (pod: Pod) => boolean;
}

export function placePlan(nodes: readonly NodeView[], options: PlaceOptions): Plan {
  const { surges, isLeaving = () => false } = options;
  const plan = emptyPlan();
  for (const { name, shouldRun, shouldContinue, pods } of nodes) {
    const staying = pods.filter(({ metadata }) => !metadata.deletionTimestamp);
    // Where two may stand at once, the next one need not wait until the last one has gone.
    const isFree = surges ? staying.length === 0 : pods.length === 0;
    if (shouldRun && isFree) plan.create.push(name);
    if (!shouldContinue) {
      plan.remove.push(...staying);
      continue;
    }
    const running: Pod[] = [];
    for (const pod of staying) {
      const phase = pod.status?.phase;
      if (phase === 'Failed' || phase === 'Succeeded') plan.finished.push({ node: name, pod });
      else if (isLeaving(pod)) plan.remove.push(pod);
      else running.push(pod);
    }
    plan.remove.push(...(surges ? excessWithSurge(running, options) : running.slice(1)));
  }
  return plan;
}

function excessWithSurge(running: readonly Pod[], context: PlanContext): Pod[] {
  const [newPod, ...moreNew] = running.filter((pod) => isUpdated(pod, context.hash));
  const [oldPod, ...moreOld] = running.filter((pod) => !isUpdated(pod, context.hash));
  const excess = [...moreNew, ...moreOld];
  if (newPod && oldPod && (!isReady(oldPod) || isAvailable(newPod, context))) excess.push(oldPod);
  return excess;
}

export function isAvailable(pod: Pod, { minReadySeconds, nowMs }: PlanContext): boolean {
  if (pod.metadata.deletionTimestamp) return false;
  return availability(pod, { minReadySeconds, nowMs }).available;
}
