/** What pods request of each node, kept true change by change: adding up 50,000 pods for each question would not do. */
import type { Item } from '#cache/item.ts';
import type { ResourceCache } from '#cache/resource-cache.ts';
import type { NodeLoad } from '#views/view-kind.ts';

interface Load {
  pods: number;
  readonly requested: Map<string, number>;
}

export class NodeLoads {
  readonly #byNode = new Map<string, Load>();
  #unfollow: (() => void) | undefined;

  follow(pods: ResourceCache): void {
    this.clear();
    for (const item of pods.items()) this.#count(item, 1);
    this.#unfollow = pods.onInternalChange(({ item, old }) => {
      if (old) this.#count(old, -1);
      if (item) this.#count(item, 1);
    });
  }

  clear(): void {
    this.#unfollow?.();
    this.#unfollow = undefined;
    this.#byNode.clear();
  }

  of(node: string): NodeLoad {
    return this.#byNode.get(node) ?? nothing;
  }

  #count({ facts }: Item, sign: 1 | -1): void {
    if (facts?.kind !== 'pod' || facts.node === undefined || !facts.live) return;
    let load = this.#byNode.get(facts.node);
    if (!load) this.#byNode.set(facts.node, (load = { pods: 0, requested: new Map() }));
    load.pods += sign;
    for (const [resource, amount] of facts.requests)
      load.requested.set(resource, (load.requested.get(resource) ?? 0) + sign * amount);
    if (load.pods === 0) this.#byNode.delete(facts.node);
  }
}

const nothing: NodeLoad = { pods: 0, requested: new Map() };
