/**
 * Keeps the status of PodDisruptionBudgets true: the eviction API, and with it `kubectl drain`, lets a pod go only as far
 * as `disruptionsAllowed` says. When the count can't be made, nothing is allowed.
 */
import { labelSelectorFrom } from '@skerry/api';
import type {
  Deployment,
  Pod,
  PodDisruptionBudget,
  ReplicaSet,
  ReplicationController,
  StatefulSet,
} from '@skerry/api';
import { describeError } from '@skerry/base';
import { keyOf, resources } from '@skerry/client';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, ControllerContext, Requeue } from '#runtime/controller.ts';
import { controllerOf } from '#runtime/ownership.ts';
import { isFinished } from '#runtime/pods.ts';
import { splitKey, withCondition, writeStatus } from '#runtime/status.ts';
import { budgetCounts, needsScale } from '#policy/disruption/budget.ts';

export function createDisruptionController(context: ControllerContext): Controller {
  const { client, informers, clock, events } = context;
  const budgets = informers.informer<PodDisruptionBudget>(resources.podDisruptionBudgets);
  const pods = informers.informer<Pod>(resources.pods);
  const replicaSets = informers.informer<ReplicaSet>(resources.replicaSets);
  const deployments = informers.informer<Deployment>(resources.deployments);
  const statefulSets = informers.informer<StatefulSet>(resources.statefulSets);
  const replicationControllers = informers.informer<ReplicationController>(resources.replicationControllers);
  const queue = createQueue(context);

  budgets.addHandler({
    onAdd: (budget) => queue.add(keyOf(budget)),
    onUpdate: (budget) => queue.add(keyOf(budget)),
  });
  const enqueueMatching = (pod: Pod) => {
    for (const budget of budgets.list(pod.metadata.namespace ?? '')) {
      if (labelSelectorFrom(budget.spec?.selector).matches(pod.metadata.labels)) queue.add(keyOf(budget));
    }
  };
  pods.addHandler({
    onAdd: enqueueMatching,
    onDelete: enqueueMatching,
    onUpdate(pod, old) {
      enqueueMatching(old);
      enqueueMatching(pod);
    },
  });
  const enqueueNamespace = ({ metadata }: { metadata: { namespace?: string } }) => {
    for (const budget of budgets.list(metadata.namespace ?? '')) queue.add(keyOf(budget));
  };
  const onScale = <T extends Deployment | StatefulSet | ReplicaSet | ReplicationController>(
    object: T,
    old: T,
  ) => {
    if (object.spec?.replicas !== old.spec?.replicas) enqueueNamespace(object);
  };
  for (const informer of [deployments, statefulSets, replicaSets, replicationControllers]) {
    informer.addHandler({ onUpdate: onScale });
  }

  /** What the controllers of the pods ask for, each counted once. */
  function scaleOf(members: readonly Pod[]): number {
    const scales = new Map<string, number>();
    for (const pod of members) {
      const owner = controllerOf(pod);
      if (!owner) throw new Error(`found no controller ref for pod "${pod.metadata.name}"`);
      const scale = ownScale(pod.metadata.namespace ?? '', owner);
      if (!scale) throw new Error(`found no controllers for pod "${pod.metadata.name}"`);
      scales.set(scale.uid, scale.replicas);
    }
    return [...scales.values()].reduce((sum, replicas) => sum + replicas, 0);
  }

  function ownScale(
    namespace: string,
    owner: { kind: string; name: string },
  ): { uid: string; replicas: number } | undefined {
    const found = ownerObject(namespace, owner);
    if (!found) return undefined;
    const above = owner.kind === 'ReplicaSet' ? controllerOf(found) : undefined;
    const object = above?.kind === 'Deployment' ? (deployments.get(namespace, above.name) ?? found) : found;
    return { uid: object.metadata.uid ?? '', replicas: object.spec?.replicas ?? 1 };
  }

  function ownerObject(namespace: string, { kind, name }: { kind: string; name: string }) {
    switch (kind) {
      case 'ReplicaSet':
        return replicaSets.get(namespace, name);
      case 'StatefulSet':
        return statefulSets.get(namespace, name);
      case 'ReplicationController':
        return replicationControllers.get(namespace, name);
      default:
        return undefined;
    }
  }

  async function reconcile(key: string): Promise<Requeue | undefined> {
    const { namespace = '', name } = splitKey(key);
    const budget = budgets.get(namespace, name);
    if (!budget || budget.metadata.deletionTimestamp) return undefined;
    const selector = labelSelectorFrom(budget.spec?.selector);
    const members = pods
      .list(namespace)
      .filter((pod) => !isFinished(pod) && selector.matches(pod.metadata.labels));
    const nowMs = clock.now();
    const base = { ...budget.status, observedGeneration: budget.metadata.generation };
    let scale = 0;
    try {
      if (needsScale(budget)) scale = scaleOf(members);
    } catch (error) {
      const message = describeError(error);
      events.record(budget, {
        type: 'Warning',
        reason: 'CalculateExpectedPodCountFailed',
        message: `Failed to calculate the number of expected pods: ${message}`,
      });
      await writeStatus(client, resources.podDisruptionBudgets, budget, {
        currentHealthy: 0,
        desiredHealthy: 0,
        expectedPods: 0,
        ...base,
        disruptionsAllowed: 0,
        conditions: withCondition(
          budget.status?.conditions,
          allowedCondition('False', {
            reason: 'SyncFailed',
            message,
            generation: budget.metadata.generation,
          }),
          nowMs,
        ),
      });
      return undefined;
    }
    const { recheckMs, disruptedPods, ...counts } = budgetCounts(budget, { pods: members, scale, nowMs });
    const isAllowed = counts.disruptionsAllowed > 0;
    await writeStatus(client, resources.podDisruptionBudgets, budget, {
      ...base,
      ...counts,
      disruptedPods: Object.keys(disruptedPods).length > 0 ? disruptedPods : undefined,
      conditions: withCondition(
        budget.status?.conditions,
        allowedCondition(isAllowed ? 'True' : 'False', {
          reason: isAllowed ? 'SufficientPods' : 'InsufficientPods',
          message: '',
          generation: budget.metadata.generation,
        }),
        nowMs,
      ),
    });
    return recheckMs === undefined ? undefined : { afterMs: recheckMs };
  }

  return createController({
    name: 'disruption-controller',
    context,
    waitFor: [budgets, pods, replicaSets, deployments, statefulSets, replicationControllers],
    queue,
    reconcile,
  });
}

function allowedCondition(
  status: 'True' | 'False',
  { reason, message, generation }: { reason: string; message: string; generation: number | undefined },
) {
  // The transition time is `withCondition`'s to set; the field is required in the type.
  return {
    type: 'DisruptionAllowed',
    status,
    reason,
    message,
    lastTransitionTime: '',
    observedGeneration: generation,
  };
}
