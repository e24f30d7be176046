/** Notices that rights in a cluster may have changed: any role or binding that came, went or is another. */
import type { ResourceCache } from '#cache/resource-cache.ts';

export const rbacResources = ['rolebindings', 'clusterrolebindings', 'roles', 'clusterroles'].map(
  (resource) => `${resource}.rbac.authorization.k8s.io`,
);

export class RbacWatch {
  readonly #hold: (id: string) => ResourceCache;
  readonly #followed = new WeakSet<ResourceCache>();
  readonly #listeners = new Set<() => void>();
  #generation = 0;

  constructor(hold: (id: string) => ResourceCache) {
    this.#hold = hold;
  }

  get generation(): number {
    this.#followAll();
    return this.#generation;
  }

  get roleBindings(): ResourceCache {
    this.#followAll();
    return this.#hold(rbacResources[0]!);
  }

  onChange(listener: () => void): () => void {
    this.#followAll();
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #followAll(): void {
    for (const id of rbacResources) {
      const cache = this.#hold(id);
      if (this.#followed.has(cache)) continue;
      this.#followed.add(cache);
      cache.onInternalChange(() => {
        this.#generation++;
        for (const listener of this.#listeners) listener();
      });
    }
  }
}
