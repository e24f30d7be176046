import type { Node, Taint } from '@skerry/api';
import { resourceAmounts } from '@skerry/api';
import { hasAffinity } from '#affinity-term.ts';
import type { PodInfo, Requests } from '#pod-info.ts';
import { requestsOf } from '#pod-info.ts';

/**
 * A node and what runs there, with sums kept as pods come and go: filters and scores read plain numbers and never add up.
 */
export class NodeInfo {
  readonly name: string;
  readonly pods = new Map<string, PodInfo>();
  /** Pods with any affinity term, and those with required anti-affinity, which also bind whoever comes later. */
  readonly podsWithAffinity = new Set<PodInfo>();
  readonly podsWithRequiredAnti = new Set<PodInfo>();
  readonly podsWithPorts = new Set<PodInfo>();
  readonly usedOthers = new Map<string, number>();
  #node: Node;
  #labels: Readonly<Record<string, string>> = {};
  #allocatable: Requests & { readonly pods: number } = { ...requestsOf(new Map()), pods: 0 };
  /** Sizes in bytes by image name, all its tags and digests. */
  #images = new Map<string, number>();
  unschedulable = false;
  taints: readonly Taint[] = [];
  usedMilliCpu = 0;
  usedMemory = 0;
  usedEphemeralStorage = 0;
  scoredMilliCpu = 0;
  scoredMemory = 0;

  constructor(node: Node) {
    this.name = node.metadata.name ?? '';
    this.#node = node;
    this.setNode(node);
  }

  get node(): Node {
    return this.#node;
  }

  get labels(): Readonly<Record<string, string>> {
    return this.#labels;
  }

  get allocatable(): Requests & { readonly pods: number } {
    return this.#allocatable;
  }

  get images(): ReadonlyMap<string, number> {
    return this.#images;
  }

  setNode(node: Node): void {
    this.#node = node;
    this.#labels = node.metadata.labels ?? {};
    this.unschedulable = node.spec?.unschedulable ?? false;
    this.taints = node.spec?.taints ?? [];
    const amounts = resourceAmounts(node.status?.allocatable ?? node.status?.capacity);
    this.#allocatable = { ...requestsOf(amounts), pods: amounts.get('pods') ?? 0 };
    this.#images = new Map();
    for (const { names, sizeBytes = 0 } of node.status?.images ?? [])
      for (const name of names ?? []) this.#images.set(name, sizeBytes);
  }

  addPod(info: PodInfo): void {
    this.removePod(info.key);
    this.pods.set(info.key, info);
    this.#count(info, 1);
    if (hasAffinity(info.affinity)) this.podsWithAffinity.add(info);
    if (info.affinity.requiredAnti.length > 0) this.podsWithRequiredAnti.add(info);
    if (info.ports.length > 0) this.podsWithPorts.add(info);
  }

  removePod(key: string): PodInfo | undefined {
    const info = this.pods.get(key);
    if (!info) return undefined;
    this.pods.delete(key);
    this.#count(info, -1);
    this.podsWithAffinity.delete(info);
    this.podsWithRequiredAnti.delete(info);
    this.podsWithPorts.delete(info);
    return info;
  }

  #count({ requests, scored }: PodInfo, sign: 1 | -1): void {
    this.usedMilliCpu += sign * requests.milliCpu;
    this.usedMemory += sign * requests.memory;
    this.usedEphemeralStorage += sign * requests.ephemeralStorage;
    this.scoredMilliCpu += sign * scored.milliCpu;
    this.scoredMemory += sign * scored.memory;
    for (const [name, amount] of requests.others) addCount(this.usedOthers, name, sign * amount);
  }
}

export function addCount<K>(counts: Map<K, number>, key: K, amount: number): void {
  const sum = (counts.get(key) ?? 0) + amount;
  if (sum === 0) counts.delete(key);
  else counts.set(key, sum);
}
