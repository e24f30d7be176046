/** A cluster as one caller sees it: of each resource what they may list, and nothing of those they may not. */
import { isApiError } from '@skerry/api';
import type { ClusterAccess } from '#access/cluster-access.ts';
import type { ClusterCache } from '#cache/cluster-cache.ts';
import type { ClusterCaches } from '#cache/cluster-caches.ts';
import type { Item } from '#cache/item.ts';
import type { Caller } from '#http/caller.ts';
import { visibleFilter, type Rights, type Visible } from '#rights/rights.ts';

export interface SeenClusterOptions {
  readonly access: ClusterAccess;
  readonly caches: ClusterCaches;
  readonly rights: Rights;
}

export class SeenCluster {
  readonly cache: ClusterCache;
  readonly #caller: Caller;
  readonly #rights: Rights;

  /** @throws ApiError NotFound where the caller may know of no such cluster. */
  constructor(caller: Caller, cluster: string, { access, caches, rights }: SeenClusterOptions) {
    access.as(caller, cluster);
    this.cache = caches.of(cluster);
    this.#caller = caller;
    this.#rights = rights;
  }

  get name(): string {
    return this.cache.cluster;
  }

  /** What the caller may see of a built-in resource, waiting at most so long for a first state; empty where it is nothing. */
  async items(resource: string, waitMs: number): Promise<Item[]> {
    const cache = this.cache.known(resource);
    const [visible] = await Promise.all([this.visible(resource), cache.ready(waitMs)]);
    if (visible.scope === 'none') return [];
    return visible.scope === 'all'
      ? cache.items()
      : cache.items().filter(visibleFilter(visible, cache.view.ref));
  }

  async visible(resource: string): Promise<Visible> {
    const { ref } = this.cache.known(resource).view;
    try {
      return await this.#rights.visible(this.#caller, this.name, ref);
    } catch (error) {
      // A foreign cluster may know no such review; whoever can't be asked for has none.
      if (isApiError(error) && error.code < 500) return { scope: 'none', username: this.#caller.user };
      throw error;
    }
  }
}
