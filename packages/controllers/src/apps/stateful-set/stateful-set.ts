/**
 * StatefulSets: pods with names that last, made in order and removed in reverse, each with claims of its own.
 *
 * One look does, in this order, until something has to be waited for: fill the places from the lowest ordinal, remove pods
 * beyond the last place from the highest, replace pods of an old template from the highest. `Parallel` waits for nothing but
 * the update. A pod's name and the names of its claims follow from its ordinal, so that nothing can be made twice.
 * Rules: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/
 */
import { isApiError, labelSelectorFrom } from '@skerry/api';
import type {
  ControllerRevision,
  PersistentVolumeClaim,
  Pod,
  PodTemplateSpec,
  StatefulSet,
  StatefulSetStatus,
} from '@skerry/api';
import { keyOf, resources } from '@skerry/client';
import { slowStart } from '#runtime/batch.ts';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, ControllerContext, Requeue } from '#runtime/controller.ts';
import { Expectations } from '#runtime/expectations.ts';
import { claim, controllerOf, indexByController } from '#runtime/ownership.ts';
import { availability } from '#runtime/pods.ts';
import { deleteLowest, syncHistory } from '#runtime/revision-history.ts';
import type { History } from '#runtime/revision-history.ts';
import { splitKey, writeStatus } from '#runtime/status.ts';
import { MemberControl } from '#apps/stateful-set/member-control.ts';
import { memberPod } from '#apps/stateful-set/member-pod.ts';
import {
  completeUpdate,
  firstUnavailable,
  isAvailable,
  isHeldBack,
  isRunningAndReady,
  isTerminating,
  membersOf,
  ordinalOf,
  outdated,
  revisionOf,
  statusOf,
} from '#apps/stateful-set/replica.ts';
import type { Health, Replica } from '#apps/stateful-set/replica.ts';

const ref = resources.statefulSets;
const revisionHashLabel = 'controller.kubernetes.io/hash';

interface Sync {
  readonly key: string;
  readonly set: StatefulSet;
  readonly update: ControllerRevision;
  readonly current: ControllerRevision;
  readonly health: Health;
}

export function createStatefulSetController(context: ControllerContext): Controller {
  const { client, informers, clock } = context;
  const sets = informers.informer<StatefulSet>(ref);
  const pods = indexByController(informers.informer<Pod>(resources.pods));
  const claims = informers.informer<PersistentVolumeClaim>(resources.persistentVolumeClaims);
  const revisions = indexByController(informers.informer<ControllerRevision>(resources.controllerRevisions));
  const expectations = new Expectations(clock);
  const members = new MemberControl({ context, claims, expectations });
  const queue = createQueue(context);

  sets.addHandler({
    onAdd: (set) => queue.add(keyOf(set)),
    onUpdate: (set) => queue.add(keyOf(set)),
    onDelete: (set) => expectations.forget(keyOf(set)),
  });
  const ownerKey = (pod: Pod): string | undefined => {
    const owner = controllerOf(pod);
    return owner?.kind === ref.kind ? `${pod.metadata.namespace}/${owner.name}` : undefined;
  };
  const look = (pod: Pod) => {
    const key = ownerKey(pod);
    if (key) {
      if (isTerminating(pod)) expectations.deletionObserved(key, pod.metadata.uid ?? '');
      queue.add(key);
      return;
    }
    if (controllerOf(pod)) return;
    for (const set of sets.list(pod.metadata.namespace ?? '')) {
      if (labelSelectorFrom(set.spec?.selector).matches(pod.metadata.labels)) queue.add(keyOf(set));
    }
  };
  pods.addHandler({
    onAdd(pod) {
      expectations.creationObserved(ownerKey(pod) ?? '');
      look(pod);
    },
    onUpdate(pod, old) {
      const oldKey = ownerKey(old);
      if (oldKey && oldKey !== ownerKey(pod)) queue.add(oldKey);
      look(pod);
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
    const set = sets.get(namespace, name);
    if (!set) return undefined;
    const isCopyTrue = expectations.satisfied(key);
    const owned = await ownedPods(set);
    const history = await syncHistory(client, set, { ref, revisions, hashLabel: revisionHashLabel });
    const update = history.current;
    const sync: Sync = {
      key,
      set,
      update,
      current: history.old.find(({ metadata }) => metadata.name === set.status?.currentRevision) ?? update,
      health: { minReadySeconds: set.spec?.minReadySeconds, nowMs: clock.now() },
    };
    const status = statusOf(set, owned, {
      revisions: { current: nameOf(sync.current), update: nameOf(update) },
      health: sync.health,
    });
    let failure: unknown;
    if (isCopyTrue && !set.metadata.deletionTimestamp) {
      failure = await act(sync, owned, status).catch((error: unknown) => error);
    }
    completeUpdate(set, status);
    await writeStatus(client, ref, set, status);
    await trim(sync, history, owned);
    if (failure !== undefined) throw failure;
    return untilAvailable(owned, sync.health);
  }

  /** Pods that are named as members; others that match the selector are none of the set's. */
  function ownedPods(set: StatefulSet): Promise<Pod[]> {
    return claim({
      client,
      owner: set,
      ownerRef: ref,
      selector: labelSelectorFrom(set.spec?.selector),
      resource: resources.pods,
      informer: pods,
      isMember: (pod) => ordinalOf(set, pod) !== undefined,
    });
  }

  async function act(sync: Sync, owned: readonly Pod[], status: StatefulSetStatus): Promise<void> {
    const { set, health } = sync;
    const isOrdered = set.spec?.podManagementPolicy !== 'Parallel';
    const { replicas, condemned } = membersOf(set, owned);
    if (await forAll(replicas, isOrdered, (replica) => fill(sync, replica, isOrdered))) return;
    for (const pod of condemned) await members.keepClaims(set, pod);
    const blocking = firstUnavailable({ replicas, condemned }, health);
    if (await forAll(condemned, isOrdered, (pod) => condemn(sync, pod, { isOrdered, blocking }))) return;
    for (const pod of outdated(set, replicas, { update: nameOf(sync.update), health })) {
      await members.remove(sync.key, set, pod);
      const isCurrent = revisionOf(pod) === nameOf(sync.current);
      if (isCurrent) status.currentReplicas = Math.max(0, (status.currentReplicas ?? 0) - 1);
    }
  }

  /** Brings the pod of one place to be what it should; resolves to whether it has to be waited for. */
  async function fill(sync: Sync, { ordinal, pod }: Replica, isOrdered: boolean): Promise<boolean> {
    const { key, set, health } = sync;
    if (!pod) {
      const made = newPod(sync, ordinal);
      if (!members.hasStaleClaim(set, ordinal)) await members.create(key, set, { ordinal, pod: made });
      return true;
    }
    const { phase } = pod.status ?? {};
    if (phase === 'Failed' || phase === 'Succeeded') {
      if (!isTerminating(pod)) await members.remove(key, set, pod);
      return true;
    }
    if (phase === 'Pending') await members.createClaims(set, ordinal, pod);
    const isWaitedFor = isTerminating(pod) || !isRunningAndReady(pod) || !isAvailable(pod, health);
    if (isOrdered && isWaitedFor) return true;
    await members.correct(set, ordinal, pod);
    return false;
  }

  function newPod({ set, current, update }: Sync, ordinal: number): Pod {
    const revision = isHeldBack(set, ordinal) ? current : update;
    return memberPod(set, ordinal, { template: templateOf(revision), revision: nameOf(revision) });
  }

  /** Removes a pod beyond the last place, unless an unhealthy one before it has to get well first. */
  async function condemn(
    { key, set, health }: Sync,
    pod: Pod,
    { isOrdered, blocking }: { isOrdered: boolean; blocking: Replica | Pod | undefined },
  ): Promise<boolean> {
    if (isTerminating(pod)) return true;
    const isHealthy = isRunningAndReady(pod) && isAvailable(pod, health);
    if (isOrdered && !isHealthy && pod !== blocking) return true;
    await members.remove(key, set, pod);
    return true;
  }

  /** Negative limits keep all. What pods carry, and both revisions that the status names, stay whatever the limit. */
  async function trim({ set, current, update }: Sync, { old }: History, owned: readonly Pod[]) {
    const limit = set.spec?.revisionHistoryLimit ?? 10;
    const live = new Set([nameOf(current), nameOf(update), ...owned.map(revisionOf)]);
    const idle = old.filter((revision) => !live.has(nameOf(revision)));
    if (limit >= 0) await deleteLowest(client, idle, idle.length - limit);
  }

  return createController({
    name: 'statefulset-controller',
    context,
    waitFor: [sets, pods, claims, revisions],
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

/** In order up to the first that has to be waited for, which is told; or all at once, where nothing is waited for. */
async function forAll<T>(
  items: readonly T[],
  isOrdered: boolean,
  act: (item: T) => Promise<boolean>,
): Promise<boolean> {
  if (isOrdered) {
    for (const item of items) if (await act(item)) return true;
    return false;
  }
  const { error } = await slowStart(items.length, async (index) => void (await act(items[index]!)));
  if (error !== undefined) throw error;
  return false;
}

function nameOf({ metadata }: ControllerRevision): string {
  return metadata.name ?? '';
}

function templateOf({ data }: ControllerRevision): PodTemplateSpec {
  const { spec } = data as { spec?: { template?: PodTemplateSpec & { $patch?: string } } };
  const { $patch: _, ...template } = spec?.template ?? {};
  return template;
}

function untilAvailable(owned: readonly Pod[], health: Health): Requeue | undefined {
  const waits = owned.flatMap((pod) => availability(pod, health).inMs ?? []);
  return waits.length > 0 ? { afterMs: Math.max(1, Math.min(...waits)) } : undefined;
}
