import type { Node, PodDisruptionBudget, Service } from '@skerry/api';
import type { NamespaceLabels } from '#affinity-term.ts';
import { MatchCounts } from '#match-counts.ts';
import { NodeInfo, addCount } from '#node-info.ts';
import type { PodInfo } from '#pod-info.ts';
import { noVolumes, type VolumeLookup } from '#volumes/lookup.ts';

/** What scheduling decisions read. A decision is synchronous, so nothing changes under it and nothing is copied for it. */
export interface Snapshot {
  readonly nodes: readonly NodeInfo[];
  /** Nodes with at least one pod that has affinity terms, required anti-affinity. */
  readonly nodesWithAffinity: ReadonlySet<NodeInfo>;
  readonly nodesWithRequiredAnti: ReadonlySet<NodeInfo>;
  node(name: string): NodeInfo | undefined;
  /** Nodes that run pods of a controller, with how many; those on their way out are left out. */
  nodesOfController(uid: string): ReadonlyMap<NodeInfo, number>;
  /** How many pods on each node answer a question, by name; nodes without any are missing. See `MatchCounts`. */
  countPods(question: string, matches: (info: PodInfo) => boolean): ReadonlyMap<NodeInfo, number>;
  /** On how many nodes an image is. */
  imageSpread(name: string): number;
  /** Pods that a node was promised by preemption and that aren't there yet. */
  nominated(node: NodeInfo): ReadonlySet<PodInfo>;
  readonly namespaceLabels: NamespaceLabels;
  readonly volumes: VolumeLookup;
  /** Pods on nodes that use a claim, by `namespace/name`. */
  claimUsers(claim: string): ReadonlySet<PodInfo>;
  disruptionBudgets(namespace: string): readonly PodDisruptionBudget[];
  services(namespace: string): readonly Service[];
}

export interface ClusterSources {
  readonly namespaceLabels?: NamespaceLabels;
  readonly volumes?: VolumeLookup;
  readonly disruptionBudgets?: (namespace: string) => readonly PodDisruptionBudget[];
  readonly services?: (namespace: string) => readonly Service[];
}

const none: ReadonlyMap<NodeInfo, number> = new Map();
const nobody: ReadonlySet<PodInfo> = new Set();

/**
 * The scheduler's picture of the cluster: nodes, the pods on them, and pods it has assumed to be where it is about to bind
 * them. Incremental: each change touches one node. A pod on a node that isn't known yet waits for it.
 */
export class Cluster implements Snapshot {
  readonly #nodes: NodeInfo[] = [];
  readonly #byName = new Map<string, NodeInfo>();
  readonly nodesWithAffinity = new Set<NodeInfo>();
  readonly nodesWithRequiredAnti = new Set<NodeInfo>();
  readonly #byController = new Map<string, Map<NodeInfo, number>>();
  readonly #matchCounts = new MatchCounts();
  readonly #claimUsers = new Map<string, Set<PodInfo>>();
  readonly #imageSpread = new Map<string, number>();
  readonly #placed = new Map<string, { info: PodInfo; node: string }>();
  readonly #homeless = new Map<string, Map<string, PodInfo>>();
  readonly #nominations = new Map<string, { info: PodInfo; node: string }>();
  readonly #nominatedOn = new Map<string, Set<PodInfo>>();
  readonly namespaceLabels: NamespaceLabels;
  readonly volumes: VolumeLookup;
  readonly disruptionBudgets: (namespace: string) => readonly PodDisruptionBudget[];
  readonly services: (namespace: string) => readonly Service[];
  /** Grows with every change; two equal generations are one state. */
  generation = 0;

  constructor(sources: ClusterSources = {}) {
    this.namespaceLabels = sources.namespaceLabels ?? (() => ({}));
    this.volumes = sources.volumes ?? noVolumes;
    this.disruptionBudgets = sources.disruptionBudgets ?? (() => []);
    this.services = sources.services ?? (() => []);
  }

  get nodes(): readonly NodeInfo[] {
    return this.#nodes;
  }

  /** Pods that are on nodes, or assumed to be. */
  get placedCount(): number {
    return this.#placed.size;
  }

  node(name: string): NodeInfo | undefined {
    return this.#byName.get(name);
  }

  nodesOfController(uid: string): ReadonlyMap<NodeInfo, number> {
    return this.#byController.get(uid) ?? none;
  }

  countPods(question: string, matches: (info: PodInfo) => boolean): ReadonlyMap<NodeInfo, number> {
    return this.#matchCounts.of(this.#nodes, question, matches);
  }

  claimUsers(claim: string): ReadonlySet<PodInfo> {
    return this.#claimUsers.get(claim) ?? nobody;
  }

  imageSpread(name: string): number {
    return this.#imageSpread.get(name) ?? 0;
  }

  nominated(node: NodeInfo): ReadonlySet<PodInfo> {
    return this.#nominatedOn.get(node.name) ?? nobody;
  }

  /** Where a pod is, or is assumed to be. */
  placeOf(key: string): { readonly info: PodInfo; readonly node: string } | undefined {
    return this.#placed.get(key);
  }

  setNode(node: Node): NodeInfo {
    this.generation++;
    const name = node.metadata.name ?? '';
    let info = this.#byName.get(name);
    if (info) {
      this.#countImages(info, -1);
      info.setNode(node);
    } else {
      info = new NodeInfo(node);
      this.#byName.set(name, info);
      this.#nodes.push(info);
      for (const pod of this.#homeless.get(name)?.values() ?? []) this.#addTo(info, pod);
      this.#homeless.delete(name);
    }
    this.#countImages(info, 1);
    return info;
  }

  removeNode(name: string): void {
    const info = this.#byName.get(name);
    if (!info) return;
    this.generation++;
    this.#countImages(info, -1);
    const pods = new Map(info.pods);
    for (const pod of pods.values()) this.#removeFrom(info, pod.key);
    this.#byName.delete(name);
    this.#nodes.splice(this.#nodes.indexOf(info), 1);
    if (pods.size > 0) this.#homeless.set(name, pods);
  }

  /** A pod is on a node, as the API says or as a decision assumes. The same again, or elsewhere, replaces. */
  placePod(info: PodInfo, node: string): void {
    this.removePod(info.key);
    this.generation++;
    this.#placed.set(info.key, { info, node });
    const target = this.#byName.get(node);
    if (target) {
      this.#addTo(target, info);
      return;
    }
    const waiting = this.#homeless.get(node);
    if (waiting) waiting.set(info.key, info);
    else this.#homeless.set(node, new Map([[info.key, info]]));
  }

  removePod(key: string): void {
    const place = this.#placed.get(key);
    if (!place) return;
    this.generation++;
    this.#placed.delete(key);
    const node = this.#byName.get(place.node);
    if (node) {
      this.#removeFrom(node, key);
      return;
    }
    const waiting = this.#homeless.get(place.node);
    waiting?.delete(key);
    if (waiting?.size === 0) this.#homeless.delete(place.node);
  }

  /** Promises a node to a pod that waits for others to leave it. */
  nominate(info: PodInfo, node: string): void {
    const before = this.#nominations.get(info.key);
    if (before?.info === info && before.node === node) return;
    this.withdraw(info.key);
    this.generation++;
    this.#nominations.set(info.key, { info, node });
    const others = this.#nominatedOn.get(node);
    if (others) others.add(info);
    else this.#nominatedOn.set(node, new Set([info]));
  }

  /** Takes the promise back. Returns the node that was promised. */
  withdraw(key: string): string | undefined {
    const before = this.#nominations.get(key);
    if (!before) return undefined;
    this.generation++;
    this.#nominations.delete(key);
    const others = this.#nominatedOn.get(before.node);
    others?.delete(before.info);
    if (others?.size === 0) this.#nominatedOn.delete(before.node);
    return before.node;
  }

  /** Runs `decide` as if the pods were gone from, or present on, the node; then everything is as before. */
  suppose<T>(node: NodeInfo, { without = [], added = [] }: Supposition, decide: () => T): T {
    for (const info of without) this.#removeFrom(node, info.key);
    for (const info of added) this.#addTo(node, info);
    try {
      return decide();
    } finally {
      for (const info of added) this.#removeFrom(node, info.key);
      for (const info of without) this.#addTo(node, info);
    }
  }

  #addTo(node: NodeInfo, info: PodInfo): void {
    node.addPod(info);
    this.#matchCounts.added(node, info);
    this.#index(node);
    for (const { claimName } of info.claims) {
      const claim = `${info.namespace}/${claimName}`;
      const users = this.#claimUsers.get(claim);
      if (users) users.add(info);
      else this.#claimUsers.set(claim, new Set([info]));
    }
    if (!info.controllerUid || info.pod.metadata.deletionTimestamp) return;
    const counts = this.#byController.get(info.controllerUid);
    if (counts) addCount(counts, node, 1);
    else this.#byController.set(info.controllerUid, new Map([[node, 1]]));
  }

  #removeFrom(node: NodeInfo, key: string): void {
    const info = node.removePod(key);
    if (!info) return;
    this.#matchCounts.removed(node, info);
    this.#index(node);
    for (const { claimName } of info.claims) {
      const claim = `${info.namespace}/${claimName}`;
      const users = this.#claimUsers.get(claim);
      users?.delete(info);
      if (users?.size === 0) this.#claimUsers.delete(claim);
    }
    const counts = this.#byController.get(info.controllerUid);
    if (!counts || info.pod.metadata.deletionTimestamp) return;
    addCount(counts, node, -1);
    if (counts.size === 0) this.#byController.delete(info.controllerUid);
  }

  #index(node: NodeInfo): void {
    if (node.podsWithAffinity.size > 0) this.nodesWithAffinity.add(node);
    else this.nodesWithAffinity.delete(node);
    if (node.podsWithRequiredAnti.size > 0) this.nodesWithRequiredAnti.add(node);
    else this.nodesWithRequiredAnti.delete(node);
  }

  #countImages(node: NodeInfo, sign: 1 | -1): void {
    for (const name of node.images.keys()) addCount(this.#imageSpread, name, sign);
  }
}

export interface Supposition {
  readonly without?: readonly PodInfo[];
  readonly added?: readonly PodInfo[];
}
