/**
 * DaemonSets: one pod on every node that the template may run on, kept while nodes come, go, and change labels and taints.
 *
 * One look does: revisions, then the pod each node should have, then the update of old pods, then the status. Pods are
 * bound by the scheduler through an affinity to one node. Losing its node never evicts a daemon pod.
 */
import { daemonShouldRun, isApiError, labelSelectorFrom } from '@skerry/api';
import type { ControllerRevision, DaemonSet, Node, Pod } from '@skerry/api';
import { keyOf, resources } from '@skerry/client';
import { slowStart } from '#runtime/batch.ts';
import { isSame } from '#runtime/canonical.ts';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, ControllerContext, Requeue } from '#runtime/controller.ts';
import { Expectations } from '#runtime/expectations.ts';
import { claim, controllerOf, indexByController } from '#runtime/ownership.ts';
import { PodControl } from '#runtime/pod-control.ts';
import { availability, isFinished, isReady } from '#runtime/pods.ts';
import { splitKey, writeStatus } from '#runtime/status.ts';
import { daemonPod, targetNode } from '#apps/daemon-set/daemon-pod.ts';
import { FailedPodDelay } from '#apps/daemon-set/failed-pod-delay.ts';
import { hashOf, syncHistory, trimHistory } from '#apps/daemon-set/history.ts';
import { isRollingUpdate, isUpdated, placePlan, updatePlan } from '#apps/daemon-set/plan.ts';
import type { NodeView, Plan } from '#apps/daemon-set/plan.ts';

const burst = 250;

export function createDaemonSetController(context: ControllerContext): Controller {
  const { client, informers, clock, events } = context;
  const daemonSets = informers.informer<DaemonSet>(resources.daemonSets);
  const nodes = informers.informer<Node>(resources.nodes);
  const pods = indexByController(informers.informer<Pod>(resources.pods));
  const revisions = indexByController(informers.informer<ControllerRevision>(resources.controllerRevisions));
  const expectations = new Expectations(clock);
  const failedPods = new FailedPodDelay(clock);
  const podControl = new PodControl(context);
  const queue = createQueue(context);

  const enqueueAll = () => {
    for (const set of daemonSets.list()) queue.add(keyOf(set));
  };
  daemonSets.addHandler({
    onAdd: (set) => queue.add(keyOf(set)),
    onUpdate: (set) => queue.add(keyOf(set)),
    onDelete: (set) => expectations.forget(keyOf(set)),
  });
  nodes.addHandler({
    onAdd: enqueueAll,
    onDelete: enqueueAll,
    onUpdate(node, old) {
      const isPlacementSame =
        isSame(node.metadata.labels, old.metadata.labels) && isSame(node.spec, old.spec);
      if (!isPlacementSame) enqueueAll();
    },
  });
  const ownerKey = (pod: Pod): string | undefined => {
    const owner = controllerOf(pod);
    return owner?.kind === 'DaemonSet' ? `${pod.metadata.namespace}/${owner.name}` : undefined;
  };
  pods.addHandler({
    onAdd(pod) {
      const key = ownerKey(pod);
      if (!key) return;
      expectations.creationObserved(key);
      queue.add(key);
    },
    onUpdate(pod) {
      const key = ownerKey(pod);
      if (!key) return;
      if (pod.metadata.deletionTimestamp) expectations.deletionObserved(key, pod.metadata.uid ?? '');
      queue.add(key);
    },
    onDelete(pod) {
      const key = ownerKey(pod);
      if (!key) return;
      expectations.deletionObserved(key, pod.metadata.uid ?? '');
      queue.add(key);
    },
  });

  async function reconcile(key: string): Promise<Requeue | undefined> {
    const { namespace, name } = splitKey(key);
    const set = daemonSets.get(namespace, name);
    if (!set || set.metadata.deletionTimestamp) return undefined;
    const selector = labelSelectorFrom(set.spec?.selector);
    if (selector.empty) {
      const message = 'This daemon set is selecting all pods. A non-empty selector is required.';
      events.record(set, { type: 'Warning', reason: 'SelectingAll', message });
      return undefined;
    }
    const history = await syncHistory(client, set, revisions);
    const hash = hashOf(history.current);
    let failure: unknown;
    let waitMs: number | undefined;
    if (expectations.satisfied(key)) {
      const placed = await act(key, set, hash, placePlan);
      ({ failure, waitMs } = placed);
      if (failure === undefined && expectations.satisfied(key) && isRollingUpdate(set)) {
        ({ failure } = await act(key, set, hash, updatePlan));
      }
    }
    const views = await look(set);
    await trimHistory(client, set, { old: history.old, pods: views.flatMap((view) => view.pods) });
    const requeueMs = await updateStatus(set, views, hash);
    if (failure !== undefined) throw failure;
    const waits = [waitMs, requeueMs].filter((wait) => wait !== undefined);
    return waits.length > 0 ? { afterMs: Math.max(1, Math.min(...waits)) } : undefined;
  }

  /** Every node, and every name of a node that a pod of the set still has. */
  async function look(set: DaemonSet): Promise<NodeView[]> {
    const owned = await claim({
      client,
      owner: set,
      ownerRef: resources.daemonSets,
      selector: labelSelectorFrom(set.spec?.selector),
      resource: resources.pods,
      informer: pods,
    });
    const byNode = new Map<string, Pod[]>();
    for (const pod of owned) {
      if (pod.metadata.deletionTimestamp && isFinished(pod)) continue;
      const node = targetNode(pod);
      if (node) byNode.set(node, [...(byNode.get(node) ?? []), pod]);
    }
    for (const list of byNode.values()) list.sort(oldestFirst);
    const views: NodeView[] = nodes.list().map((node) => {
      const name = node.metadata.name ?? '';
      const { shouldRun, shouldContinueRunning } = daemonShouldRun(set.spec?.template ?? {}, node);
      return { name, shouldRun, shouldContinue: shouldContinueRunning, pods: byNode.get(name) ?? [] };
    });
    for (const [name, list] of byNode) {
      // Pods of a node that has gone are the pod garbage collector's, once bound.
      const unbound = list.filter(({ spec }) => !spec?.nodeName);
      if (nodes.get(undefined, name) || unbound.length === 0) continue;
      views.push({ name, shouldRun: false, shouldContinue: false, pods: unbound });
    }
    return views.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async function act(
    key: string,
    set: DaemonSet,
    hash: string,
    planner: typeof placePlan,
  ): Promise<{ failure: unknown; waitMs?: number }> {
    const plan = planner(await look(set), { set, hash, nowMs: clock.now() });
    const waitMs = takeFinished(set, plan);
    const creates = plan.create.slice(0, burst);
    const removes = plan.remove.slice(0, burst);
    if (creates.length > 0) expectations.expectCreations(key, creates.length);
    expectations.expectDeletions(
      key,
      removes.map(({ metadata }) => metadata.uid ?? ''),
    );
    let attempted = 0;
    const { error } = await slowStart(creates.length, async (index) => {
      attempted++;
      try {
        await podControl.create(daemonPod(set, { node: creates[index] ?? '', hash }), set);
      } catch (caught) {
        expectations.creationObserved(key);
        throw caught;
      }
    });
    for (let skipped = attempted; skipped < creates.length; skipped++) expectations.creationObserved(key);
    const results = await Promise.allSettled(
      removes.map(async (pod) => {
        try {
          await podControl.delete(pod, set);
        } catch (caught) {
          expectations.deletionObserved(key, pod.metadata.uid ?? '');
          throw caught;
        }
      }),
    );
    const failure = error ?? results.find((result) => result.status === 'rejected')?.reason;
    const isCut = plan.create.length > burst || plan.remove.length > burst;
    return { failure, waitMs: isCut ? 1 : waitMs };
  }

  /** Moves finished pods whose delay is over to those to remove; returns the shortest delay of the others. */
  function takeFinished(set: DaemonSet, plan: Plan): number | undefined {
    let waitMs: number | undefined;
    for (const { node, pod } of plan.finished) {
      const delayMs = failedPods.take(`${set.metadata.uid}/${node}`);
      const where = `${pod.metadata.namespace}/${pod.metadata.name} on node ${node}`;
      if (delayMs > 0) {
        waitMs = Math.min(waitMs ?? Infinity, delayMs);
      } else if (pod.status?.phase === 'Failed') {
        const message = `Found failed daemon pod ${where}, will try to kill it`;
        events.record(set, { type: 'Warning', reason: 'FailedDaemonPod', message });
        plan.remove.push(pod);
      } else {
        const message = `Found succeeded daemon pod ${where}, will try to delete it`;
        events.record(set, { type: 'Normal', reason: 'SucceededDaemonPod', message });
        plan.remove.push(pod);
      }
    }
    return waitMs;
  }

  async function updateStatus(
    set: DaemonSet,
    views: readonly NodeView[],
    hash: string,
  ): Promise<number | undefined> {
    const counts = { desired: 0, current: 0, misscheduled: 0, ready: 0, available: 0, updated: 0 };
    let waitMs: number | undefined;
    for (const { shouldRun, pods } of views) {
      const first = pods[0];
      if (!shouldRun) {
        if (first) counts.misscheduled++;
        continue;
      }
      counts.desired++;
      if (!first) continue;
      counts.current++;
      // While surging, the oldest pod is the one that counts.
      if (isReady(first)) counts.ready++;
      const state = availability(first, { minReadySeconds: set.spec?.minReadySeconds, nowMs: clock.now() });
      if (state.available) counts.available++;
      if (state.inMs !== undefined) waitMs = Math.min(waitMs ?? Infinity, state.inMs);
      if (isUpdated(first, hash)) counts.updated++;
    }
    const current = daemonSets.get(set.metadata.namespace, set.metadata.name ?? '') ?? set;
    await writeStatus(client, resources.daemonSets, current, {
      ...current.status,
      currentNumberScheduled: counts.current,
      desiredNumberScheduled: counts.desired,
      numberMisscheduled: counts.misscheduled,
      numberReady: counts.ready,
      numberAvailable: counts.available,
      numberUnavailable: counts.desired - counts.available,
      updatedNumberScheduled: counts.updated,
      observedGeneration: set.metadata.generation,
    });
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

function oldestFirst(a: Pod, b: Pod): number {
  const isBound = Number(Boolean(b.spec?.nodeName)) - Number(Boolean(a.spec?.nodeName));
  if (isBound !== 0) return isBound;
  const [one, two] = [a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? ''];
  if (one !== two) return one < two ? -1 : 1;
  return (a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1;
}
