/**
 * Deletes what has no owner left, lets go what was orphaned, and holds an owner until its dependents have gone when it
 * asked for that (`foreground`).
 *
 * Promises: nothing is deleted on the word of the local graph alone. The object and each owner that the graph doesn't
 * know are read from the server first, an owner counts as gone only after a 404 or another uid under its name, and the
 * delete names uid and revision, so an object that gained an owner meanwhile stays. An owner of a kind that the server
 * doesn't serve is unknown, not gone.
 * Rules: https://kubernetes.io/docs/concepts/architecture/garbage-collection/
 */
import { isApiError } from '@skerry/api';
import type { KubeObject, OwnerReference } from '@skerry/api';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, ControllerContext } from '#runtime/controller.ts';
import {
  OwnerGraph,
  foregroundFinalizer,
  graphNode,
  orphanFinalizer,
  waitsForDependents,
} from '#core/garbage-collector/graph.ts';
import type { GraphNode } from '#core/garbage-collector/graph.ts';
import { ResourceMonitors } from '#core/garbage-collector/monitors.ts';

const absentMax = 10_000;

export function createGarbageCollector(context: ControllerContext): Controller {
  const queue = createQueue(context);
  const graph = new OwnerGraph();
  const monitors = new ResourceMonitors(context, {
    onAdd: (ref, object) => look(graphNode(ref, object)),
    onUpdate: (ref, object) => look(graphNode(ref, object)),
    // Owners of this kind that nobody saw go: whoever names one that isn't in the graph is looked at again.
    onSynced(ref) {
      for (const uid of graph.dependentsOfUnknown(ref)) queue.add(uid);
    },
    onDelete(_ref, { metadata }) {
      const uid = metadata?.uid ?? '';
      const node = graph.get(uid);
      for (const dependent of graph.dependentsOf(uid)) queue.add(dependent.uid);
      graph.remove(uid);
      // An owner may have waited for this one.
      for (const owner of node?.owners ?? []) {
        const held = graph.get(owner.uid);
        if (held && waitsForDependents(held)) queue.add(held.uid);
      }
    },
  });

  function look(node: GraphNode): void {
    const old = graph.put(node);
    for (const owner of new Set([...node.owners, ...(old?.owners ?? [])].map(({ uid }) => uid))) {
      const held = graph.get(owner);
      if (held && waitsForDependents(held)) queue.add(owner);
    }
    if (node.owners.length > 0 || node.isDeleting) queue.add(node.uid);
  }

  const collector = new Collector(context, graph, monitors, (uid) => queue.add(uid));
  const controller = createController({
    name: 'garbage-collector-controller',
    context,
    waitFor: [monitors],
    queue,
    workers: 10,
    reconcile: (uid) => collector.reconcile(uid),
  });
  return {
    name: controller.name,
    queue,
    async run(signal) {
      await Promise.all([monitors.run(signal), controller.run(signal)]);
    },
  };
}

type OwnerState = 'solid' | 'gone' | 'waiting';

class Collector {
  readonly #context: ControllerContext;
  readonly #graph: OwnerGraph;
  readonly #monitors: ResourceMonitors;
  readonly #enqueue: (uid: string) => void;
  /**
   * Owners that the server said are gone, by the namespace they were looked for in; uids never come back. In another
   * namespace the same uid may live: whoever names it from elsewhere must not make its dependents orphans.
   */
  readonly #absent = new Set<string>();

  constructor(
    context: ControllerContext,
    graph: OwnerGraph,
    monitors: ResourceMonitors,
    enqueue: (uid: string) => void,
  ) {
    this.#context = context;
    this.#graph = graph;
    this.#monitors = monitors;
    this.#enqueue = enqueue;
  }

  async reconcile(uid: string): Promise<undefined> {
    const node = this.#graph.get(uid);
    if (!node) return undefined;
    try {
      if (node.isDeleting && node.finalizers.includes(orphanFinalizer)) await this.#orphan(node);
      else if (waitsForDependents(node)) await this.#releaseWhenAlone(node);
      else if (!node.isDeleting) await this.#collect(node);
    } catch (error) {
      if (!isApiError(error, 'NotFound')) throw error;
    }
    return undefined;
  }

  async #collect(node: GraphNode): Promise<void> {
    const states = new Map<string, OwnerState>();
    for (const owner of node.owners) states.set(owner.uid, await this.#stateOf(owner, node));
    const all = [...states.values()];
    if (all.every((state) => state === 'solid')) return;
    const fresh = await this.#fetch(node);
    const owners = fresh?.metadata?.ownerReferences ?? [];
    if (!fresh || fresh.metadata?.deletionTimestamp || owners.length === 0) return;
    for (const owner of owners) {
      if (!states.has(owner.uid)) states.set(owner.uid, await this.#stateOf(owner, node));
    }
    const isSolid = ({ uid }: OwnerReference) => states.get(uid) === 'solid';
    if (owners.some(isSolid)) {
      if (!owners.every(isSolid)) await this.#patchOwners(node, fresh, owners.filter(isSolid));
      return;
    }
    const isAwaited = owners.some(({ uid }) => states.get(uid) === 'waiting');
    if (isAwaited && this.#graph.hasDependents(node.uid)) {
      await this.#unblockCycle(node, fresh, owners);
      await this.#delete(node, await this.#fetch(node), 'Foreground');
      return;
    }
    const finalizers = fresh.metadata?.finalizers ?? [];
    const policy = finalizers.includes(orphanFinalizer)
      ? 'Orphan'
      : finalizers.includes(foregroundFinalizer)
        ? 'Foreground'
        : 'Background';
    await this.#delete(node, fresh, policy);
  }

  /** Objects that own each other would wait for each other for good. */
  async #unblockCycle(node: GraphNode, fresh: KubeObject, owners: readonly OwnerReference[]): Promise<void> {
    if (!this.#graph.dependentsOf(node.uid).some(waitsForDependents)) return;
    const unblocked = owners.map((owner) =>
      owner.blockOwnerDeletion ? { ...owner, blockOwnerDeletion: false } : owner,
    );
    await this.#patchOwners(node, fresh, unblocked);
  }

  async #releaseWhenAlone(node: GraphNode): Promise<void> {
    const blocking = this.#graph
      .dependentsOf(node.uid)
      .filter(({ owners }) =>
        owners.some(({ uid, blockOwnerDeletion }) => uid === node.uid && blockOwnerDeletion),
      );
    if (blocking.length === 0) {
      await this.#dropFinalizer(node, foregroundFinalizer);
      return;
    }
    for (const dependent of blocking) if (!waitsForDependents(dependent)) this.#enqueue(dependent.uid);
  }

  async #orphan(node: GraphNode): Promise<void> {
    for (const dependent of this.#graph.dependentsOf(node.uid)) {
      const fresh = await this.#fetch(dependent);
      const owners = fresh?.metadata?.ownerReferences ?? [];
      const rest = owners.filter(({ uid }) => uid !== node.uid);
      if (fresh && rest.length < owners.length) await this.#patchOwners(dependent, fresh, rest);
    }
    await this.#dropFinalizer(node, orphanFinalizer);
  }

  async #stateOf(owner: OwnerReference, dependent: GraphNode): Promise<OwnerState> {
    const place = `${dependent.namespace ?? ''}/${owner.uid}`;
    const known = this.#graph.get(owner.uid);
    const isReachable = known && (!known.ref.namespaced || known.namespace === dependent.namespace);
    if (isReachable) return waitsForDependents(known) ? 'waiting' : 'solid';
    if (known) this.#tellOfForeignOwner(owner, dependent);
    if (this.#absent.has(place)) return 'gone';
    const ref = this.#monitors.refOf(owner);
    // Its kind may be served again, or discovered soon; a namespaced owner of a cluster-wide object can't be looked up.
    if (!ref || (ref.namespaced && !dependent.namespace)) return 'solid';
    try {
      const namespace = ref.namespaced ? dependent.namespace : undefined;
      const { metadata } = await this.#context.client.resource(ref).get(owner.name, { namespace });
      if (metadata?.uid === owner.uid) {
        const isWaiting = metadata.deletionTimestamp && metadata.finalizers?.includes(foregroundFinalizer);
        return isWaiting ? 'waiting' : 'solid';
      }
    } catch (error) {
      if (!isApiError(error, 'NotFound')) throw error;
    }
    if (this.#absent.size >= absentMax) this.#absent.clear();
    this.#absent.add(place);
    return 'gone';
  }

  /** Owners are looked for in the namespace of what they own, and are not found in another. */
  #tellOfForeignOwner(owner: OwnerReference, { ref, name, namespace = '', uid }: GraphNode): void {
    const { group, version, kind } = ref;
    const apiVersion = group === '' ? version : `${group}/${version}`;
    const identity = `${owner.apiVersion}/${owner.kind}, namespace: ${namespace}, name: ${owner.name}, uid: ${owner.uid}`;
    const message = `ownerRef [${identity}] does not exist in namespace "${namespace}"`;
    this.#context.events.record(
      { apiVersion, kind, metadata: { name, ...(namespace ? { namespace } : {}), uid } },
      { type: 'Warning', reason: 'OwnerRefInvalidNamespace', message },
    );
  }

  /** The object as the server has it now; undefined when it, or what had its uid, is gone. */
  async #fetch({ ref, name, namespace, uid }: GraphNode): Promise<KubeObject | undefined> {
    try {
      const object = await this.#context.client.resource(ref).get(name, { namespace });
      return object.metadata?.uid === uid ? object : undefined;
    } catch (error) {
      if (isApiError(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  async #patchOwners(
    { ref, name, namespace }: GraphNode,
    fresh: KubeObject,
    owners: readonly OwnerReference[],
  ): Promise<void> {
    const { uid, resourceVersion } = fresh.metadata ?? {};
    const ownerReferences = owners.length > 0 ? owners : null;
    const patch = { metadata: { uid, resourceVersion, ownerReferences } };
    await this.#context.client.resource(ref).patch(name, patch, { type: 'merge', namespace });
  }

  async #dropFinalizer(node: GraphNode, finalizer: string): Promise<void> {
    const fresh = await this.#fetch(node);
    const finalizers = fresh?.metadata?.finalizers ?? [];
    if (!fresh || !finalizers.includes(finalizer)) return;
    const rest = finalizers.filter((one) => one !== finalizer);
    const { uid, resourceVersion } = fresh.metadata ?? {};
    const patch = { metadata: { uid, resourceVersion, finalizers: rest.length > 0 ? rest : null } };
    const { ref, name, namespace } = node;
    await this.#context.client.resource(ref).patch(name, patch, { type: 'merge', namespace });
  }

  async #delete(
    { ref, name, namespace }: GraphNode,
    fresh: KubeObject | undefined,
    propagationPolicy: 'Background' | 'Foreground' | 'Orphan',
  ): Promise<void> {
    if (!fresh) return;
    const { uid, resourceVersion } = fresh.metadata ?? {};
    await this.#context.client
      .resource(ref)
      .delete(name, { namespace, propagationPolicy, preconditions: { uid, resourceVersion } });
    this.#context.log.debug('collected', {
      resource: ref.resource,
      namespace,
      name,
      policy: propagationPolicy,
    });
  }
}
