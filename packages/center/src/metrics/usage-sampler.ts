/**
 * What nodes and pods of a cluster use, asked of metrics.k8s.io while somebody looks, and kept: an hour by halves of a minute
 * and a day by five minutes for nodes, pools and the cluster, an hour by minutes for pods. Nobody looking costs a cluster's
 * nodes nothing, so times at which nobody looked are gaps.
 */
import type { Clock, Logger } from '@skerry/base';
import { QuantityError, quantityMilliValue, quantityValue, parseQuantity } from '@skerry/api';
import type { ClusterCache } from '#cache/cluster-cache.ts';
import type { ApiClient } from '@skerry/client';
import { RingTable } from '#metrics/ring-table.ts';
import { everyMs, Sampling, wantedMs } from '#metrics/sampling.ts';

/** The order of the numbers of each thing. */
export const measured = { cpu: 0, memory: 1, gpu: 2 } as const;

const podsEveryMs = 60_000;
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
  readonly #sampling: Sampling;
  #latestMs = Number.NEGATIVE_INFINITY;
  #wantedMs: number;
  #podsWantedMs = Number.NEGATIVE_INFINITY;

  constructor(options: UsageSamplerOptions) {
    this.#options = options;
    this.hour = new RingTable({ stepMs: everyMs, steps: 120, values: 3, thingsMax: things.nodes });
    this.day = new RingTable({ stepMs: 300_000, steps: 288, values: 3, thingsMax: things.nodes });
    this.pods = new RingTable({ stepMs: podsEveryMs, steps: 60, values: 2, thingsMax: things.pods });
    this.#wantedMs = options.clock.monotonic();
    this.#sampling = new Sampling({ ...options, cluster: options.cache.cluster });
    const isRecent = (ms: number) => options.clock.monotonic() - ms < wantedMs;
    void this.#sampling.keep(() => this.#sampleNodes(), { isWanted: () => isRecent(this.#wantedMs) });
    void this.#sampling.keep(() => this.#samplePods(), {
      isWanted: () => isRecent(this.#podsWantedMs),
      paceMs: podsEveryMs,
    });
  }

  /** Somebody looks at the cluster, or at a pod of it. */
  touch({ pods }: { pods: boolean }): void {
    const nowMs = this.#options.clock.monotonic();
    this.#wantedMs = nowMs;
    if (pods) this.#podsWantedMs = nowMs;
  }

  /** In cores and bytes, of nodes together; undefined where none was measured in the last two minutes. */
  used(nodes: readonly string[]): Used | undefined {
    if (this.#options.clock.monotonic() - this.#latestMs > 4 * everyMs) return undefined;
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
    this.#sampling.close();
  }

  async #sampleNodes(): Promise<void> {
    const { clock } = this.#options;
    const path = '/apis/metrics.k8s.io/v1beta1/nodes';
    const { items = [] } = await this.#sampling.ask<{ items?: NodeMetrics[] }>(path);
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
    const { clock } = this.#options;
    const path = '/apis/metrics.k8s.io/v1beta1/pods';
    const { items = [] } = await this.#sampling.ask<{ items?: PodMetrics[] }>(path);
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
