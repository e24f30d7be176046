/**
 * The copies that the center holds of one cluster: each resource when it is first asked for, until nobody has asked for it
 * for ten minutes. Nodes and pods are held together, since each is shown with what the other says.
 */
import { ApiError, isApiError, notFound } from '@skerry/api';
import type { Clock, Logger } from '@skerry/base';
import type { ApiClient, Transport } from '@skerry/client';
import type { Freshness } from '#contract/index.ts';
import { ClusterPulse } from '#cache/cluster-pulse.ts';
import { Interner } from '#cache/interner.ts';
import type { Item, StateCell } from '#cache/item.ts';
import { NodeLoads } from '#cache/node-loads.ts';
import { RbacWatch } from '#cache/rbac-watch.ts';
import { ResourceCache, type ItemSource } from '#cache/resource-cache.ts';
import { builtinViews } from '#views/builtin-views.ts';
import { customView } from '#views/custom-view.ts';
import { nodePoolView } from '#views/pool-view.ts';
import { isOutOfReach, offlineState } from '#views/states/node-state.ts';
import type { Workload } from '#cache/workload-of.ts';
import type { Place, PoolCount, ViewContext, ViewKind } from '#views/view-kind.ts';

export interface ClusterCacheOptions {
  readonly cluster: string;
  /** Both with the center's own rights to read. */
  readonly client: ApiClient;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
}

const idleMaxMs = 60 * 60_000;
const sweepEveryMs = 60_000;
/** Copies of one cluster at once; the one that was not asked for the longest makes place. */
const cachesMax = 64;
const pulseWantedMs = 30_000;
/** How long it is believed that the center may not read a resource. */
const unreadableMs = 5 * 60_000;
/** What only few may see: no copy with the center's rights, whatever they are. */
const neverCopied = new Set(['secrets']);

export class ClusterCache {
  readonly cluster: string;
  readonly pulse: ClusterPulse;
  readonly loads = new NodeLoads();
  readonly rbac = new RbacWatch((id) => this.known(id));
  readonly #options: ClusterCacheOptions;
  readonly #interner = new Interner();
  readonly #caches = new Map<string, ResourceCache>();
  readonly #views = new Map<string, ViewKind>();
  readonly #unreadable = new Map<string, number>();
  readonly #stop = new AbortController();
  #usedMs: number;

  constructor(options: ClusterCacheOptions) {
    this.#options = options;
    this.cluster = options.cluster;
    this.#usedMs = options.clock.monotonic();
    this.pulse = new ClusterPulse(options.client, options.clock);
    void this.pulse.run(() => this.#isWatched(), this.#stop.signal);
    this.#sweep();
  }

  /** By its id in paths: `pods`, `deployments.apps`. @throws ApiError NotFound where the cluster serves no such resource. */
  async resource(id: string): Promise<ResourceCache> {
    const view = await this.view(id);
    return this.hold(id, view);
  }

  /** How a resource is shown. @throws ApiError NotFound */
  async view(id: string): Promise<ViewKind> {
    const known = knownView(id) ?? this.#views.get(id);
    if (known) return known;
    const view = await customView(this.#options.client, id);
    if (!view) throw notFound({ group: '', resource: 'resources' }, id);
    if (this.#views.size >= 1024) this.#views.clear();
    this.#views.set(id, view);
    return view;
  }

  /** The center's own copy; undefined where its rights don't reach that far, and it must be read as the caller. */
  async readable(id: string, timeoutMs: number): Promise<ResourceCache | undefined> {
    const nowMs = this.#options.clock.monotonic();
    if (neverCopied.has(id) || (this.#unreadable.get(id) ?? 0) > nowMs) return undefined;
    const cache = await this.resource(id);
    // One object tells that they may be read.
    await cache.ready(timeoutMs, { rows: 1 });
    if (cache.synced || !isApiError(cache.trouble?.refusal, 'Forbidden')) return cache;
    if (this.#unreadable.size >= 1024) this.#unreadable.clear();
    this.#unreadable.set(id, nowMs + unreadableMs);
    this.#drop(id);
    return undefined;
  }

  get nodes(): ResourceCache {
    return this.hold('nodes', builtin('nodes'));
  }

  get pods(): ResourceCache {
    return this.hold('pods', builtin('pods'));
  }

  get namespaces(): ResourceCache {
    return this.hold('namespaces', builtin('namespaces'));
  }

  /** A built-in resource or the pools. */
  known(id: string): ResourceCache {
    return this.hold(id, builtin(id));
  }

  hold(id: string, view: ViewKind): ResourceCache {
    this.#usedMs = this.#options.clock.monotonic();
    let cache = this.#caches.get(id);
    if (!cache) {
      if (this.#stop.signal.aborted) throw new ApiError('ServiceUnavailable', `${this.cluster} is no more`);
      this.#makePlace();
      cache = new ResourceCache({ ...this.#options, view, interner: this.#interner });
      this.#caches.set(id, cache);
      if (id === 'pods') this.loads.follow(cache);
      void cache.run();
    }
    cache.touch();
    return cache;
  }

  /** What is held now, without asking for more. */
  held(id: string): ResourceCache | undefined {
    return this.#caches.get(id);
  }

  /** How true what is shown of these resources is. */
  freshness(caches: readonly ItemSource[]): Freshness {
    const own = caches.map((cache) => cache.freshness());
    const { trouble } = this.pulse;
    const connecting = own.find(({ state }) => state === 'connecting');
    if (connecting) return connecting.why || !trouble ? connecting : { ...connecting, why: trouble.why };
    if (trouble) return { state: 'stale', since: new Date(trouble.sinceMs).toISOString(), why: trouble.why };
    return own.find(({ state }) => state === 'stale') ?? { state: 'live' };
  }

  context(): ViewContext {
    const nodes = this.held('nodes');
    const nowMs = this.#options.clock.now();
    return {
      nowMs,
      // Several columns of a row ask the same, one after the other.
      placeOf: rememberingLast((item) => placeOf(item, nodes)),
      stateOf: rememberingLast((item) => shownState(item, nodes, nowMs)),
      spreadOf: (workload) => this.#spread(workload),
      loadOf: (node) => (this.held('pods')?.synced ? this.loads.of(node) : undefined),
    };
  }

  /** Nobody asked for anything for long. */
  get idle(): boolean {
    return this.#caches.size === 0 && this.#options.clock.monotonic() - this.#usedMs > idleMaxMs;
  }

  /** Whether it is read this way. */
  isReadBy(transport: Transport): boolean {
    return this.#options.transport === transport;
  }

  /** Calls back once it is closed. Returns what ends it. */
  onClose(listener: () => void): () => void {
    const { signal } = this.#stop;
    signal.addEventListener('abort', listener, { once: true });
    return () => signal.removeEventListener('abort', listener);
  }

  close(): void {
    for (const id of this.#caches.keys()) this.#drop(id);
    this.#stop.abort();
  }

  #spread(workload: Workload): PoolCount[] {
    const nodes = this.held('nodes');
    const counts = new Map<string, number>();
    for (const pod of this.held('pods')?.ofWorkload(workload) ?? []) {
      const place = placeOf(pod, nodes);
      if (!place || pod.facts?.kind !== 'pod' || !pod.facts.live) continue;
      counts.set(place.pool, (counts.get(place.pool) ?? 0) + 1);
    }
    return [...counts]
      .map(([pool, pods]) => ({ pool, pods }))
      .sort((a, b) => b.pods - a.pods || (a.pool < b.pool ? -1 : 1));
  }

  #isWatched(): boolean {
    for (const cache of this.#caches.values()) if (cache.idleMs < pulseWantedMs) return true;
    return false;
  }

  #sweep(): void {
    this.#options.clock.after(sweepEveryMs, () => {
      if (this.#stop.signal.aborted) return;
      for (const [id, cache] of this.#caches) if (cache.idleMs > idleMaxMs) this.#drop(id);
      this.#sweep();
    });
  }

  #makePlace(): void {
    if (this.#caches.size < cachesMax) return;
    const [oldest] = [...this.#caches].toSorted(([, a], [, b]) => b.idleMs - a.idleMs);
    if (oldest) this.#drop(oldest[0]);
  }

  #drop(id: string): void {
    this.#caches.get(id)?.close();
    this.#caches.delete(id);
    if (id === 'pods') this.loads.clear();
  }
}

function knownView(id: string): ViewKind | undefined {
  return id === poolsId ? nodePoolView : builtinViews.get(id);
}

function builtin(id: string): ViewKind {
  const view = knownView(id);
  if (!view) throw new Error(`${id} is no built-in resource`);
  return view;
}

export const poolsId = 'nodepools.apps.openyurt.io';

function rememberingLast<T>(of: (item: Item) => T): (item: Item) => T {
  let last: { readonly item: Item; readonly value: T } | undefined;
  return (item) => {
    if (last?.item !== item) last = { item, value: of(item) };
    return last.value;
  };
}

/** Where an object is: a node and a pool by themselves, a pod by its node. */
export function placeOf(item: Item, nodes: ResourceCache | undefined): Place | undefined {
  const { facts } = item;
  if (facts?.kind === 'node') return facts;
  if (facts?.kind === 'pool') return { region: facts.region, pool: item.metadata.name };
  if (facts?.kind !== 'pod' || facts.node === undefined) return undefined;
  const node = nodes?.get(undefined, facts.node)?.facts;
  return node?.kind === 'node' ? node : undefined;
}

/**
 * Pods of a node out of reach most likely run on, and nobody knows: they are shown as they were last seen. A node that ran on
 * its own for too long tells nobody; the time does.
 */
export function shownState(
  item: Item,
  nodes: ResourceCache | undefined,
  nowMs: number,
): StateCell | undefined {
  const { facts, state } = item;
  if (facts?.kind === 'node') return nodeStateNow(item, nowMs);
  if (!state || facts?.kind !== 'pod' || facts.node === undefined || !facts.live) return state;
  const node = nodes?.get(undefined, facts.node);
  const now = node && nodeStateNow(node, nowMs);
  if (!now || !isOutOfReach(now)) return state;
  return {
    state: `Last known: ${state.state}`,
    tone: 'disconnected',
    why: `node ${facts.node} is ${now.state.toLowerCase()}`,
    ...(now.since ? { since: now.since } : {}),
  };
}

function nodeStateNow({ facts, state }: Item, nowMs: number): StateCell | undefined {
  const until = facts?.kind === 'node' ? facts.autonomousUntilMs : undefined;
  return until !== undefined && until <= nowMs ? offlineState(state?.since) : state;
}
