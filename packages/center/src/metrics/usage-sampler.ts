/**
 * What nodes and pods of a cluster use, asked of metrics.k8s.io while somebody looks, and kept: an hour by halves of a minute
 * and a day by five minutes for nodes, pools and the cluster, an hour by minutes for pods. Nobody looking costs a cluster's
 * nodes nothing, so times at which nobody looked are gaps.
 */
import { describeError, sleep, type Clock, type Logger } from '@skerry/base';
import { QuantityError, quantityMilliValue, quantityValue, parseQuantity } from '@skerry/api';
import type { ClusterCache } from '#cache/cluster-cache.ts';
import type { ApiClient } from '@skerry/client';
import { RingTable } from '#metrics/ring-table.ts';

/** The order of the numbers of each thing. */
export const measured = { cpu: 0, memory: 1, gpu: 2 } as const;

const nodesEveryMs = 30_000;
const podsEveryMs = 60_000;
const wantedMs = 10 * 60_000;
const idleLookMs = 1_000;
const things = { nodes: 6_000, pods: 60_000 };

interface NodeMetrics {
  readonly metadata?: { readonly name?: string };
  readonly usage?: { readonly cpu?: string; readonly memory?: string };
}

interface PodMetrics {
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
  readonly containers?: readonly { readonly usage?: { readonly cpu?: string; readonly memory?: string } }[];
}

interface Used {
  readonly cpu: number;
  readonly memory: number;
}

export interface UsageSamplerOptions {
  readonly cache: ClusterCache;
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly log: Logger;
}

export class UsageSampler {
  readonly hour: RingTable;
  readonly day: RingTable;
  readonly pods: RingTable;
  readonly #options: UsageSamplerOptions;
  readonly #latest = new Map<string, Used>();
  readonly #stop = new AbortController();
  #latestMs = Number.NEGATIVE_INFINITY;
  #wantedMs: number;
  #podsWantedMs = Number.NEGATIVE_INFINITY;

  constructor(options: UsageSamplerOptions) {
    this.#options = options;
    this.hour = new RingTable({ stepMs: nodesEveryMs, steps: 120, values: 3, thingsMax: things.nodes });
    this.day = new RingTable({ stepMs: 300_000, steps: 288, values: 3, thingsMax: things.nodes });
    this.pods = new RingTable({ stepMs: podsEveryMs, steps: 60, values: 2, thingsMax: things.pods });
    this.#wantedMs = options.clock.monotonic();
    void this.#keep(() => this.#sampleNodes(), { everyMs: nodesEveryMs, wantedAtMs: () => this.#wantedMs });
    void this.#keep(() => this.#samplePods(), { everyMs: podsEveryMs, wantedAtMs: () => this.#podsWantedMs });
  }

  /** Somebody looks at the cluster, or at a pod of it. */
  touch({ pods }: { pods: boolean }): void {
    const nowMs = this.#options.clock.monotonic();
    this.#wantedMs = nowMs;
    if (pods) this.#podsWantedMs = nowMs;
  }

  /** In cores and bytes, of nodes together; undefined where none was measured in the last two minutes. */
  used(nodes: readonly string[]): Used | undefined {
    if (this.#options.clock.monotonic() - this.#latestMs > 4 * nodesEveryMs) return undefined;
    let known = false;
    let [cpu, memory] = [0, 0];
    for (const name of nodes) {
      const used = this.#latest.get(name);
      if (!used) continue;
      known = true;
      cpu += used.cpu;
      memory += used.memory;
    }
    return known ? { cpu, memory } : undefined;
  }

  close(): void {
    this.#stop.abort();
  }

  /** Samples as long as somebody looks; while nobody does, waits for somebody. */
  async #keep(
    sample: () => Promise<void>,
    { everyMs, wantedAtMs }: { everyMs: number; wantedAtMs: () => number },
  ): Promise<void> {
    const { clock, log, cache } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const wanted = clock.monotonic() - wantedAtMs() < wantedMs;
      try {
        if (wanted) await sample();
      } catch (error) {
        if (!signal.aborted)
          log.debug('no metrics of a cluster', { cluster: cache.cluster, error: describeError(error) });
      }
      await sleep(clock, wanted ? everyMs : idleLookMs, signal).catch(() => undefined);
    }
  }

  async #sampleNodes(): Promise<void> {
    const { client, clock } = this.#options;
    const { signal } = this.#stop;
    const { items = [] } = await client.request<{ items?: NodeMetrics[] }>(
      'GET',
      '/apis/metrics.k8s.io/v1beta1/nodes',
      { signal },
    );
    const nowMs = clock.now();
    const sums = new Map<string, { cpu: number; memory: number; gpu: number }>();
    this.#latest.clear();
    for (const { metadata, usage } of items) {
      const used = usedOf(usage);
      const name = metadata?.name;
      if (!used || name === undefined) continue;
      this.#latest.set(name, used);
      const { gpu, pool } = this.#gpuOf(name);
      this.#write(`node/${name}`, nowMs, [used.cpu, used.memory, gpu]);
      for (const whole of ['cluster', `pool/${pool}`]) {
        const sum = sums.get(whole) ?? { cpu: 0, memory: 0, gpu: 0 };
        sums.set(whole, { cpu: sum.cpu + used.cpu, memory: sum.memory + used.memory, gpu: sum.gpu + gpu });
      }
    }
    for (const [whole, { cpu, memory, gpu }] of sums) this.#write(whole, nowMs, [cpu, memory, gpu]);
    this.#latestMs = clock.monotonic();
    this.hour.sweep(nowMs);
    this.day.sweep(nowMs);
  }

  /** What a coarse step holds is its last sample. */
  #write(thing: string, nowMs: number, values: readonly number[]): void {
    this.hour.write(thing, nowMs, values);
    this.day.write(thing, nowMs, values);
  }

  /** GPUs that pods hold on a node: what they use of them nobody measures here. */
  #gpuOf(node: string): { gpu: number; pool: string } {
    const { cache } = this.#options;
    const facts = cache.held('nodes')?.get(undefined, node)?.facts;
    if (facts?.kind !== 'node') return { gpu: 0, pool: '' };
    const { requested } = cache.loads.of(node);
    return {
      gpu: facts.gpus.reduce((sum, { resource }) => sum + (requested.get(resource) ?? 0), 0),
      pool: facts.pool,
    };
  }

  async #samplePods(): Promise<void> {
    const { client, clock } = this.#options;
    const { items = [] } = await client.request<{ items?: PodMetrics[] }>(
      'GET',
      '/apis/metrics.k8s.io/v1beta1/pods',
      { signal: this.#stop.signal },
    );
    const nowMs = clock.now();
    for (const { metadata, containers = [] } of items) {
      let [cpu, memory] = [0, 0];
      for (const { usage } of containers) {
        const used = usedOf(usage);
        cpu += used?.cpu ?? 0;
        memory += used?.memory ?? 0;
      }
      this.pods.write(`${metadata?.namespace}/${metadata?.name}`, nowMs, [cpu, memory]);
    }
    this.pods.sweep(nowMs);
  }
}

function usedOf(usage: { readonly cpu?: string; readonly memory?: string } | undefined): Used | undefined {
  if (usage?.cpu === undefined || usage.memory === undefined) return undefined;
  try {
    return {
      cpu: quantityMilliValue(parseQuantity(usage.cpu)) / 1000,
      memory: quantityValue(parseQuantity(usage.memory)),
    };
  } catch (error) {
    if (error instanceof QuantityError) return undefined;
    throw error;
  }
}
