/**
 * Who owns whom, from the metadata of every object that can be deleted. It is a local copy and may be behind: it says
 * what to look at, and the collector asks the server before it acts.
 */
import type { KubeObject, OwnerReference } from '@skerry/api';
import type { ResourceRef } from '@skerry/client';

export interface GraphNode {
  readonly ref: ResourceRef;
  readonly uid: string;
  readonly name: string;
  readonly namespace: string | undefined;
  readonly owners: readonly OwnerReference[];
  readonly isDeleting: boolean;
  readonly finalizers: readonly string[];
}

export const foregroundFinalizer = 'foregroundDeletion';
export const orphanFinalizer = 'orphan';

export function graphNode(ref: ResourceRef, { metadata = {} }: KubeObject): GraphNode {
  return {
    ref,
    uid: metadata.uid ?? '',
    name: metadata.name ?? '',
    namespace: metadata.namespace,
    owners: metadata.ownerReferences ?? [],
    isDeleting: metadata.deletionTimestamp !== undefined,
    finalizers: metadata.finalizers ?? [],
  };
}

/** Being deleted, and waiting for its dependents to go first. */
export function waitsForDependents(node: GraphNode): boolean {
  return node.isDeleting && node.finalizers.includes(foregroundFinalizer);
}

export class OwnerGraph {
  readonly #nodes = new Map<string, GraphNode>();
  readonly #dependents = new Map<string, Set<string>>();

  get(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid);
  }

  dependentsOf(uid: string): GraphNode[] {
    const found: GraphNode[] = [];
    for (const dependent of this.#dependents.get(uid) ?? []) {
      const node = this.#nodes.get(dependent);
      if (node) found.push(node);
    }
    return found;
  }

  hasDependents(uid: string): boolean {
    return this.#dependents.has(uid);
  }

  /** Uids of objects that name an owner of this kind which is not in the graph. */
  dependentsOfUnknown({ group, kind }: ResourceRef): string[] {
    const isOfKind = (owner: OwnerReference) =>
      owner.kind === kind && (owner.apiVersion.includes('/') ? owner.apiVersion.split('/')[0] : '') === group;
    return [...this.#nodes.values()]
      .filter(({ owners }) => owners.some((owner) => isOfKind(owner) && !this.#nodes.has(owner.uid)))
      .map(({ uid }) => uid);
  }

  put(node: GraphNode): GraphNode | undefined {
    const old = this.#nodes.get(node.uid);
    for (const { uid } of old?.owners ?? []) this.#unlink(uid, node.uid);
    for (const { uid } of node.owners) {
      const dependents = this.#dependents.get(uid);
      if (dependents) dependents.add(node.uid);
      else this.#dependents.set(uid, new Set([node.uid]));
    }
    this.#nodes.set(node.uid, node);
    return old;
  }

  remove(uid: string): void {
    for (const owner of this.#nodes.get(uid)?.owners ?? []) this.#unlink(owner.uid, uid);
    this.#nodes.delete(uid);
  }

  #unlink(owner: string, dependent: string): void {
    const dependents = this.#dependents.get(owner);
    dependents?.delete(dependent);
    if (dependents?.size === 0) this.#dependents.delete(owner);
  }
}
