/**
 * What came and went over the network, of nodes and pods that somebody looks at: read of each node's own counters
 * (`/stats/summary`), which nothing else gathers. Asked every half minute of the nodes that are looked at and of no others, since
 * every question goes over a machine's link; so a pool or a cluster of many nodes has no such chart.
 */
import type { Clock } from '@skerry/base';
import { RingTable } from '#metrics/ring-table.ts';
import { everyMs, Sampling, type SamplingOptions, wantedMs } from '#metrics/sampling.ts';

/** More are not asked for one chart. */
export const chartedNodesMax = 50;

/** Of all charts that are looked at; beyond, the nodes that come last wait until others are left alone. */
const nodesMax = 200;
const podsMax = 6_000;

interface Counted {
  readonly rxBytes?: number;
  readonly txBytes?: number;
}

interface Summary {
  readonly node?: { readonly network?: Counted & { readonly interfaces?: readonly Counted[] } };
  readonly pods?: readonly {
    readonly podRef?: { readonly name?: string; readonly namespace?: string };
    readonly network?: Counted;
  }[];
}

interface Reading {
  readonly atMs: number;
  readonly received: number;
  readonly sent: number;
}

type Rates = readonly [received: number, sent: number];

export class NetworkSampler {
  /** An hour of everything, and a day of all but pods: bytes a second received and sent. */
  readonly hour = new RingTable({ stepMs: everyMs, steps: 120, values: 2, thingsMax: podsMax });
  readonly day = new RingTable({ stepMs: 300_000, steps: 288, values: 2, thingsMax: 2 * nodesMax });
  readonly #clock: Clock;
  readonly #sampling: Sampling;
  /** Charts that are looked at: of which nodes, and since when. */
  readonly #looked = new Map<string, { readonly nodes: readonly string[]; readonly atMs: number }>();
  readonly #readings = new Map<string, Reading>();

  constructor(options: SamplingOptions) {
    this.#clock = options.clock;
    this.#sampling = new Sampling(options);
    void this.#sampling.keep(() => this.#sample(), { isWanted: () => this.#isLookedAt() });
  }

  /** Somebody looks at the chart of `key`, which is of these nodes. */
  look(key: string, nodes: readonly string[]): void {
    this.#looked.set(key, { nodes, atMs: this.#clock.monotonic() });
  }

  close(): void {
    this.#sampling.close();
  }

  #isLookedAt(): boolean {
    const nowMs = this.#clock.monotonic();
    for (const [key, { atMs }] of this.#looked) if (nowMs - atMs > wantedMs) this.#looked.delete(key);
    if (this.#looked.size === 0) this.#readings.clear();
    return this.#looked.size > 0;
  }

  async #sample(): Promise<void> {
    const nodes = [...new Set([...this.#looked.values()].flatMap(({ nodes: names }) => names))];
    const rates = new Map<string, Rates>();
    await this.#sampling.each(nodes.slice(0, nodesMax), {
      path: (node) => `/api/v1/nodes/${encodeURIComponent(node)}/proxy/stats/summary`,
      answered: (answer, node) => {
        // Each field is looked at before it counts.
        const own = this.#ratesOf(node, (answer ?? {}) as Summary);
        if (own) rates.set(node, own);
      },
    });
    const nowMs = this.#clock.now();
    for (const [key, { nodes: members }] of this.#looked) {
      if (!key.startsWith('pool/') && key !== 'cluster') continue;
      const known = members.map((node) => rates.get(node)).filter((rate) => rate !== undefined);
      if (known.length === 0) continue;
      this.#write(key, nowMs, [
        known.reduce((sum, [received]) => sum + received, 0),
        known.reduce((sum, [, sent]) => sum + sent, 0),
      ]);
    }
    this.hour.sweep(nowMs);
    this.day.sweep(nowMs);
  }

  /** Of the node; those of its pods are written. */
  #ratesOf(node: string, { node: whole, pods = [] }: Summary): Rates | undefined {
    const nowMs = this.#clock.now();
    for (const { podRef, network } of pods) {
      const pod = `${podRef?.namespace}/${podRef?.name}`;
      const own = this.#rate(pod, network, nowMs);
      if (own) this.hour.write(pod, nowMs, own);
    }
    const key = `node/${node}`;
    const rate = this.#rate(key, totalOf(whole?.network), nowMs);
    if (rate) this.#write(key, nowMs, rate);
    return rate;
  }

  /** Undefined at first, and after counters began anew. */
  #rate(key: string, counted: Counted | undefined, atMs: number): Rates | undefined {
    if (counted?.rxBytes === undefined || counted.txBytes === undefined) return undefined;
    const before = this.#readings.get(key);
    const now = { atMs, received: counted.rxBytes, sent: counted.txBytes };
    if (this.#readings.size < podsMax || before) this.#readings.set(key, now);
    if (!before || atMs <= before.atMs || now.received < before.received || now.sent < before.sent)
      return undefined;
    const seconds = (atMs - before.atMs) / 1000;
    return [(now.received - before.received) / seconds, (now.sent - before.sent) / seconds];
  }

  #write(thing: string, nowMs: number, rates: Rates): void {
    this.hour.write(thing, nowMs, rates);
    this.day.write(thing, nowMs, rates);
  }
}

/** Of a machine without a default interface, what all of its interfaces count. */
function totalOf(network: Counted & { readonly interfaces?: readonly Counted[] } = {}): Counted | undefined {
  if (network.rxBytes !== undefined) return network;
  const { interfaces = [] } = network;
  if (interfaces.length === 0) return undefined;
  const sum = (of: (one: Counted) => number | undefined) =>
    interfaces.reduce((total, one) => total + (of(one) ?? 0), 0);
  return { rxBytes: sum(({ rxBytes }) => rxBytes), txBytes: sum(({ txBytes }) => txBytes) };
}
