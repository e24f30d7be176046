/** The caches of all clusters: one per cluster that somebody looks at. */
import type { Clock, Logger } from '@skerry/base';
import type { ApiClient, Transport } from '@skerry/client';
import { ClusterCache } from '#cache/cluster-cache.ts';

export interface ClusterReader {
  /** Both with the center's own rights to read. @throws ApiError NotFound */
  readonly client: ApiClient;
  readonly transport: Transport;
}

export interface ClusterCachesOptions {
  readonly reader: (cluster: string) => ClusterReader;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
}

const sweepEveryMs = 60_000;

export class ClusterCaches {
  readonly #options: ClusterCachesOptions;
  readonly #caches = new Map<string, ClusterCache>();
  #closed = false;

  constructor(options: ClusterCachesOptions) {
    this.#options = options;
    this.#sweep();
  }

  /** @throws ApiError NotFound where there is no such cluster. */
  of(cluster: string): ClusterCache {
    let cache = this.#caches.get(cluster);
    if (!cache) {
      cache = new ClusterCache({ ...this.#options, ...this.#options.reader(cluster), cluster });
      this.#caches.set(cluster, cache);
    }
    return cache;
  }

  /** Those that are held now. */
  get held(): readonly ClusterCache[] {
    return [...this.#caches.values()];
  }

  /** The cluster is gone, or is reached another way now. */
  forget(cluster: string): void {
    const cache = this.#caches.get(cluster);
    // Out of the way first: whoever is told looks for the next one.
    this.#caches.delete(cluster);
    cache?.close();
  }

  close(): void {
    this.#closed = true;
    for (const cluster of this.#caches.keys()) this.forget(cluster);
  }

  #sweep(): void {
    this.#options.clock.after(sweepEveryMs, () => {
      if (this.#closed) return;
      for (const [cluster, cache] of this.#caches) if (cache.idle) this.forget(cluster);
      this.#sweep();
    });
  }
}
