/** History of what is used, of what the caller may see. */
import { badRequest, forbidden, notFound } from '@skerry/api';
import type { Clock, Logger } from '@skerry/base';
import type { MetricsQuery, Series } from '#contract/index.ts';
import type { ClusterCache } from '#cache/cluster-cache.ts';
import type { Caller } from '#http/caller.ts';
import type { RingTable } from '#metrics/ring-table.ts';
import { GpuSampler } from '#metrics/gpu-sampler.ts';
import { chartedNodesMax, NetworkSampler } from '#metrics/network-sampler.ts';
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
  readonly #samplers = new Map<string, Samplers>();

  constructor(options: MetricsServiceOptions) {
    this.#options = options;
  }

  used(cluster: string, nodes: readonly string[]): { cpu: number; memory: number } | undefined {
    const { sampler } = this.#samplersOf(this.#options.caches.of(cluster));
    sampler.touch({ pods: false });
    return sampler.used(nodes);
  }

  /** How busy the GPUs of a cluster are, asked for from now on; undefined where the center asks no machines. */
  gpus(cache: ClusterCache): GpuSampler | undefined {
    const { gpus } = this.#samplersOf(cache);
    gpus?.touch();
    return gpus;
  }

  /** @throws ApiError Forbidden, NotFound, BadRequest */
  async series(caller: Caller, cluster: string, query: MetricsQuery): Promise<Series> {
    const seen = new SeenCluster(caller, cluster, this.#options);
    const thing = thingOf(query);
    await this.#check(seen, thing);
    const { sampler, network, gpus } = this.#samplersOf(seen.cache);
    const { metric, seconds = hourSeconds } = query;
    const nowMs = this.#options.clock.now();
    if (metric === 'network')
      return network
        ? networkSeries(network, { thing, seconds, nowMs, cache: seen.cache })
        : { times: [], lines: [], none: 'foreign' };
    if (metric === 'gpu' && thing.of === 'pod') return busySeries(gpus, keyOf(thing), { seconds, nowMs });
    sampler.touch({ pods: thing.of === 'pod' });
    const table = thing.of === 'pod' ? sampler.pods : seconds > hourSeconds ? sampler.day : sampler.hour;
    return seriesOf(table, { thing, metric, seconds, nowMs });
  }

  close(): void {
    for (const { sampler, network, gpus } of this.#samplers.values()) {
      sampler.close();
      gpus?.close();
      network?.close();
    }
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

  #samplersOf(cache: ClusterCache): Samplers {
    const { cluster } = cache;
    const held = this.#samplers.get(cluster);
    // A cluster that went and came again is read another way.
    if (held?.cache === cache) return held;
    held?.sampler.close();
    held?.network?.close();
    held?.gpus?.close();
    const { access, clock, log } = this.#options;
    const client = access.own(cluster);
    const meter = access.meter(cluster);
    const made = {
      cache,
      sampler: new UsageSampler({ cache, client, clock, log }),
      network: meter && new NetworkSampler({ cluster, client: meter, clock, log }),
      gpus: meter && new GpuSampler({ cache, client: meter, clock, log }),
    };
    this.#samplers.set(cluster, made);
    return made;
  }
}

interface Samplers {
  readonly cache: ClusterCache;
  readonly sampler: UsageSampler;
  /** None of a cluster whose machines are not asked. */
  readonly network: NetworkSampler | undefined;
  readonly gpus: GpuSampler | undefined;
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

function seriesOf(
  table: RingTable,
  {
    thing,
    metric,
    seconds,
    nowMs,
  }: { thing: Thing; metric: keyof typeof measured; seconds: number; nowMs: number },
): Series {
  const times = table.times(nowMs);
  const from = times.findIndex((time) => time > nowMs / 1000 - seconds);
  const wanted = <T>(values: readonly T[]) => values.slice(Math.max(0, from));
  const values = wanted(table.read(keyOf(thing), measured[metric], nowMs));
  return { times: wanted(times), lines: [{ name: metric, unit: units[metric], values }] };
}

/** How busy a pod's GPUs are. What nobody measures has no lines, and says so. */
function busySeries(
  gpus: GpuSampler | undefined,
  pod: string,
  { seconds, nowMs }: { seconds: number; nowMs: number },
): Series {
  if (!gpus) return { times: [], lines: [], none: 'foreign' };
  gpus.touch();
  const all = gpus.hour.times(nowMs);
  const from = Math.max(
    0,
    all.findIndex((time) => time > nowMs / 1000 - seconds),
  );
  const times = all.slice(from);
  const values = gpus.hour.read(pod, 0, nowMs).slice(from);
  return values.every((value) => value === null)
    ? { times, lines: [], none: 'not-reported' }
    : { times, lines: [{ name: 'gpu-busy', unit: 'ratio', values }] };
}

function networkSeries(
  network: NetworkSampler,
  { thing, seconds, nowMs, cache }: { thing: Thing; seconds: number; nowMs: number; cache: ClusterCache },
): Series {
  const nodes = nodesOf(thing, cache);
  if (nodes.length > chartedNodesMax) return { times: [], lines: [], none: 'too-many-nodes' };
  const key = keyOf(thing);
  network.look(key, nodes);
  const table = thing.of === 'pod' || seconds <= hourSeconds ? network.hour : network.day;
  const times = table.times(nowMs);
  const from = Math.max(
    0,
    times.findIndex((time) => time > nowMs / 1000 - seconds),
  );
  const line = (name: string, value: number) => ({
    name,
    unit: 'bytes/s',
    values: table.read(key, value, nowMs).slice(from),
  });
  return { times: times.slice(from), lines: [line('received', 0), line('sent', 1)] };
}

function nodesOf({ of, name, namespace }: Thing, cache: ClusterCache): readonly string[] {
  if (of === 'node') return [name];
  if (of === 'pod') {
    const facts = cache.pods.get(namespace, name)?.facts;
    return facts?.kind === 'pod' && facts.node ? [facts.node] : [];
  }
  return cache.nodes
    .items()
    .filter(({ facts }) => of === 'cluster' || (facts?.kind === 'node' && facts.pool === name))
    .map(({ metadata }) => metadata.name);
}
