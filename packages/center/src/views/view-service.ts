/** Pages of resources, each with what its caller may see and do. */
import { ApiError, isApiError } from '@skerry/api';
import type { Clock, Logger } from '@skerry/base';
import type { ApiClient, ResourceRef } from '@skerry/client';
import type { ClusterAccess } from '#access/cluster-access.ts';
import type { ClusterCache } from '#cache/cluster-cache.ts';
import type { ClusterCaches } from '#cache/cluster-caches.ts';
import type { Item } from '#cache/item.ts';
import type { ItemChange, ItemSource } from '#cache/resource-cache.ts';
import { PersonalCaches } from '#views/personal-caches.ts';
import type { Freshness, Page, ViewQuery } from '#contract/index.ts';
import type { Caller } from '#http/caller.ts';
import { visibleFilter, type Rights, type Visible } from '#rights/rights.ts';
import { fieldColumns, FieldReader, labelColumns } from '#views/own-columns.ts';
import { computePage, type ComputedPage } from '#views/page.ts';
import type { ViewContext } from '#views/view-kind.ts';

export interface ViewServiceOptions {
  readonly access: ClusterAccess;
  readonly caches: ClusterCaches;
  readonly rights: Rights;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
}

/** How long a page waits for a first whole state of a cluster. */
const firstStateMs = 10_000;
const memoMax = 64;

export class ViewService {
  readonly #options: ViewServiceOptions;
  readonly #personal: PersonalCaches;
  /** Tabs that show the same share the work. */
  readonly #memo = new Map<string, ComputedPage>();

  constructor(options: ViewServiceOptions) {
    this.#options = options;
    this.#personal = new PersonalCaches(options);
  }

  /** @throws ApiError Forbidden, NotFound, BadRequest */
  async page(
    caller: Caller,
    { cluster, resource, query }: { cluster: string; resource: string; query: ViewQuery },
  ): Promise<Page> {
    const view = await this.open(caller, { cluster, resource, namespaces: query.namespace });
    await view.ready(firstStateMs);
    return view.page(query);
  }

  /** What a caller sees of a resource, now and for as long as they look. @throws ApiError Forbidden, NotFound */
  async open(caller: Caller, { cluster, resource, namespaces }: ViewPlace): Promise<OpenView> {
    const { access, caches, rights } = this.#options;
    // Whether there is such a cluster is told only to those who may know.
    const client = access.as(caller, cluster);
    const cache = caches.of(cluster);
    const view = await cache.view(resource);
    await rights.required(caller, cluster, { ref: view.ref, named: namespaces });
    const copy = await cache.readable(resource, firstStateMs);
    return new OpenView({
      caller,
      cluster: cache,
      resource,
      namespaces,
      rights,
      client,
      memo: this.#remembered.bind(this),
      ...(copy
        ? {}
        : { personal: (visible) => this.#personal.of(caller, { cluster: cache, resource, view, visible }) }),
    });
  }

  close(): void {
    this.#personal.close();
  }

  #remembered(key: string, compute: () => ComputedPage): ComputedPage {
    const held = this.#memo.get(key);
    if (held) return held;
    const computed = compute();
    if (this.#memo.size >= memoMax) {
      const [oldest] = this.#memo.keys();
      if (oldest !== undefined) this.#memo.delete(oldest);
    }
    this.#memo.set(key, computed);
    return computed;
  }
}

/** Which resource of which cluster; namespaces where only some are asked for. */
export interface ViewPlace {
  readonly cluster: string;
  readonly resource: string;
  readonly namespaces?: readonly string[] | undefined;
}

interface OpenViewOptions {
  readonly caller: Caller;
  readonly cluster: ClusterCache;
  readonly resource: string;
  readonly namespaces: readonly string[] | undefined;
  readonly rights: Rights;
  /** As the caller. */
  readonly client: ApiClient;
  readonly memo: (key: string, compute: () => ComputedPage) => ComputedPage;
  /** Given where the resource is read with the caller's own rights. */
  readonly personal?: (visible: Visible) => ItemSource;
}

export class OpenView {
  readonly #options: OpenViewOptions;
  readonly #fields = new FieldReader();

  constructor(options: OpenViewOptions) {
    this.#options = options;
  }

  get cluster(): ClusterCache {
    return this.#options.cluster;
  }

  /** The copies that the view is made of, the resource's own first; asking for them keeps them. */
  async caches(): Promise<[ItemSource, ...ItemSource[]]> {
    const { cluster, resource, personal } = this.#options;
    if (personal) return [personal(await this.#visible((await cluster.view(resource)).ref))];
    const own = await cluster.resource(resource);
    if (own.view.placed === 'node') return [own, cluster.nodes];
    if (own.view.spread) return [own, cluster.pods, cluster.nodes];
    return own === cluster.held('nodes') ? [own, cluster.pods] : [own];
  }

  /**
   * @param soon once there is something to show, though not yet all of it
   * @throws ApiError NotFound where the cluster does not serve the resource after all
   */
  async ready(timeoutMs: number, { soon = false }: { readonly soon?: boolean } = {}): Promise<void> {
    const [own, other] = await this.caches();
    // What pods take of nodes may follow later. Where pods are may not: of those whose nodes are not known yet, nothing is shown.
    await Promise.all([
      own.ready(timeoutMs, soon ? { rows: rowsSoon } : {}),
      own.view.placed === 'node' ? other?.ready(timeoutMs, soon ? { rows: nodesSoon } : {}) : undefined,
    ]);
    if (!own.synced && own.trouble?.refusal && isApiError(own.trouble.refusal, 'NotFound'))
      throw new ApiError('NotFound', 'the server could not find the requested resource');
  }

  async freshness(): Promise<Freshness> {
    const caches = await this.caches();
    return this.cluster.freshness(caches[0].view.placed === 'node' ? caches : [caches[0]]);
  }

  /** @throws ApiError Forbidden once the caller may see nothing of it any more; BadRequest */
  async page(query: ViewQuery): Promise<Page> {
    const { caller, cluster, rights } = this.#options;
    const caches = await this.caches();
    const [own] = caches;
    const { view } = own;
    const visible = await this.#visible(view.ref);
    const freshness = await this.freshness();
    const { page, items } = this.#compute({ own, caches, visible, query });
    const wanted = query.columns ?? [];
    const fields = fieldColumns(wanted);
    const [actions, cells] = await Promise.all([
      rights.actions(caller, { cluster: cluster.cluster, view, items }),
      fields.length > 0 ? this.#fields.read(this.#options.client, { ref: view.ref, items, wanted }) : [],
    ]);
    return {
      ...page,
      ...(fields.length > 0 ? { columns: [...page.columns, ...fields] } : {}),
      rows: page.rows.map((row, index) => ({
        ...row,
        ...(cells[index] ? { cells: [...row.cells, ...cells[index]] } : {}),
        actions: actions[index] ?? [],
      })),
      freshness,
    };
  }

  /** Calls back after changes that the view may show. Returns what ends it. */
  async onChange(listener: (change: ItemChange) => void): Promise<() => void> {
    const caches = await this.caches();
    const ends = caches.map((cache) => cache.onChange(listener));
    return () => ends.forEach((end) => end());
  }

  /** Whether all nodes are there by which objects are placed. */
  #allPlaced(): boolean {
    const { cluster, resource, personal } = this.#options;
    if (personal || resource !== 'pods') return true;
    const nodes = cluster.held('nodes');
    // Nodes that can't be read hide no pod.
    return !nodes || nodes.synced || nodes.trouble !== undefined;
  }

  #visible(ref: ResourceRef): Promise<Visible> {
    const { caller, cluster, rights, namespaces } = this.#options;
    return rights.required(caller, cluster.cluster, { ref, named: namespaces });
  }

  #compute({
    own,
    caches,
    visible,
    query,
  }: {
    own: ItemSource;
    caches: readonly ItemSource[];
    visible: Visible;
    query: ViewQuery;
  }): ComputedPage {
    const { cluster, resource, memo } = this.#options;
    const source = {
      view: own.view,
      columns: [...own.columns, ...labelColumns(query.columns ?? [])],
      context: cluster.context(),
      freshness: { state: 'live' } as const,
    };
    const versions = caches.map((cache) => `${cache.id}.${cache.version}`);
    const second = Math.floor(source.context.nowMs / 1000);
    const key = JSON.stringify([cluster.cluster, resource, versions, second, scopeKey(visible), query]);
    return memo(key, () => {
      const items = itemsOf(own, { visible, query });
      return computePage(
        { ...source, items: this.#allPlaced() ? items : items.filter(placed(source.context)) },
        query,
      );
    });
  }
}

/** Of a pod on a node that has not come yet it is not known where that is. */
function placed(context: ViewContext): (item: Item) => boolean {
  return (item) =>
    item.facts?.kind !== 'pod' || item.facts.node === undefined || context.placeOf(item) !== undefined;
}

function scopeKey(visible: Visible): unknown {
  if (visible.scope === 'namespaces') return [...visible.namespaces].sort();
  return visible.scope === 'nodes' ? visible.limits : visible.scope;
}

/** From the index where few namespaces are asked for, else from the whole. */
function itemsOf(cache: ItemSource, { visible, query }: { visible: Visible; query: ViewQuery }) {
  const { ref } = cache.view;
  const may = visibleFilter(visible, ref);
  const asked = ref.namespaced ? query.namespace : undefined;
  const namespaces = asked?.length
    ? asked
    : ref.namespaced && visible.scope === 'namespaces'
      ? [...visible.namespaces]
      : undefined;
  if (!namespaces || namespaces.length > indexedMax) {
    const all = cache.rows();
    return visible.scope === 'all' ? all : all.filter(may);
  }
  return [...new Set(namespaces)].flatMap((namespace) => cache.rows(namespace)).filter(may);
}

const indexedMax = 20;
/** A page of them. */
const rowsSoon = 50;
/** Enough to place a page of the first pods, and few enough to be there at once. */
const nodesSoon = 500;
