/**
 * Keeps the status of PodDisruptionBudgets true: the eviction API, and with it `kubectl drain`, lets a pod go only as far
 * as `disruptionsAllowed` says. When the count can't be made, nothing is allowed.
 */
import { isApiError, labelSelectorFrom } from '@skerry/api';
import type {
  Deployment,
  OwnerReference,
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
import { goSelector } from '#runtime/go-selector.ts';
import { groupOf, ScaleTargets } from '#runtime/scale-targets.ts';
import { splitKey, withCondition, writeStatus } from '#runtime/status.ts';
import { budgetCounts, needsScale } from '#policy/disruption/budget.ts';

/** What a count lacks may come without any change that is watched: a definition, an owner of some other kind. */
const failedRecheckMs = 30_000;

interface OwnerScale {
  readonly uid: string;
  readonly replicas: number;
}

export function createDisruptionController(context: ControllerContext): Controller {
  const { client, informers, clock, events } = context;
  const budgets = informers.informer<PodDisruptionBudget>(resources.podDisruptionBudgets);
  const pods = informers.informer<Pod>(resources.pods);
  const replicaSets = informers.informer<ReplicaSet>(resources.replicaSets);
  const deployments = informers.informer<Deployment>(resources.deployments);
  const statefulSets = informers.informer<StatefulSet>(resources.statefulSets);
  const replicationControllers = informers.informer<ReplicationController>(resources.replicationControllers);
  const targets = new ScaleTargets({ client, clock });
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

  /** What the controllers of the pods ask for, each counted once; pods without one are told of, and not counted. */
  async function scaleOf(
    namespace: string,
    members: readonly Pod[],
  ): Promise<{ scale: number; isPartly: boolean }> {
    const scales = new Map<string, number>();
    const seen = new Set<string>();
    for (const pod of members) {
      const owner = controllerOf(pod);
      if (!owner || seen.has(owner.uid)) continue;
      seen.add(owner.uid);
      const found = builtinScale(namespace, owner) ?? (await otherScale(namespace, owner));
      if (!found) throw new Error(`found no controllers for pod "${pod.metadata.name}"`);
      scales.set(found.uid, found.replicas);
    }
    const scale = [...scales.values()].reduce((sum, replicas) => sum + replicas, 0);
    return { scale, isPartly: members.some((pod) => !controllerOf(pod)) };
  }

  function builtinScale(namespace: string, owner: OwnerReference): OwnerScale | undefined {
    const found = ownerObject(namespace, owner);
    if (found?.metadata.uid !== owner.uid) return undefined;
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

  /** Of any other kind, as far as it has a scale. */
  async function otherScale(namespace: string, owner: OwnerReference): Promise<OwnerScale | undefined> {
    const { apiVersion, kind, name, uid } = owner;
    try {
      const { scale } = await targets.get(namespace, { apiVersion, kind, name });
      return scale.metadata.uid === uid ? { uid, replicas: scale.spec?.replicas ?? 0 } : undefined;
    } catch (error) {
      if (!isApiError(error, 'NotFound')) throw error;
      const group = groupOf(apiVersion);
      if (await targets.isScaled(group, kind)) return undefined;
      const resource = await targets.resourceName(group, kind);
      throw new Error(`${resource} does not implement the scale subresource`, { cause: error });
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
    if (members.length === 0) {
      events.record(budget, { type: 'Normal', reason: 'NoPods', message: 'No matching pods found' });
    }
    let scale = 0;
    try {
      if (needsScale(budget)) {
        const known = await scaleOf(namespace, members);
        ({ scale } = known);
        if (known.isPartly) noteUnmanaged(budget);
      }
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
      return { afterMs: failedRecheckMs };
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

  function noteUnmanaged(budget: PodDisruptionBudget): void {
    const message = `Pods selected by this PodDisruptionBudget (selector: ${goSelector(budget.spec?.selector)}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`;
    events.record(budget, { type: 'Warning', reason: 'UnmanagedPods', message });
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
