/**
 * How busy GPUs are, of machines whose GPUs somebody looks at: asked every half minute of the DCGM exporters that run there, whoever
 * installed them. The center may ask those that let its meter in (`get pods/proxy` in their namespace, which the component
 * `dcgm-exporter` brings); of others, and of machines without one, nothing is known, and that is said.
 */
import type { Clock, Logger } from '@skerry/base';
import type { ApiClient } from '@skerry/client';
import type { ClusterCache } from '#cache/cluster-cache.ts';
import type { Item } from '#cache/item.ts';
import { gpuReadings } from '#metrics/dcgm-counters.ts';
import { RingTable } from '#metrics/ring-table.ts';
import { answerMs, everyMs, Sampling, wantedMs } from '#metrics/sampling.ts';

/** Exporters asked in one round; of more machines with GPUs, those that come last are not known. */
const exportersMax = 200;
const thingsMax = 6_000;
/** A reading that is older says nothing of now. */
const freshMs = 2 * everyMs + answerMs;
const port = 9400;

export interface GpuSamplerOptions {
  readonly cache: ClusterCache;
  /** The center's meter. */
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly log: Logger;
}

export class GpuSampler {
  /** An hour of nodes and pods: the mean of their GPUs, 0 to 1. */
  readonly hour = new RingTable({ stepMs: everyMs, steps: 120, values: 1, thingsMax });
  readonly #options: GpuSamplerOptions;
  readonly #sampling: Sampling;
  readonly #latest = new Map<string, number>();
  #latestMs = Number.NEGATIVE_INFINITY;
  #wantedMs = Number.NEGATIVE_INFINITY;

  constructor(options: GpuSamplerOptions) {
    this.#options = options;
    this.#sampling = new Sampling({ ...options, cluster: options.cache.cluster });
    const isWanted = () => options.clock.monotonic() - this.#wantedMs < wantedMs;
    void this.#sampling.keep(() => this.#sample(), { isWanted });
  }

  /** Somebody looks at GPUs. */
  touch(): void {
    this.#wantedMs = this.#options.clock.monotonic();
  }

  /** Of `node/NAME` or `NAMESPACE/POD`; undefined where nothing is known of now. */
  busy(thing: string): number | undefined {
    const isFresh = this.#options.clock.monotonic() - this.#latestMs < freshMs;
    return isFresh ? this.#latest.get(thing) : undefined;
  }

  close(): void {
    this.#sampling.close();
  }

  async #sample(): Promise<void> {
    const { cache, clock } = this.#options;
    const exporters = (cache.held('pods')?.items() ?? []).filter(isExporter).slice(0, exportersMax);
    const byThing = new Map<string, number[]>();
    await this.#sampling.each(exporters, {
      path: countersPath,
      answered: (text, { facts }) => {
        const node = facts?.kind === 'pod' ? facts.node : undefined;
        for (const { busy, pod } of typeof text === 'string' ? gpuReadings(text) : [])
          for (const thing of [`node/${node}`, ...(pod ? [`${pod.namespace}/${pod.name}`] : [])])
            byThing.set(thing, [...(byThing.get(thing) ?? []), busy]);
      },
    });
    const nowMs = clock.now();
    this.#latest.clear();
    for (const [thing, values] of byThing) {
      const mean = values.reduce((sum, one) => sum + one, 0) / values.length;
      if (this.#latest.size < thingsMax) this.#latest.set(thing, mean);
      this.hour.write(thing, nowMs, [mean]);
    }
    this.#latestMs = clock.monotonic();
    this.hour.sweep(nowMs);
  }
}

function countersPath({ metadata: { namespace = '', name } }: Item): string {
  const pod = `${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}:${port}`;
  return `/api/v1/namespaces/${pod}/proxy/metrics`;
}

/** By the labels of NVIDIA's own chart, of its GPU operator and of the component. */
function isExporter({ metadata: { labels = {} }, facts }: Item): boolean {
  const isNamed =
    labels['app.kubernetes.io/name'] === 'dcgm-exporter' || labels['app'] === 'nvidia-dcgm-exporter';
  return isNamed && facts?.kind === 'pod' && facts.live && facts.node !== undefined;
}
