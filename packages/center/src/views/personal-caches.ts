/**
 * Copies that are read with a caller's own rights: of Secrets, and of whatever the center itself may not read. Each is for one
 * caller alone and lives only while they look.
 */
import type { Clock, Logger } from '@skerry/base';
import { createClient } from '@skerry/client';
import type { ClusterAccess } from '#access/cluster-access.ts';
import type { ClusterCache } from '#cache/cluster-cache.ts';
import { Interner } from '#cache/interner.ts';
import { JoinedCache } from '#cache/joined-cache.ts';
import { ResourceCache } from '#cache/resource-cache.ts';
import type { Caller } from '#http/caller.ts';
import type { Visible } from '#rights/rights.ts';
import type { ViewKind } from '#views/view-kind.ts';

export interface PersonalCachesOptions {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
}

const idleMaxMs = 60_000;
const sweepEveryMs = 30_000;
/** Of all callers together; the one that was not asked for the longest goes first. */
const cachesMax = 200;
/** Watches that one view of somebody with rights in many namespaces may open. */
const namespacesMax = 20;

export class PersonalCaches {
  readonly #options: PersonalCachesOptions;
  readonly #caches = new Map<string, JoinedCache>();
  #closed = false;

  constructor(options: PersonalCachesOptions) {
    this.#options = options;
    this.#sweep();
  }

  of(
    caller: Caller,
    {
      cluster,
      resource,
      view,
      visible,
    }: { cluster: ClusterCache; resource: string; view: ViewKind; visible: Visible },
  ): JoinedCache {
    const namespaces =
      visible.scope === 'namespaces' && view.ref.namespaced
        ? [...visible.namespaces].sort().slice(0, namespacesMax)
        : undefined;
    const key = JSON.stringify([
      cluster.cluster,
      resource,
      caller.user,
      [...caller.groups].sort(),
      namespaces,
    ]);
    let cache = this.#caches.get(key);
    if (!cache) {
      this.#makePlace();
      cache = this.#open(caller, { cluster: cluster.cluster, view, namespaces });
      this.#caches.set(key, cache);
    }
    cache.touch();
    return cache;
  }

  close(): void {
    this.#closed = true;
    for (const key of this.#caches.keys()) this.#drop(key);
  }

  #open(
    caller: Caller,
    { cluster, view, namespaces }: { cluster: string; view: ViewKind; namespaces: string[] | undefined },
  ): JoinedCache {
    const { access, clock, log, random } = this.#options;
    const transport = access.transport(caller, cluster);
    const client = createClient({ transport, userAgent: 'skerry-console', clock });
    const rest = { view, client, transport, interner: new Interner(), clock, log, random };
    const caches = (namespaces ?? [undefined]).map(
      (namespace) => new ResourceCache({ ...rest, ...(namespace === undefined ? {} : { namespace }) }),
    );
    for (const cache of caches) void cache.run();
    return new JoinedCache(caches);
  }

  #sweep(): void {
    this.#options.clock.after(sweepEveryMs, () => {
      if (this.#closed) return;
      for (const [key, cache] of this.#caches) if (cache.idleMs > idleMaxMs) this.#drop(key);
      this.#sweep();
    });
  }

  #makePlace(): void {
    if (this.#caches.size < cachesMax) return;
    const [oldest] = [...this.#caches].toSorted(([, a], [, b]) => b.idleMs - a.idleMs);
    if (oldest) this.#drop(oldest[0]);
  }

  #drop(key: string): void {
    this.#caches.get(key)?.close();
    this.#caches.delete(key);
  }
}
