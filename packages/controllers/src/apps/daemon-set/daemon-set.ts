/**
 * DaemonSets: one pod on every node that the template may run on, kept while nodes come, go, and change labels and taints.
 *
 * One look does: revisions, then the pod each node should have, then the update of old pods, then the status. Pods are
 * bound by the scheduler through an affinity to one node. Losing its node never evicts a daemon pod.
 */
import { isApiError, labelSelectorFrom } from '@skerry/api';
import type { ControllerRevision, DaemonSet, Node, Pod } from '@skerry/api';
import { keyOf, resources } from '@skerry/client';
import { daemonPod } from '#daemon/daemon-pod.ts';
import { DaemonPods } from '#daemon/daemon-pods.ts';
import { followNodes } from '#daemon/follow-nodes.ts';
import { hashOf, syncHistory, trimHistory } from '#runtime/revision-history.ts';
import { countNodes, desiredCount, isOffline } from '#daemon/node-view.ts';
import type { NodeView } from '#daemon/node-view.ts';
import { placePlan } from '#daemon/plan.ts';
import type { Plan, PlanContext } from '#daemon/plan.ts';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, ControllerContext, Requeue } from '#runtime/controller.ts';
import { gatherMs } from '#runtime/gather.ts';
import { indexByController } from '#runtime/ownership.ts';
import { splitKey, writeStatus } from '#runtime/status.ts';
import { Written } from '#runtime/written.ts';
import { isUpdatedByOwners, markForOwners } from '#apps/daemon-set/ota.ts';
import {
  isRollingUpdate,
  leavesOutOffline,
  surgeAndUnavailable,
  updatePlan,
} from '#apps/daemon-set/update-plan.ts';

const burst = 250;

/** What was seen, and the hash of the present template. */
interface Looked {
  readonly views: readonly NodeView[];
  readonly hash: string;
}
const ref = resources.daemonSets;

export function createDaemonSetController(context: ControllerContext): Controller {
  const { client, informers, clock, events } = context;
  const daemonSets = informers.informer<DaemonSet>(ref);
  const nodes = informers.informer<Node>(resources.nodes);
  const pods = indexByController(informers.informer<Pod>(resources.pods));
  const revisions = indexByController(informers.informer<ControllerRevision>(resources.controllerRevisions));
  const daemonPods = new DaemonPods({ context, ref, nodes, pods });
  const queue = createQueue(context);
  /** The copy shows a status later than the next one is due, while pods come by the hundred. */
  const written = new Written<DaemonSet>();

  daemonSets.addHandler({
    onAdd: (set) => queue.add(keyOf(set)),
    // Another status is most often the one written here.
    onUpdate: (set, old) =>
      queue.addAfter(
        keyOf(set),
        set.metadata.generation === old.metadata.generation ? gatherMs(nodes.size) : 0,
      ),
    onDelete: (set) => {
      daemonPods.forget(keyOf(set));
      written.forget(set);
    },
  });
  nodes.addHandler(
    followNodes({
      sets: () => daemonSets.list(),
      looksAtReadiness: leavesOutOffline,
      look: (set) => queue.add(keyOf(set)),
    }),
  );
  pods.addHandler(daemonPods.handler(queue));

  async function reconcile(key: string): Promise<Requeue | undefined> {
    const { namespace, name } = splitKey(key);
    const set = daemonSets.get(namespace, name);
    if (!set || set.metadata.deletionTimestamp) return undefined;
    if (labelSelectorFrom(set.spec?.selector).empty) {
      const message = 'This daemon set is selecting all pods. A non-empty selector is required.';
      events.record(set, { type: 'Warning', reason: 'SelectingAll', message });
      return undefined;
    }
    const history = await syncHistory(client, set, { ref, revisions });
    const hash = hashOf(history.current);
    const waits: (number | undefined)[] = [];
    let failure: unknown;
    let views = await daemonPods.look(set);
    if (daemonPods.satisfied(key)) {
      const placed = await place(key, set, { views, hash });
      ({ failure } = placed);
      waits.push(placed.waitMs);
      if (placed.isChanged) views = await daemonPods.look(set);
      if (failure === undefined && daemonPods.satisfied(key) && isRollingUpdate(set)) {
        const updated = await update(key, set, { views, hash });
        ({ failure } = updated);
        waits.push(updated.waitMs);
        if (updated.isChanged) views = await daemonPods.look(set);
      }
    }
    const pods = () => views.flatMap((view) => view.pods);
    if (isUpdatedByOwners(set)) await markForOwners(client, set, pods(), { hash, nowMs: clock.now() });
    await trimHistory(client, set, { old: history.old, pods });
    waits.push(await updateStatus(set, views, hash));
    if (failure !== undefined) throw failure;
    const known = waits.filter((wait) => wait !== undefined);
    return known.length > 0 ? { afterMs: Math.max(1, Math.min(...known)) } : undefined;
  }

  const planContext = (set: DaemonSet, hash: string): PlanContext => ({
    hash,
    nowMs: clock.now(),
    minReadySeconds: set.spec?.minReadySeconds,
  });

  async function carryOut(key: string, set: DaemonSet, plan: Plan, hash: string) {
    const makePod = (node: string) => daemonPod(set, { ref, node, hash });
    const done = await daemonPods.carryOut(key, set, plan, { burst, makePod });
    return { ...done, isChanged: plan.create.length + plan.remove.length > 0 };
  }

  async function place(key: string, set: DaemonSet, { views, hash }: Looked) {
    const surges = isRollingUpdate(set) && surgeAndUnavailable(set, desiredCount(views)).surge > 0;
    const plan = placePlan(views, { ...planContext(set, hash), surges });
    const finishedMs = daemonPods.takeFinished(set, plan);
    const done = await carryOut(key, set, plan, hash);
    return { ...done, waitMs: done.waitMs ?? finishedMs };
  }

  async function update(key: string, set: DaemonSet, { views, hash }: Looked) {
    const reached = leavesOutOffline(set) ? views.filter((view) => !isOffline(view)) : views;
    const plan = updatePlan(set, reached, { ...planContext(set, hash), desired: desiredCount(views) });
    return carryOut(key, set, plan, hash);
  }

  async function updateStatus(
    set: DaemonSet,
    views: readonly NodeView[],
    hash: string,
  ): Promise<number | undefined> {
    const { status, waitMs } = countNodes(views, planContext(set, hash));
    const shown = daemonSets.get(set.metadata.namespace, set.metadata.name ?? '') ?? set;
    const current = written.latest(shown);
    const answer = await writeStatus(client, ref, current, {
      ...current.status,
      ...status,
      observedGeneration: set.metadata.generation,
    });
    if (answer) written.note(answer);
    return waitMs;
  }

  return createController({
    name: 'daemonset-controller',
    context,
    waitFor: [daemonSets, nodes, pods, revisions],
    queue,
    async reconcile(key) {
      try {
        return await reconcile(key);
      } catch (error) {
        if (isApiError(error, 'NotFound')) return undefined;
        throw error;
      }
    },
  });
}
