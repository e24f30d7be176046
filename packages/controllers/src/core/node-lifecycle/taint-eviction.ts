/**
 * Deletes pods that don't tolerate a NoExecute taint of their node: at once, or when their `tolerationSeconds` are over.
 * The time counts from when the taint was put on (or the pod came, if later), so a restart of this controller neither
 * shortens nor lengthens it; but of a taint that was there at the start it is extended to a minute from there, in which the
 * node may come back. A taint that doesn't say when it was put on, as people put them, counts from when it was first seen. One
 * that goes in time saves the pod. A node that can't be reached keeps its pods until its autonomy ends: they most likely run on.
 * Rules: https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/#taint-based-evictions
 */
import { autonomyMs, isApiError, toleratesTaint, unreachableTaint } from '@skerry/api';
import type { Node, Pod, Taint } from '@skerry/api';
import { keyOf, resources } from '@skerry/client';
import { taintEvictionNumbers } from '#core/node-lifecycle/node-numbers.ts';
import { isSame } from '#runtime/canonical.ts';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, ControllerContext } from '#runtime/controller.ts';
import { numbersOf } from '#runtime/numbers.ts';
import { disruptionOf } from '#runtime/disruption.ts';
import { splitKey } from '#runtime/status.ts';

const afterStartMs = 60_000;

export function createTaintEvictionController(context: ControllerContext): Controller {
  const { client, informers, clock, events } = context;
  const nodes = informers.informer<Node>(resources.nodes);
  const pods = informers.informer<Pod>(resources.pods);
  pods.addIndex('node', ({ spec }) => (spec?.nodeName ? [spec.nodeName] : []));
  const queue = createQueue(context);
  const numbers = numbersOf(context, taintEvictionNumbers);
  const doomed = new Set<string>();
  const startedMs = clock.now();
  /** When taints that don't say it were first seen, by node and taint. */
  const firstSeen = new Map<string, Map<string, string>>();

  function taintsOf(node: Node): Taint[] {
    const { name = '' } = node.metadata;
    const taints = noExecuteTaints(node);
    const known = firstSeen.get(name);
    const seen = new Map<string, string>();
    const timed = taints.map((taint) => {
      if (taint.timeAdded) return taint;
      const key = `${taint.key}=${taint.value ?? ''}`;
      const timeAdded = known?.get(key) ?? new Date(clock.now()).toISOString();
      seen.set(key, timeAdded);
      return { ...taint, timeAdded };
    });
    if (seen.size > 0) firstSeen.set(name, seen);
    else firstSeen.delete(name);
    return timed;
  }

  const enqueuePodsOf = (node: Node) => {
    for (const pod of pods.byIndex('node', node.metadata.name ?? '')) queue.add(keyOf(pod));
  };
  nodes.addHandler({
    onAdd: (node) => noExecuteTaints(node).length > 0 && enqueuePodsOf(node),
    onUpdate: (node, old) => {
      taintsOf(node);
      const isChanged = !isSame(noExecuteTaints(node), noExecuteTaints(old));
      if (isChanged || autonomyMs(node) !== autonomyMs(old)) enqueuePodsOf(node);
    },
    onDelete: (node) => void firstSeen.delete(node.metadata.name ?? ''),
  });
  pods.addHandler({
    onAdd: (pod) => pod.spec?.nodeName && queue.add(keyOf(pod)),
    onUpdate: (pod, old) => {
      const isMoved = pod.spec?.nodeName !== old.spec?.nodeName;
      if (isMoved || !isSame(pod.spec?.tolerations, old.spec?.tolerations)) queue.add(keyOf(pod));
    },
    onDelete: (pod) => void doomed.delete(keyOf(pod)),
  });

  function sayKept(pod: Pod): void {
    const key = keyOf(pod);
    if (!doomed.delete(key)) return;
    const message = `Cancelling deletion of Pod ${key}`;
    events.record(pod, { type: 'Normal', reason: 'TaintManagerEviction', message });
  }

  async function evict(pod: Pod, lateMs: number): Promise<void> {
    const { name = '', namespace, uid } = pod.metadata;
    const podClient = client.resource<Pod>(resources.pods);
    const message = `Marking for deletion Pod ${namespace}/${name}`;
    events.record(pod, { type: 'Normal', reason: 'TaintManagerEviction', message });
    const why = {
      reason: 'DeletionByTaintManager',
      message: 'Taint manager: deleting due to NoExecute taint',
    };
    const conditions = disruptionOf(pod, why, clock.now());
    try {
      await podClient.update({ ...pod, status: { ...pod.status, conditions } }, { subresource: 'status' });
      await podClient.delete(name, { namespace, preconditions: { uid } });
      numbers.deleted(lateMs / 1000);
    } catch (error) {
      if (!isApiError(error, 'NotFound')) throw error;
    }
  }

  return createController({
    name: 'taint-eviction-controller',
    context,
    waitFor: [nodes, pods],
    queue,
    workers: 8,
    async reconcile(key) {
      const { namespace, name } = splitKey(key);
      const pod = pods.get(namespace, name);
      if (!pod || pod.metadata.deletionTimestamp) return undefined;
      const node = nodes.get(undefined, pod.spec?.nodeName ?? '');
      const taints = node ? taintsOf(node) : [];
      const dueMs = node ? evictionTime(pod, taints, autonomyMs(node)) : undefined;
      if (dueMs === undefined) {
        sayKept(pod);
        return undefined;
      }
      const isTolerated = dueMs > 0;
      // Of what was to happen later there is no more talk.
      if (!isTolerated) sayKept(pod);
      const wasThere = taints.some(({ timeAdded = '' }) => Date.parse(timeAdded) < startedMs);
      const notBeforeMs = isTolerated && wasThere ? startedMs + afterStartMs : 0;
      const waitMs = Math.max(dueMs, notBeforeMs) - clock.now();
      if (waitMs <= 0) {
        await evict(pod, isTolerated ? -waitMs : 0);
        return undefined;
      }
      doomed.add(key);
      return { afterMs: waitMs };
    },
  });
}

function noExecuteTaints(node: Node): Taint[] {
  return (node.spec?.taints ?? []).filter(({ effect }) => effect === 'NoExecute');
}

/**
 * When the first of the taints ends the pod; undefined when all are tolerated for good. That of a node out of reach does not
 * before the autonomy is over.
 */
export function evictionTime(pod: Pod, taints: readonly Taint[], autonomyOfNodeMs = 0): number | undefined {
  const cameMs = Date.parse(pod.status?.startTime ?? pod.metadata.creationTimestamp ?? '') || 0;
  let dueMs: number | undefined;
  for (const taint of taints) {
    const tolerations = (pod.spec?.tolerations ?? []).filter((toleration) =>
      toleratesTaint(toleration, taint),
    );
    const seconds = tolerations.map(({ tolerationSeconds }) => tolerationSeconds ?? Infinity);
    const addedMs = Date.parse(taint.timeAdded ?? '') || 0;
    const startMs = Math.max(addedMs, cameMs);
    const toleratedMs = tolerations.length === 0 ? 0 : startMs + Math.max(0, Math.min(...seconds)) * 1000;
    const keptMs = taint.key === unreachableTaint && autonomyOfNodeMs > 0 ? addedMs + autonomyOfNodeMs : 0;
    const endMs = Math.max(toleratedMs, keptMs);
    if (endMs !== Infinity) dueMs = Math.min(dueMs ?? Infinity, endMs);
  }
  return dueMs;
}
