import type { NodeInfo } from '#node-info.ts';
import type { PodInfo } from '#pod-info.ts';
import { defaultArguments, type ScoringStrategy } from '#profile.ts';
import type { PrepareScore } from '#scores/score.ts';
import { scoreEach, scoreMax } from '#scores/score.ts';

/** Prefers nodes by what of their resources is requested; those with the most left unless configured otherwise. */
export const resourceFit: PrepareScore = (info) => {
  const strategy = (info.profile?.arguments ?? defaultArguments).scoringStrategy;
  if (strategy === defaultArguments.scoringStrategy) return leastAllocated(info);
  const rate = rating(strategy);
  const ratio = strategy.type === 'RequestedToCapacityRatio';
  // What the pod doesn't ask for says nothing about where it should go, save for cpu and memory.
  const resources = strategy.resources.filter(
    ({ name }) => name === 'cpu' || name === 'memory' || wantedOf(info, name) > 0,
  );
  return (nodes) =>
    scoreEach(nodes, (node) => {
      let sum = 0;
      let weights = 0;
      for (const { name, weight } of resources) {
        const capacity = capacityOf(node, name);
        if (capacity === 0) continue;
        const score = rate(scoredOf(node, name) + scoredWant(info, name), capacity);
        if (ratio && score <= 0) continue;
        sum += score * weight;
        weights += weight;
      }
      if (weights === 0) return 0;
      return ratio ? Math.round(sum / weights) : Math.floor(sum / weights);
    });
};

/** The default, for which the sums are kept ready. */
const leastAllocated =
  ({ scored }: PodInfo) =>
  (nodes: readonly NodeInfo[]) =>
    scoreEach(nodes, (node) => {
      const { milliCpu, memory } = node.allocatable;
      let sum = 0;
      let weights = 0;
      if (milliCpu > 0) {
        sum += left(node.scoredMilliCpu + scored.milliCpu, milliCpu);
        weights++;
      }
      if (memory > 0) {
        sum += left(node.scoredMemory + scored.memory, memory);
        weights++;
      }
      return weights === 0 ? 0 : Math.floor(sum / weights);
    });

function left(requested: number, capacity: number): number {
  return requested > capacity ? 0 : Math.floor(((capacity - requested) * scoreMax) / capacity);
}

function taken(requested: number, capacity: number): number {
  return Math.floor((Math.min(requested, capacity) * scoreMax) / capacity);
}

function rating({ type, shape = [] }: ScoringStrategy): (requested: number, capacity: number) => number {
  if (type === 'LeastAllocated') return left;
  if (type === 'MostAllocated') return taken;
  return (requested, capacity) =>
    onShape(shape, requested > capacity ? 100 : Math.floor((requested * 100) / capacity));
}

/** Between the points the score goes straight from one to the next. Points are scored up to 10. */
function onShape(shape: NonNullable<ScoringStrategy['shape']>, utilization: number): number {
  const scale = scoreMax / 10;
  const after = shape.findIndex((point) => utilization <= point.utilization);
  if (after === 0) return shape[0]!.score * scale;
  if (after < 0) return shape.at(-1)!.score * scale;
  const [from, to] = [shape[after - 1]!, shape[after]!];
  const way = (utilization - from.utilization) / (to.utilization - from.utilization);
  return Math.trunc((from.score + (to.score - from.score) * way) * scale);
}

/** Prefers nodes whose resources this pod brings into balance. Pods that ask for none of them have no say. */
export const balancedAllocation: PrepareScore = (info) => {
  const names = (info.profile?.arguments ?? defaultArguments).balancedResources;
  if (names.every((name) => wantedOf(info, name) === 0)) return undefined;
  const counted = names.filter((name) => name === 'cpu' || name === 'memory' || wantedOf(info, name) > 0);
  const none = counted.map(() => 0);
  const wanted = counted.map((name) => wantedOf(info, name));
  return (nodes) =>
    scoreEach(nodes, (node) => {
      const after = balance(node, counted, wanted);
      const before = balance(node, counted, none);
      return Math.floor(scoreMax / 2 + (scoreMax / 2 + after - before) / 2);
    });
};

function balance(node: NodeInfo, names: readonly string[], wanted: readonly number[]): number {
  const shares: number[] = [];
  for (const [index, name] of names.entries()) {
    const capacity = capacityOf(node, name);
    if (capacity > 0) shares.push(Math.min(1, (usedOf(node, name) + wanted[index]!) / capacity));
  }
  return Math.floor((1 - deviation(shares)) * scoreMax);
}

function deviation(shares: readonly number[]): number {
  if (shares.length < 2) return 0;
  if (shares.length === 2) return Math.abs(shares[0]! - shares[1]!) / 2;
  const mean = shares.reduce((a, b) => a + b) / shares.length;
  return Math.sqrt(shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / shares.length);
}

function capacityOf({ allocatable }: NodeInfo, name: string): number {
  switch (name) {
    case 'cpu':
      return allocatable.milliCpu;
    case 'memory':
      return allocatable.memory;
    case 'ephemeral-storage':
      return allocatable.ephemeralStorage;
    default:
      return allocatable.others.get(name) ?? 0;
  }
}

function usedOf(node: NodeInfo, name: string): number {
  switch (name) {
    case 'cpu':
      return node.usedMilliCpu;
    case 'memory':
      return node.usedMemory;
    case 'ephemeral-storage':
      return node.usedEphemeralStorage;
    default:
      return node.usedOthers.get(name) ?? 0;
  }
}

function wantedOf({ requests }: PodInfo, name: string): number {
  switch (name) {
    case 'cpu':
      return requests.milliCpu;
    case 'memory':
      return requests.memory;
    case 'ephemeral-storage':
      return requests.ephemeralStorage;
    default:
      return requests.others.get(name) ?? 0;
  }
}

/** With something assumed for containers that ask for no cpu or memory. */
function scoredOf(node: NodeInfo, name: string): number {
  if (name === 'cpu') return node.scoredMilliCpu;
  return name === 'memory' ? node.scoredMemory : usedOf(node, name);
}

function scoredWant(info: PodInfo, name: string): number {
  if (name === 'cpu') return info.scored.milliCpu;
  return name === 'memory' ? info.scored.memory : wantedOf(info, name);
}
