/**
 * Keeps the number of pods that a ReplicaSet or a ReplicationController asks for, and says in its status how many there are
 * and how they fare. The two are the same but for their selectors: a ReplicationController has labels alone.
 *
 * A finished pod doesn't count and is replaced. After its own writes the controller waits until its copy shows them
 * (`Expectations`), so that a stale copy never makes it create twice. At most 500 pods are made or deleted in one go.
 */
import { isApiError, labelSelectorFrom } from '@skerry/api';
import type {
  LabelSelector,
  Pod,
  ReplicaSet,
  ReplicaSetCondition,
  ReplicationControllerSpec,
} from '@skerry/api';
import { describeError } from '@skerry/base';
import { keyOf, resources } from '@skerry/client';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, ControllerContext, Requeue } from '#runtime/controller.ts';
import { createPods } from '#runtime/create-pods.ts';
import { Expectations, type Observed } from '#runtime/expectations.ts';
import { gatherMs } from '#runtime/gather.ts';
import { claim, controllerOf, indexByController } from '#runtime/ownership.ts';
import type { Metrics } from '#runtime/metrics.ts';
import { numbersOf } from '#runtime/numbers.ts';
import { PodControl, podFromTemplate } from '#runtime/pod-control.ts';
import { availability, isActive, isFinished, isReady } from '#runtime/pods.ts';
import { splitKey, withCondition, writeStatus } from '#runtime/status.ts';
import { chooseVictims } from '#apps/replica-set/victims.ts';

const burst = 500;

/** What tells the two kinds apart. ReplicationControllers are handled as ReplicaSets with another selector. */
interface SetKind {
  readonly controller: string;
  readonly resource: typeof resources.replicaSets;
  readonly selectorOf: (set: ReplicaSet) => LabelSelector | undefined;
  /** Whether the status has `terminatingReplicas`. */
  readonly countsTerminating: boolean;
}

const replicaSetKind: SetKind = {
  controller: 'replicaset-controller',
  resource: resources.replicaSets,
  selectorOf: ({ spec }) => spec?.selector,
  countsTerminating: true,
};

const replicationControllerKind: SetKind = {
  controller: 'replicationcontroller-controller',
  resource: resources.replicationControllers,
  selectorOf: ({ spec }) => {
    const labels = spec?.selector as ReplicationControllerSpec['selector'];
    // None would be all pods.
    return labels && Object.keys(labels).length > 0 ? { matchLabels: labels } : undefined;
  },
  countsTerminating: false,
};

export function createReplicaSetController(context: ControllerContext): Controller {
  return createSetController(context, replicaSetKind);
}

export function createReplicationController(context: ControllerContext): Controller {
  return createSetController(context, replicationControllerKind);
}

function createSetController(context: ControllerContext, setKind: SetKind): Controller {
  const { client, informers, clock } = context;
  const { resource, selectorOf } = setKind;
  const replicaSets = indexByController(informers.informer<ReplicaSet>(resource));
  const pods = indexByController(informers.informer<Pod>(resources.pods));
  const expectations = new Expectations(clock);
  const podControl = new PodControl(context);
  const queue = createQueue(context);
  const ageRatios = numbersOf(context, ageRatioNumbers);

  const ownerKey = (pod: Pod): string | undefined => {
    const owner = controllerOf(pod);
    return owner?.kind === resource.kind ? `${pod.metadata.namespace}/${owner.name}` : undefined;
  };
  const enqueueMatching = (pod: Pod) => {
    for (const set of replicaSets.list(pod.metadata.namespace ?? '')) {
      if (labelSelectorFrom(selectorOf(set)).matches(pod.metadata.labels)) queue.add(keyOf(set));
    }
  };

  /** At once when it is the last that was waited for. */
  const look = (key: string, observed: Observed) => {
    const { namespace, name } = splitKey(key);
    const size = replicaSets.get(namespace, name)?.spec?.replicas ?? 0;
    queue.addAfter(key, observed === 'last' ? 0 : gatherMs(size));
  };

  replicaSets.addHandler({
    onAdd: (set) => queue.add(keyOf(set)),
    // Another status is most often the one written here.
    onUpdate: (set, old) =>
      set.metadata.generation === old.metadata.generation
        ? look(keyOf(set), undefined)
        : queue.add(keyOf(set)),
    onDelete: (set) => {
      expectations.forget(keyOf(set));
      queue.add(keyOf(set));
    },
  });
  pods.addHandler({
    onAdd(pod) {
      const key = ownerKey(pod);
      if (!key) {
        if (!controllerOf(pod)) enqueueMatching(pod);
        return;
      }
      const observed = expectations.creationObserved(key);
      look(key, pod.metadata.deletionTimestamp ? expectations.deletionObserved(key, uidOf(pod)) : observed);
    },
    onUpdate(pod, old) {
      const [key, oldKey] = [ownerKey(pod), ownerKey(old)];
      if (oldKey && oldKey !== key) queue.add(oldKey);
      if (key)
        look(
          key,
          pod.metadata.deletionTimestamp ? expectations.deletionObserved(key, uidOf(pod)) : undefined,
        );
      else if (!controllerOf(pod)) enqueueMatching(pod);
    },
    onDelete(pod) {
      const key = ownerKey(pod);
      if (!key) return;
      look(key, expectations.deletionObserved(key, uidOf(pod)));
    },
  });

  async function reconcile(key: string): Promise<Requeue | undefined> {
    const { namespace, name } = splitKey(key);
    const set = replicaSets.get(namespace, name);
    if (!set) return undefined;
    // Asked before the copy is read: what is observed in between only makes the copy newer.
    const isCopyTrue = expectations.satisfied(key);
    const owned = await claim({
      client,
      owner: set,
      ownerRef: resource,
      selector: labelSelectorFrom(selectorOf(set)),
      resource: resources.pods,
      informer: pods,
    });
    const active = owned.filter(isActive);
    let failure: unknown;
    if (isCopyTrue && !set.metadata.deletionTimestamp) failure = await manage(key, set, active);
    const requeue = await updateStatus(set, owned, active, failure);
    if (failure !== undefined) throw failure;
    return requeue;
  }

  async function manage(key: string, set: ReplicaSet, active: readonly Pod[]): Promise<unknown> {
    const difference = active.length - (set.spec?.replicas ?? 1);
    if (difference < 0) return addPods(key, set, Math.min(-difference, burst));
    if (difference > 0) return deletePods(key, set, active, Math.min(difference, burst));
    return undefined;
  }

  async function addPods(key: string, set: ReplicaSet, count: number): Promise<unknown> {
    const template = set.spec?.template;
    if (!template) return undefined;
    const create = () => podControl.create(podFromTemplate(template, set, resource), set);
    return createPods({ expectations, key, count, create });
  }

  async function deletePods(
    key: string,
    set: ReplicaSet,
    active: readonly Pod[],
    count: number,
  ): Promise<unknown> {
    const nowMs = clock.now();
    const victims = chooseVictims(active, count, { siblings: siblingsOf(set, active), nowMs });
    for (const ratio of ageRatiosOf(active, victims, nowMs)) ageRatios.observe(ratio);
    expectations.expectDeletions(
      key,
      victims.map(({ metadata }) => metadata.uid ?? ''),
    );
    const results = await Promise.allSettled(
      victims.map(async (pod) => {
        try {
          await podControl.delete(pod, set);
        } catch (error) {
          expectations.deletionObserved(key, pod.metadata.uid ?? '');
          throw error;
        }
      }),
    );
    return results.find((result) => result.status === 'rejected')?.reason;
  }

  /** Active pods of all sets of the same Deployment: where they crowd, pods go first. */
  function siblingsOf(set: ReplicaSet, active: readonly Pod[]): readonly Pod[] {
    const owner = controllerOf(set);
    if (!owner) return active;
    return replicaSets
      .byIndex('controller', owner.uid)
      .flatMap((sibling) => pods.byIndex('controller', sibling.metadata.uid ?? ''))
      .filter(isActive);
  }

  async function updateStatus(
    set: ReplicaSet,
    owned: readonly Pod[],
    active: readonly Pod[],
    failure: unknown,
  ): Promise<Requeue | undefined> {
    const nowMs = clock.now();
    const minReadySeconds = set.spec?.minReadySeconds ?? 0;
    const templateLabels = Object.entries(set.spec?.template?.metadata?.labels ?? {});
    const states = active.map((pod) => availability(pod, { minReadySeconds, nowMs }));
    const current = replicaSets.get(set.metadata.namespace, set.metadata.name ?? '') ?? set;
    const terminating = owned.filter((pod) => pod.metadata.deletionTimestamp && !isFinished(pod)).length;
    await writeStatus(client, resource, current, {
      ...current.status,
      replicas: active.length,
      fullyLabeledReplicas: active.filter(({ metadata }) =>
        templateLabels.every(([label, value]) => metadata.labels?.[label] === value),
      ).length,
      readyReplicas: active.filter(isReady).length,
      availableReplicas: states.filter(({ available }) => available).length,
      ...(setKind.countsTerminating ? { terminatingReplicas: terminating } : {}),
      observedGeneration: set.metadata.generation,
      conditions: failureCondition(current.status?.conditions, failure, {
        nowMs,
        isDeleting: active.length > (set.spec?.replicas ?? 1),
      }),
    });
    const waits = states.flatMap(({ inMs }) => (inMs === undefined ? [] : [inMs]));
    return waits.length > 0 ? { afterMs: Math.max(1, Math.min(...waits)) } : undefined;
  }

  return createController({
    name: setKind.controller,
    context,
    waitFor: [replicaSets, pods],
    queue,
    workers: 8,
    async reconcile(key) {
      try {
        return await reconcile(key);
      } catch (error) {
        // A set that was deleted meanwhile has nothing left to do.
        if (isApiError(error, 'NotFound')) return undefined;
        throw error;
      }
    },
  });
}

function ageRatioNumbers(metrics: Metrics) {
  return metrics
    .histogram({
      name: 'replicaset_controller_sorting_deletion_age_ratio',
      help: "The ratio of chosen deleted pod's ages to the current youngest pod's age (at the time). Should be <2. This only considers Ready pods when calculating and reporting.",
      buckets: [0.25, 0.5, 1, 2, 4, 8],
    })
    .with();
}

/** Of victims that are ready: how many times as old as the youngest ready pod they are. */
function ageRatiosOf(active: readonly Pod[], victims: readonly Pod[], nowMs: number): number[] {
  const ageOf = ({ metadata }: Pod) => nowMs - Date.parse(metadata.creationTimestamp ?? '');
  const youngest = active.filter(isReady).reduce((least, pod) => Math.min(least, ageOf(pod)), Infinity);
  return youngest > 0 ? victims.filter(isReady).map((pod) => Math.floor(ageOf(pod) / youngest)) : [];
}

function uidOf({ metadata }: Pod): string {
  return metadata.uid ?? '';
}

function failureCondition(
  conditions: readonly ReplicaSetCondition[] | undefined,
  failure: unknown,
  { nowMs, isDeleting }: { nowMs: number; isDeleting: boolean },
): ReplicaSetCondition[] | undefined {
  const rest = conditions?.filter(({ type }) => type !== 'ReplicaFailure');
  if (failure === undefined) return rest?.length ? rest : undefined;
  // The first failure is what is told: each of the next ones may name another pod, and be one more write.
  if (conditions && rest && rest.length < conditions.length) return [...conditions];
  return withCondition(
    conditions,
    {
      type: 'ReplicaFailure',
      status: 'True',
      reason: isDeleting ? 'FailedDelete' : 'FailedCreate',
      message: describeError(failure),
    },
    nowMs,
  );
}
