/** History of what is used, of what the caller may see. */
import { badRequest, forbidden, notFound } from '@skerry/api';
import type { Clock, Logger } from '@skerry/base';
import type { MetricsQuery, Series } from '#contract/index.ts';
import type { ClusterCache } from '#cache/cluster-cache.ts';
import type { Caller } from '#http/caller.ts';
import type { RingTable } from '#metrics/ring-table.ts';
import { measured, UsageSampler } from '#metrics/usage-sampler.ts';
import type { UsedAmounts } from '#overview/overview-service.ts';
import { SeenCluster, type SeenClusterOptions } from '#overview/seen-cluster.ts';
import { visibleFilter } from '#rights/rights.ts';

export interface MetricsServiceOptions extends SeenClusterOptions {
  readonly clock: Clock;
  readonly log: Logger;
}

const waitMs = 5_000;
const hourSeconds = 3600;

export class MetricsService implements UsedAmounts {
  readonly #options: MetricsServiceOptions;
  readonly #samplers = new Map<string, { cache: ClusterCache; sampler: UsageSampler }>();

  constructor(options: MetricsServiceOptions) {
    this.#options = options;
  }

  used(cluster: string, nodes: readonly string[]): { cpu: number; memory: number } | undefined {
    const sampler = this.#sampler(this.#options.caches.of(cluster));
    sampler.touch({ pods: false });
    return sampler.used(nodes);
  }

  /** @throws ApiError Forbidden, NotFound, BadRequest */
  async series(caller: Caller, cluster: string, query: MetricsQuery): Promise<Series> {
    const seen = new SeenCluster(caller, cluster, this.#options);
    const thing = thingOf(query);
    await this.#check(seen, thing);
    const sampler = this.#sampler(seen.cache);
    sampler.touch({ pods: thing.of === 'pod' });
    const { metric, seconds = hourSeconds } = query;
    const table = thing.of === 'pod' ? sampler.pods : seconds > hourSeconds ? sampler.day : sampler.hour;
    return seriesOf(table, { thing, metric, seconds, nowMs: this.#options.clock.now() });
  }

  close(): void {
    for (const { sampler } of this.#samplers.values()) sampler.close();
    this.#samplers.clear();
  }

  /** Whole pools and clusters are for who may see all nodes of them. */
  async #check(seen: SeenCluster, { of, name, namespace }: Thing): Promise<void> {
    const resource = of === 'pod' ? 'pods' : 'nodes';
    const cache = seen.cache.known(resource);
    const [visible] = await Promise.all([seen.visible(resource), cache.ready(waitMs)]);
    const ref = { group: '', resource };
    if (visible.scope === 'none')
      throw forbidden(ref, name, `User ${JSON.stringify(visible.username)} may not see it`);
    const sees = visibleFilter(visible, cache.view.ref);
    if (of === 'node' || of === 'pod') {
      const item = cache.get(namespace, name);
      if (!item || !sees(item)) throw notFound(ref, name);
      return;
    }
    const wanted = cache
      .items()
      .filter(({ facts }) => of === 'cluster' || (facts?.kind === 'node' && facts.pool === name));
    if (!wanted.every(sees)) throw forbidden(ref, '', 'only some of these nodes may be seen');
  }

  #sampler(cache: ClusterCache): UsageSampler {
    const { cluster } = cache;
    const held = this.#samplers.get(cluster);
    // A cluster that went and came again is read another way.
    if (held?.cache === cache) return held.sampler;
    held?.sampler.close();
    const { access, clock, log } = this.#options;
    const sampler = new UsageSampler({ cache, client: access.own(cluster), clock, log });
    this.#samplers.set(cluster, { cache, sampler });
    return sampler;
  }
}

interface Thing {
  readonly of: 'cluster' | 'pool' | 'node' | 'pod';
  readonly name: string;
  readonly namespace?: string;
}

/** @throws ApiError BadRequest for a pod without its namespace */
function thingOf({ namespace, pod, node, pool }: MetricsQuery): Thing {
  if (pod !== undefined) {
    if (namespace === undefined) throw badRequest('namespace: is missing');
    return { of: 'pod', namespace, name: pod };
  }
  if (node !== undefined) return { of: 'node', name: node };
  return pool === undefined ? { of: 'cluster', name: '' } : { of: 'pool', name: pool };
}

function keyOf({ of, name, namespace }: Thing): string {
  if (of === 'pod') return `${namespace}/${name}`;
  return of === 'cluster' ? of : `${of}/${name}`;
}

const units = { cpu: 'cores', memory: 'bytes', gpu: 'pieces' } as const;

/** What nobody measures (bytes of the network, GPUs of a pod over time) has no lines. */
function seriesOf(
  table: RingTable,
  {
    thing,
    metric,
    seconds,
    nowMs,
  }: { thing: Thing; metric: MetricsQuery['metric']; seconds: number; nowMs: number },
): Series {
  const times = table.times(nowMs);
  const from = times.findIndex((time) => time > nowMs / 1000 - seconds);
  const wanted = <T>(values: readonly T[]) => values.slice(Math.max(0, from));
  if (metric === 'network' || (metric === 'gpu' && thing.of === 'pod'))
    return { times: wanted(times), lines: [] };
  const values = wanted(table.read(keyOf(thing), measured[metric], nowMs));
  return { times: wanted(times), lines: [{ name: metric, unit: units[metric], values }] };
}
