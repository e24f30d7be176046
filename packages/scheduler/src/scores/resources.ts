import type { NodeInfo } from '#node-info.ts';
import type { PrepareScore } from '#scores/score.ts';
import { scoreEach, scoreMax } from '#scores/score.ts';

/** Prefers nodes with the most cpu and memory left. */
export const leastAllocated: PrepareScore = ({ scored }) => {
  return (nodes) =>
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
};

function left(requested: number, capacity: number): number {
  return requested > capacity ? 0 : Math.floor(((capacity - requested) * scoreMax) / capacity);
}

/** Prefers nodes whose cpu and memory this pod brings into balance. Pods that ask for neither have no say. */
export const balancedAllocation: PrepareScore = ({ requests }) => {
  if (requests.milliCpu === 0 && requests.memory === 0) return undefined;
  return (nodes) =>
    scoreEach(nodes, (node) => {
      const after = balance(node, requests.milliCpu, requests.memory);
      const before = balance(node, 0, 0);
      return Math.floor(scoreMax / 2 + (scoreMax / 2 + after - before) / 2);
    });
};

function balance(node: NodeInfo, milliCpu: number, memory: number): number {
  const { allocatable } = node;
  if (allocatable.milliCpu === 0 || allocatable.memory === 0) return scoreMax;
  const cpuShare = Math.min(1, (node.usedMilliCpu + milliCpu) / allocatable.milliCpu);
  const memoryShare = Math.min(1, (node.usedMemory + memory) / allocatable.memory);
  return Math.floor((1 - Math.abs(cpuShare - memoryShare) / 2) * scoreMax);
}
