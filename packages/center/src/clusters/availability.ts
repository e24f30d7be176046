/**
 * Asks every cluster every ten seconds whether it answers, and keeps the share in its status. Counts are written at most once
 * a minute, and at once when a cluster stops answering or answers again; a center that ends in between loses less than a
 * minute of counting. A cluster that is still being made, or removed, is not asked.
 */
import { type Clock, describeError, type Logger, sleep } from '@skerry/base';
import type { ApiClient } from '@skerry/client';
import type { Availability, Cluster } from '#clusters/cluster.ts';
import { ClusterWriter } from '#clusters/cluster-writer.ts';

export interface ProbeOptions {
  readonly client: ApiClient;
  /** Resolves with the version when the cluster is ready, rejects with why not. */
  readonly probe: (cluster: Cluster, signal: AbortSignal) => Promise<string>;
  readonly clock: Clock;
  readonly log: Logger;
}

const everyMs = 10_000;
const timeoutMs = 5_000;
const flushEveryMs = 60_000;
/** Failures in a row before a cluster is called unreachable: one lost packet is no outage. */
const failuresToTell = 2;

interface Count {
  availability: Availability;
  failuresInARow: number;
  flushedMs: number;
}

export class AvailabilityKeeper {
  readonly name = 'availability';
  readonly #options: ProbeOptions;
  readonly #clusters: ClusterWriter;
  readonly #counts = new Map<string, Count>();

  constructor(options: ProbeOptions) {
    this.#options = options;
    this.#clusters = new ClusterWriter(options);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      // Not at once: a center that just starts has reached nobody yet, which is no outage of theirs.
      await sleep(clock, everyMs, signal).catch(() => undefined);
      if (!signal.aborted) await this.probeAll(signal);
    }
  }

  async probeAll(signal: AbortSignal): Promise<void> {
    const clusters = await this.#clusters.list();
    const uids = new Set(clusters.map(({ metadata }) => metadata?.uid));
    for (const uid of this.#counts.keys()) if (!uids.has(uid)) this.#counts.delete(uid);
    await Promise.all(clusters.filter(isAsked).map((cluster) => this.#probe(cluster, signal)));
  }

  async #probe(cluster: Cluster, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    const timer = new AbortController();
    const timeout = clock.after(timeoutMs, () =>
      timer.abort(new Error(`no answer within ${timeoutMs / 1000} s`)),
    );
    let version: string | undefined;
    let why: string | undefined;
    try {
      version = await this.#options.probe(cluster, AbortSignal.any([signal, timer.signal]));
    } catch (error) {
      why = describeError(error);
    } finally {
      timeout.cancel();
    }
    if (signal.aborted) return;
    try {
      await this.#count(cluster, { version, why });
    } catch (error) {
      log.warn('availability not kept', { cluster: cluster.metadata?.name, error: describeError(error) });
    }
  }

  async #count(cluster: Cluster, { version, why }: { version?: string; why?: string }): Promise<void> {
    const { clock } = this.#options;
    const now = new Date(clock.now()).toISOString();
    const count = this.#countOf(cluster, now);
    count.failuresInARow = why === undefined ? 0 : count.failuresInARow + 1;
    const probes = count.availability.probes + 1;
    const failed = count.availability.failed + (why === undefined ? 0 : 1);
    const ratio = Math.round((1 - failed / probes) * 1e6) / 1e6;
    const phase = this.#phase(cluster, count, why);
    const turned = phase !== cluster.status?.phase;
    count.availability = {
      ...count.availability,
      probes,
      failed,
      ratio,
      lastProbe: now,
      ...(turned ? { changed: now } : {}),
    };
    if (!turned && clock.monotonic() - count.flushedMs < flushEveryMs) return;
    count.flushedMs = clock.monotonic();
    await this.#clusters.patchStatus(cluster.metadata?.name ?? '', {
      phase,
      availability: count.availability,
      ...(version ? { version } : {}),
    });
    if (turned) await this.#tell(cluster, why);
  }

  #countOf(cluster: Cluster, now: string): Count {
    const uid = cluster.metadata?.uid ?? '';
    const known = this.#counts.get(uid);
    if (known) return known;
    const availability = cluster.status?.availability ?? {
      since: now,
      probes: 0,
      failed: 0,
      ratio: 1,
      lastProbe: now,
    };
    const count: Count = { availability, failuresInARow: 0, flushedMs: -flushEveryMs };
    this.#counts.set(uid, count);
    return count;
  }

  #phase(cluster: Cluster, count: Count, why: string | undefined): NonNullable<Cluster['status']>['phase'] {
    if (why === undefined) return 'Running';
    return count.failuresInARow >= failuresToTell ? 'Unreachable' : cluster.status?.phase;
  }

  async #tell(cluster: Cluster, why: string | undefined): Promise<void> {
    await this.#clusters.setCondition(
      cluster,
      why === undefined
        ? { type: 'Ready', status: 'True', reason: 'Answers' }
        : { type: 'Ready', status: 'False', reason: 'Unreachable', message: why },
    );
  }
}

/** Creation itself waits for the first answer; what failed to be made has nothing to ask. */
function isAsked({ metadata, status, spec }: Cluster): boolean {
  if (metadata?.deletionTimestamp) return false;
  if (status?.phase === 'Running' || status?.phase === 'Unreachable') return true;
  return isOwn(metadata?.labels) || (spec.type === 'imported' && status?.phase !== undefined);
}

function isOwn(labels: Readonly<Record<string, string>> | undefined): boolean {
  return labels?.['center.skerry.io/own'] === 'true';
}
