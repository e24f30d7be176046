import type { Snapshot } from '#cluster.ts';
import type { FilterName, NodeFilter } from '#filters/index.ts';
import { prepareFilters, prepareLastingFilters } from '#filters/index.ts';
import type { NodeInfo } from '#node-info.ts';
import type { PodInfo } from '#pod-info.ts';
import type { Hint, Waiting } from '#queue.ts';

/**
 * Which waiting pods a change may help. A hint that is too eager costs a vain try; one that is too strict leaves a pod
 * waiting until the queue's own flush, so where a rule is unsure it says yes.
 */
export class Hints {
  readonly #snapshot: Snapshot;
  readonly #lasting = new WeakMap<PodInfo, NodeFilter>();

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
  }

  /** A node came, or changed in what it offers or allows. */
  nodeChanged(node: NodeInfo): Hint {
    return (waiting) =>
      dependsOnOthers(waiting) ||
      (this.#couldEverTake(node, waiting.info) && hasCapacity(node, waiting.info));
  }

  /** Pods left a node, or a promise of it was taken back. */
  roomMade(node: NodeInfo): Hint {
    return (waiting) => {
      if (dependsOnOthers(waiting) || waiting.info.pod.status?.nominatedNodeName === node.name) return true;
      // Most pods that wait lack something plain: the cheap look spares thousands of them the whole question.
      const { info } = waiting;
      if (!hasRoom(node, info) || !this.#couldEverTake(node, info)) return false;
      return !prepareFilters(info, this.#snapshot)(node);
    };
  }

  /** A pod runs now or has other labels, or a node is gone: affinity may be met, or skew be gone. */
  neighboursChanged(): Hint {
    return ({ rejectedBy }) => rejectedBy.has('InterPodAffinity') || rejectedBy.has('PodTopologySpread');
  }

  /** A pod that runs is on its way out: it counts for no skew any more, and keeps others away until it is gone. */
  neighbourLeaving(): Hint {
    return ({ rejectedBy }) => rejectedBy.has('PodTopologySpread');
  }

  /** A claim, volume, storage class or the limits of a node's drivers came or changed. */
  volumesChanged(): Hint {
    return ({ rejectedBy }) => storage.some((name) => rejectedBy.has(name));
  }

  #couldEverTake(node: NodeInfo, info: PodInfo): boolean {
    let filter = this.#lasting.get(info);
    if (!filter) this.#lasting.set(info, (filter = prepareLastingFilters(info, this.#snapshot)));
    return !filter(node);
  }
}

const relative: readonly FilterName[] = ['PodTopologySpread', 'InterPodAffinity', 'VolumeRestrictions'];
const storage: readonly FilterName[] = [
  'VolumeBinding',
  'VolumeRestrictions',
  'NodeVolumeLimits',
  'VolumeZone',
];

/** Refused for what runs elsewhere too, or never asked any node. */
function dependsOnOthers({ rejectedBy }: Waiting): boolean {
  return rejectedBy.size === 0 || relative.some((name) => rejectedBy.has(name));
}

function hasCapacity({ allocatable }: NodeInfo, { requests }: PodInfo): boolean {
  if (requests.milliCpu > allocatable.milliCpu || requests.memory > allocatable.memory) return false;
  if (requests.ephemeralStorage > allocatable.ephemeralStorage) return false;
  for (const [name, amount] of requests.others)
    if (amount > (allocatable.others.get(name) ?? 0)) return false;
  return true;
}

function hasRoom(node: NodeInfo, { requests }: PodInfo): boolean {
  const { allocatable } = node;
  if (node.pods.size >= allocatable.pods) return false;
  if (lacks(requests.milliCpu, allocatable.milliCpu - node.usedMilliCpu)) return false;
  if (lacks(requests.memory, allocatable.memory - node.usedMemory)) return false;
  for (const [name, amount] of requests.others)
    if (lacks(amount, (allocatable.others.get(name) ?? 0) - (node.usedOthers.get(name) ?? 0))) return false;
  return true;
}

function lacks(wanted: number, left: number): boolean {
  return wanted > 0 && wanted > left;
}
