import { request as httpRequest } from 'node:http';
import { describeError, type Clock, type Logger } from '@skerry/base';
import type { MetricsSource, NodeUsage, PodUsage, Usage } from '#metrics-api/metrics-source.ts';
import type { NodeDialer } from '#ports.ts';
import type { ObjectReader } from '#security.ts';

interface SummaryUsage {
  cpu?: { time?: string; usageNanoCores?: number };
  memory?: { workingSetBytes?: number };
}

/** `/stats/summary` as kubelets answer it, as far as it is read here. */
interface Summary {
  node?: SummaryUsage;
  pods?: {
    podRef?: { name?: string; namespace?: string };
    containers?: ({ name?: string } & SummaryUsage)[];
  }[];
}

interface Reading {
  readonly node: NodeUsage | undefined;
  readonly pods: readonly PodUsage[];
}

const freshMs = 10_000;
const timeoutMs = 5000;
const summaryBytesMax = 8 * 1024 * 1024;
/** Nodes asked at once. */
const parallelMax = 64;

const nodesRef = { group: '', resource: 'nodes' };

/**
 * Asks nodes for their numbers when someone wants them, through the link, and remembers them for ten seconds: a cluster
 * that nobody looks at costs its nodes nothing.
 */
export class SummarySource implements MetricsSource {
  readonly #parts: { read: ObjectReader; dialer: NodeDialer; clock: Clock; log: Logger };
  /** At most one entry per node; those of nodes that are gone go with the next full read. */
  readonly #readings = new Map<string, { atMs: number; reading: Promise<Reading | undefined> }>();

  constructor(parts: { read: ObjectReader; dialer: NodeDialer; clock: Clock; log: Logger }) {
    this.#parts = parts;
  }

  async read(wanted?: readonly string[]): Promise<{ nodes: NodeUsage[]; pods: PodUsage[] }> {
    const known = new Set(this.#parts.read.list(nodesRef).map(({ metadata }) => metadata?.name ?? ''));
    for (const name of this.#readings.keys()) if (!known.has(name)) this.#readings.delete(name);
    const names = (wanted ?? [...known]).filter((name) => known.has(name));
    const readings: Reading[] = [];
    for (let start = 0; start < names.length; start += parallelMax) {
      const batch = await Promise.all(
        names.slice(start, start + parallelMax).map((name) => this.#reading(name)),
      );
      for (const reading of batch) if (reading) readings.push(reading);
    }
    return {
      nodes: readings.flatMap(({ node }) => (node ? [node] : [])),
      pods: readings.flatMap(({ pods }) => pods),
    };
  }

  #reading(node: string): Promise<Reading | undefined> {
    const now = this.#parts.clock.monotonic();
    const held = this.#readings.get(node);
    if (held && now - held.atMs < freshMs) return held.reading;
    const reading = this.#ask(node).catch((error: unknown) => {
      this.#parts.log.debug('node gave no metrics', { node, error: describeError(error) });
      this.#readings.delete(node);
      return undefined;
    });
    this.#readings.set(node, { atMs: now, reading });
    return reading;
  }

  async #ask(node: string): Promise<Reading> {
    const stream = await this.#parts.dialer.dial(node, { purpose: 'metrics' });
    const { clock } = this.#parts;
    const timer = clock.after(timeoutMs, () => stream.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    try {
      const text = await new Promise<string>((resolve, reject) => {
        const request = httpRequest(
          { method: 'GET', path: '/stats/summary', headers: { host: node }, createConnection: () => stream },
          (response) => {
            const chunks: Buffer[] = [];
            let size = 0;
            response.on('data', (chunk: Buffer) => {
              size += chunk.length;
              if (size > summaryBytesMax)
                stream.destroy(new Error(`the summary is over ${summaryBytesMax} bytes`));
              else chunks.push(chunk);
            });
            response.on('error', reject);
            response.on('end', () => {
              const body = Buffer.concat(chunks).toString();
              if (response.statusCode === 200) resolve(body);
              else reject(new Error(`/stats/summary answered ${response.statusCode}`));
            });
          },
        );
        request.on('error', reject);
        request.end();
      });
      return readingOf(node, JSON.parse(text) as Summary, clock.now());
    } finally {
      timer.cancel();
      stream.destroy();
    }
  }
}

function readingOf(node: string, summary: Summary, nowMs: number): Reading {
  const own = usageOf(summary.node);
  return {
    node: own && { node, ...own },
    pods: (summary.pods ?? []).flatMap(({ podRef, containers = [] }): PodUsage[] => {
      if (!podRef?.name || !podRef.namespace) return [];
      const used = containers.flatMap((container) => {
        const usage = usageOf(container);
        return usage && container.name ? [{ name: container.name, ...usage }] : [];
      });
      if (used.length === 0) return [];
      const measuredMs = Math.min(...used.map((usage) => usage.measuredMs));
      return [{ namespace: podRef.namespace, name: podRef.name, measuredMs, containers: used }];
    }),
  };

  function usageOf(part: SummaryUsage | undefined): (Usage & { measuredMs: number }) | undefined {
    const cpuNanoCores = part?.cpu?.usageNanoCores;
    const memoryBytes = part?.memory?.workingSetBytes;
    if (cpuNanoCores === undefined || memoryBytes === undefined) return undefined;
    const measuredMs = Date.parse(part?.cpu?.time ?? '');
    return { cpuNanoCores, memoryBytes, measuredMs: Number.isNaN(measuredMs) ? nowMs : measuredMs };
  }
}
