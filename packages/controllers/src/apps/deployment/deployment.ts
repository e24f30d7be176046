/**
 * Deployments: one ReplicaSet per template, and pods moved from the old ones to the new one, as fast as `maxSurge` and
 * `maxUnavailable` allow, or all at once (`Recreate`).
 *
 * A set's name is the Deployment's with a hash of the template, so making it twice is impossible; another template under
 * the same hash raises `status.collisionCount`. Going back (`kubectl rollout undo`) is a change of the template like any
 * other: its old set is found again and becomes the newest revision. While paused, sizes follow, templates don't.
 */
import { isApiError, labelSelectorFrom } from '@skerry/api';
import type { Deployment, DeploymentStatus, Pod, ReplicaSet } from '@skerry/api';
import { describeError } from '@skerry/base';
import { keyOf, resources } from '@skerry/client';
import { hashName, isSame } from '#runtime/canonical.ts';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, ControllerContext, Requeue } from '#runtime/controller.ts';
import {
  claim,
  controllerOf,
  indexByController,
  isControlledBy,
  ownerReferenceTo,
} from '#runtime/ownership.ts';
import { isEndingNamespace } from '#runtime/ending-namespace.ts';
import { isFinished } from '#runtime/pods.ts';
import { splitKey, writeStatus } from '#runtime/status.ts';
import { rolledBack, rollbackRevisionOf } from '#apps/deployment/rollback.ts';
import {
  annotationsFor,
  compareRevisions,
  findNewSet,
  revisionAnnotation,
  revisionOf,
  sizeAnnotations,
  templateHashLabel,
  withoutHash,
} from '#apps/deployment/revision.ts';
import {
  byAge,
  isRollingUpdate,
  isSaturated,
  isScaling,
  nameOf,
  newSetSize,
  oldSetSizes,
  proportionalSizes,
  replicasOf,
} from '#apps/deployment/rollout.ts';
import {
  conditionOf,
  countedStatus,
  hasDeadline,
  isComplete,
  setProgress,
  withDeploymentCondition,
} from '#apps/deployment/status.ts';

export function createDeploymentController(context: ControllerContext): Controller {
  const { informers } = context;
  const deployments = informers.informer<Deployment>(resources.deployments);
  const replicaSets = indexByController(informers.informer<ReplicaSet>(resources.replicaSets));
  const pods = indexByController(informers.informer<Pod>(resources.pods));
  const queue = createQueue(context);

  const enqueueOwner = (set: ReplicaSet) => {
    const owner = controllerOf(set);
    if (owner?.kind === 'Deployment') queue.add(`${set.metadata.namespace}/${owner.name}`);
    if (owner) return;
    for (const deployment of deployments.list(set.metadata.namespace ?? '')) {
      if (labelSelectorFrom(deployment.spec?.selector).matches(set.metadata.labels))
        queue.add(keyOf(deployment));
    }
  };
  deployments.addHandler({
    onAdd: (deployment) => queue.add(keyOf(deployment)),
    onUpdate: (deployment) => queue.add(keyOf(deployment)),
  });
  replicaSets.addHandler({
    onAdd: enqueueOwner,
    onUpdate(set, old) {
      if (controllerOf(old)?.uid !== controllerOf(set)?.uid) enqueueOwner(old);
      enqueueOwner(set);
    },
    onDelete: enqueueOwner,
  });
  // Recreate waits for the last old pod to be gone.
  const enqueueByPod = (pod: Pod) => {
    const owner = controllerOf(pod);
    const set = owner?.kind === 'ReplicaSet' && replicaSets.get(pod.metadata.namespace, owner.name);
    if (set) enqueueOwner(set);
  };
  pods.addHandler({ onDelete: enqueueByPod });

  return createController({
    name: 'deployment-controller',
    context,
    waitFor: [deployments, replicaSets, pods],
    queue,
    workers: 8,
    async reconcile(key) {
      const { namespace, name } = splitKey(key);
      const found = deployments.get(namespace, name);
      if (!found) return undefined;
      const sets = await claim({
        client: context.client,
        owner: found,
        ownerRef: resources.deployments,
        selector: labelSelectorFrom(found.spec?.selector),
        resource: resources.replicaSets,
        informer: replicaSets,
      });
      const podsOf = (set: ReplicaSet) => pods.byIndex('controller', set.metadata.uid ?? '');
      try {
        return await new Sync(context, structuredClone(found), sets, podsOf).run();
      } catch (error) {
        if (isApiError(error, 'NotFound')) return undefined;
        throw error;
      }
    },
  });
}

/** One look at one Deployment. The sets it holds are replaced by what the server answered to its writes. */
class Sync {
  readonly #context: ControllerContext;
  #deployment: Deployment;
  #sets: ReplicaSet[];
  readonly #podsOf: (set: ReplicaSet) => Pod[];

  constructor(
    context: ControllerContext,
    deployment: Deployment,
    sets: readonly ReplicaSet[],
    podsOf: (set: ReplicaSet) => Pod[],
  ) {
    this.#context = context;
    this.#deployment = deployment;
    this.#sets = [...sets];
    this.#podsOf = podsOf;
  }

  async run(): Promise<Requeue | undefined> {
    const deployment = this.#deployment;
    if (deployment.metadata.deletionTimestamp) return this.#writeCounts(this.#newSet());
    await this.#notePause();
    const isPaused = deployment.spec?.paused;
    const rollbackTo = rollbackRevisionOf(deployment);
    if (rollbackTo !== undefined && !isPaused) return this.#rollBack(rollbackTo);
    if (isPaused || isScaling(deployment, this.#sets)) {
      const newSet = await this.#annotatedNewSet();
      await this.#scale(newSet);
      if (isPaused && rollbackTo === undefined) await this.#cleanUp(newSet);
      return this.#writeCounts(newSet);
    }
    return isRollingUpdate(deployment) ? this.#roll() : this.#recreate();
  }

  async #roll(): Promise<Requeue | undefined> {
    const newSet = await this.#ensureNewSet();
    const size = newSetSize(this.#deployment, this.#sets, replicasOf(newSet));
    if (size !== replicasOf(newSet)) {
      await this.#resize(newSet, size);
    } else {
      const sizes = oldSetSizes(this.#deployment, { newSet, oldSets: this.#oldSets(newSet) });
      for (const set of this.#oldSets(newSet)) await this.#resize(set, sizes.get(nameOf(set)));
    }
    return this.#finish(nameOf(newSet));
  }

  /** As an annotation asks, which then goes; the next look carries the template out. */
  async #rollBack(revision: bigint): Promise<undefined> {
    await this.#ensureNewSet();
    const { deployment, event } = rolledBack(this.#deployment, this.#sets, revision);
    await this.#context.client.resource<Deployment>(resources.deployments).update(deployment);
    this.#context.events.record(this.#deployment, event);
  }

  async #recreate(): Promise<Requeue | undefined> {
    const existing = this.#newSet();
    const old = this.#sets.filter((set) => set !== existing);
    const running = old.filter((set) => replicasOf(set) > 0);
    for (const set of running) await this.#resize(set, 0);
    const hasOldPods = old.some((set) => this.#podsOf(set).some((pod) => !isFinished(pod)));
    if (running.length > 0 || hasOldPods)
      return this.#writeStatus(existing && this.#current(nameOf(existing)));
    const newSet = await this.#ensureNewSet();
    await this.#resize(newSet, replicasOf(this.#deployment));
    return this.#finish(nameOf(newSet));
  }

  async #finish(newSetName: string): Promise<Requeue | undefined> {
    const newSet = this.#current(newSetName);
    const status = countedStatus(this.#deployment, { all: this.#sets, newSet }, this.#context.clock.now());
    if (isComplete(this.#deployment, status)) await this.#cleanUp(newSet);
    return this.#writeStatus(newSet);
  }

  #newSet(): ReplicaSet | undefined {
    return findNewSet(this.#deployment, this.#sets);
  }

  #oldSets(newSet: ReplicaSet | undefined): ReplicaSet[] {
    return this.#sets.filter((set) => nameOf(set) !== (newSet && nameOf(newSet)));
  }

  #current(name: string): ReplicaSet | undefined {
    return this.#sets.find((set) => nameOf(set) === name);
  }

  #nextRevision(newSet: ReplicaSet | undefined): bigint {
    const last = this.#oldSets(newSet).toSorted(compareRevisions).at(-1);
    return last ? revisionOf(last) + 1n : 1n;
  }

  /** The new set, where there is one, with its revision and annotations brought up to date. */
  async #annotatedNewSet(): Promise<ReplicaSet | undefined> {
    const set = this.#newSet();
    if (!set) return undefined;
    const revision = this.#nextRevision(set);
    const annotations = annotationsFor(this.#deployment, { set, revision });
    const minReadySeconds = this.#deployment.spec?.minReadySeconds;
    let current = set;
    if (
      !isSame(annotations, set.metadata.annotations) ||
      (set.spec?.minReadySeconds ?? 0) !== (minReadySeconds ?? 0)
    ) {
      current = await this.#update({
        ...set,
        metadata: { ...set.metadata, annotations },
        spec: { ...set.spec, selector: set.spec?.selector ?? {}, minReadySeconds },
      });
    }
    await this.#noteRevision(annotations[revisionAnnotation] ?? '');
    if (!conditionOf(this.#deployment.status, 'Progressing')) {
      await this.#setProgressing('True', 'FoundNewReplicaSet', `Found new replica set "${nameOf(set)}"`);
    }
    return current;
  }

  async #ensureNewSet(): Promise<ReplicaSet> {
    return (await this.#annotatedNewSet()) ?? this.#createSet();
  }

  async #createSet(): Promise<ReplicaSet> {
    const deployment = this.#deployment;
    const hash = hashName(withoutHash(deployment.spec?.template), deployment.status?.collisionCount);
    const revision = this.#nextRevision(undefined);
    const size = newSetSize(deployment, this.#sets, 0);
    const set = this.#setFor(hash, { revision, size });
    const client = this.#context.client.resource<ReplicaSet>(resources.replicaSets);
    let created: ReplicaSet;
    try {
      created = await client.create(set);
    } catch (error) {
      if (isEndingNamespace(error)) throw error;
      if (!isApiError(error, 'AlreadyExists')) {
        const message = `Failed to create new replica set "${nameOf(set)}": ${describeError(error)}`;
        this.#context.events.record(deployment, {
          type: 'Warning',
          reason: 'ReplicaSetCreateError',
          message,
        });
        await this.#setProgressing('False', 'ReplicaSetCreateError', message);
        throw error;
      }
      return this.#takeExisting(nameOf(set), { revision, error });
    }
    if (size > 0) this.#recordScaling(set, { from: 0, to: size });
    this.#sets.push(created);
    const isNoted = this.#keepRevision(String(revision));
    const isTold = await this.#setProgressing(
      'True',
      'NewReplicaSetCreated',
      `Created new replica set "${nameOf(set)}"`,
    );
    if (!isNoted && !isTold) await this.#writeOwn(this.#deployment.status);
    return created;
  }

  /** One that was made by a look whose end was not seen; or another's under this name. */
  async #takeExisting(
    name: string,
    { revision, error }: { readonly revision: bigint; readonly error: unknown },
  ): Promise<ReplicaSet> {
    const { namespace } = this.#deployment.metadata;
    const client = this.#context.client.resource<ReplicaSet>(resources.replicaSets);
    const existing = await client.get(name, { namespace });
    const isOurs =
      isControlledBy(existing, this.#deployment) &&
      isSame(withoutHash(existing.spec?.template), withoutHash(this.#deployment.spec?.template));
    if (!isOurs) {
      await this.#raiseCollisionCount();
      throw error;
    }
    this.#sets.push(existing);
    await this.#noteRevision(String(revision));
    return existing;
  }

  #setFor(hash: string, { revision, size }: { revision: bigint; size: number }): ReplicaSet {
    const deployment = this.#deployment;
    const { name = '', namespace } = deployment.metadata;
    const { template, selector, minReadySeconds } = deployment.spec ?? { template: undefined };
    const labels = { ...template?.metadata?.labels, [templateHashLabel]: hash };
    return {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: {
        name: `${name.slice(0, 242)}-${hash}`,
        namespace,
        labels,
        annotations: {
          ...annotationsFor(deployment, { set: undefined, revision }),
          ...sizeAnnotations(deployment),
        },
        ownerReferences: [ownerReferenceTo(deployment, resources.deployments)],
      },
      spec: {
        replicas: size,
        minReadySeconds,
        selector: { ...selector, matchLabels: { ...selector?.matchLabels, [templateHashLabel]: hash } },
        template: { ...template, metadata: { ...template?.metadata, labels } },
      },
    };
  }

  async #raiseCollisionCount(): Promise<void> {
    const status: DeploymentStatus = {
      ...this.#deployment.status,
      collisionCount: (this.#deployment.status?.collisionCount ?? 0) + 1,
    };
    await writeStatus(this.#context.client, resources.deployments, this.#deployment, status);
  }

  /** Sizes follow a changed `spec.replicas` without moving pods between sets. */
  async #scale(newSet: ReplicaSet | undefined): Promise<void> {
    const wanted = replicasOf(this.#deployment);
    const active = this.#sets.filter((set) => replicasOf(set) > 0);
    const only = active.length > 1 ? undefined : (active[0] ?? newSet ?? this.#sets.toSorted(byAge).at(-1));
    if (only) {
      await this.#resize(only, wanted);
      return;
    }
    if (isSaturated(this.#deployment, newSet)) {
      for (const set of active) if (set !== newSet) await this.#resize(set, 0);
      return;
    }
    if (!isRollingUpdate(this.#deployment)) return;
    const sizes = proportionalSizes(this.#deployment, active);
    for (const set of active) await this.#resize(set, sizes.get(nameOf(set)));
  }

  async #resize(set: ReplicaSet, size: number | undefined): Promise<void> {
    const from = replicasOf(set);
    const to = size ?? from;
    const annotations = { ...set.metadata.annotations, ...sizeAnnotations(this.#deployment) };
    if (from === to && (from === 0 || isSame(annotations, set.metadata.annotations))) return;
    await this.#update({
      ...set,
      metadata: { ...set.metadata, annotations },
      spec: { ...set.spec, selector: set.spec?.selector ?? {}, replicas: to },
    });
    if (from !== to) this.#recordScaling(set, { from, to });
  }

  #recordScaling(set: ReplicaSet, { from, to }: { from: number; to: number }): void {
    const direction = to > from ? 'up' : 'down';
    this.#context.events.record(this.#deployment, {
      type: 'Normal',
      reason: 'ScalingReplicaSet',
      message: `Scaled ${direction} replica set ${nameOf(set)} from ${from} to ${to}`,
    });
  }

  async #update(set: ReplicaSet): Promise<ReplicaSet> {
    const updated = await this.#context.client.resource<ReplicaSet>(resources.replicaSets).update(set);
    this.#sets = this.#sets.map((old) => (nameOf(old) === nameOf(updated) ? updated : old));
    return updated;
  }

  async #noteRevision(revision: string): Promise<void> {
    if (!this.#keepRevision(revision)) await this.#writeOwn(this.#deployment.status);
  }

  /** In the object in hand; true where that is what is stored already. */
  #keepRevision(revision: string): boolean {
    const { metadata } = this.#deployment;
    if (metadata.annotations?.[revisionAnnotation] === revision) return true;
    metadata.annotations = { ...metadata.annotations, [revisionAnnotation]: revision };
    return false;
  }

  /**
   * Status and revision go by the status: that is no change of what is asked, and doesn't raise the generation. The spec in
   * hand stays: this look is about that one.
   */
  async #writeOwn(status: DeploymentStatus | undefined): Promise<void> {
    const deployment = this.#deployment;
    const client = this.#context.client.resource<Deployment>(resources.deployments);
    const written = await client.update({ ...deployment, status }, { subresource: 'status' });
    const { resourceVersion, annotations } = written.metadata;
    this.#deployment = {
      ...deployment,
      status: written.status,
      metadata: { ...deployment.metadata, resourceVersion, annotations },
    };
  }

  /** Old sets beyond `revisionHistoryLimit` go, lowest revision first. */
  async #cleanUp(newSet: ReplicaSet | undefined): Promise<void> {
    const limit = this.#deployment.spec?.revisionHistoryLimit ?? 10;
    const idle = this.#oldSets(newSet)
      .filter(({ metadata }) => !metadata.deletionTimestamp)
      .toSorted(compareRevisions);
    const client = this.#context.client.resource(resources.replicaSets);
    for (const set of idle.slice(0, Math.max(0, idle.length - limit))) {
      const { metadata, status, spec } = set;
      const isBusy = (status?.replicas ?? 0) > 0 || (spec?.replicas ?? 1) > 0;
      if (isBusy || (metadata.generation ?? 0) > (status?.observedGeneration ?? 0)) continue;
      await client
        .delete(nameOf(set), { namespace: metadata.namespace, preconditions: { uid: metadata.uid } })
        .catch((error: unknown) => {
          if (!isApiError(error, 'NotFound')) throw error;
        });
      this.#sets = this.#sets.filter((other) => other !== set);
    }
  }

  async #notePause(): Promise<void> {
    const { spec, status } = this.#deployment;
    if (!spec || !hasDeadline(this.#deployment)) return;
    const reason = conditionOf(status, 'Progressing')?.reason;
    if (reason === 'ProgressDeadlineExceeded') return;
    if (spec.paused && reason !== 'DeploymentPaused') {
      await this.#setProgressing('Unknown', 'DeploymentPaused', 'Deployment is paused');
    } else if (!spec.paused && reason === 'DeploymentPaused') {
      await this.#setProgressing('Unknown', 'DeploymentResumed', 'Deployment is resumed');
    }
  }

  /** Written at once, and kept in the object in hand; false where there is no deadline, so no progress to speak of. */
  async #setProgressing(status: string, reason: string, message: string): Promise<boolean> {
    if (!hasDeadline(this.#deployment)) return false;
    const conditions = withDeploymentCondition(
      this.#deployment.status?.conditions,
      { type: 'Progressing', status, reason, message },
      this.#context.clock.now(),
    );
    await this.#writeOwn({ ...this.#deployment.status, conditions });
    return true;
  }

  /** The counts alone: a Deployment that is paused, scaled or going is not judged by its progress. */
  async #writeCounts(newSet: ReplicaSet | undefined): Promise<undefined> {
    const current = newSet && this.#current(nameOf(newSet));
    const sets = { all: this.#sets, newSet: current };
    const status = countedStatus(this.#deployment, sets, this.#context.clock.now());
    await writeStatus(this.#context.client, resources.deployments, this.#deployment, status);
  }

  async #writeStatus(newSet: ReplicaSet | undefined): Promise<Requeue | undefined> {
    const nowMs = this.#context.clock.now();
    const current = newSet && this.#current(nameOf(newSet));
    const status = countedStatus(this.#deployment, { all: this.#sets, newSet: current }, nowMs);
    const requeue = setProgress(this.#deployment, status, { newSet: current, all: this.#sets, nowMs });
    await writeStatus(this.#context.client, resources.deployments, this.#deployment, status);
    return requeue;
  }
}
