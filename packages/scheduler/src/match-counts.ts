import type { NodeInfo } from '#node-info.ts';
import { addCount } from '#node-info.ts';
import type { PodInfo } from '#pod-info.ts';

/** Questions remembered at once; the one asked longest ago goes. */
const rememberedMax = 64;

/**
 * How many pods on each node answer a question, kept as pods come and go. Pods of one template ask the same of the whole
 * cluster one after another; counting anew each time would cost every pod a walk over all others.
 */
export class MatchCounts {
  readonly #remembered = new Map<
    string,
    { matches: (info: PodInfo) => boolean; counts: Map<NodeInfo, number> }
  >();

  /** `question` names what `matches` decides: equal names must decide alike, and by nothing but the pod. */
  of(
    nodes: readonly NodeInfo[],
    question: string,
    matches: (info: PodInfo) => boolean,
  ): ReadonlyMap<NodeInfo, number> {
    const known = this.#remembered.get(question);
    if (known) {
      this.#remembered.delete(question);
      this.#remembered.set(question, known);
      return known.counts;
    }
    const counts = new Map<NodeInfo, number>();
    for (const node of nodes)
      for (const info of node.pods.values()) if (matches(info)) addCount(counts, node, 1);
    const oldest = this.#remembered.keys().next();
    if (this.#remembered.size >= rememberedMax && !oldest.done) this.#remembered.delete(oldest.value);
    this.#remembered.set(question, { matches, counts });
    return counts;
  }

  added(node: NodeInfo, info: PodInfo): void {
    for (const { matches, counts } of this.#remembered.values()) if (matches(info)) addCount(counts, node, 1);
  }

  removed(node: NodeInfo, info: PodInfo): void {
    for (const { matches, counts } of this.#remembered.values())
      if (matches(info)) addCount(counts, node, -1);
  }
}
