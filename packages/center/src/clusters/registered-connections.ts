/**
 * The clusters that can be reached, by name: a connection is made when a Cluster is first seen ready to be spoken to, and
 * closed when it goes. Told anew whenever the list of Clusters was read, so that nothing here can fall behind for long.
 */
import { type Clock, describeError, type Logger } from '@skerry/base';
import type { ApiClient } from '@skerry/client';
import type { ClusterConnection, ClusterConnections } from '#access/cluster-access.ts';
import { type Cluster, ownClusterLabel } from '#clusters/cluster.ts';
import { ClusterWriter } from '#clusters/cluster-writer.ts';

/** A connection with what ends it. */
export interface OpenConnection extends ClusterConnection {
  close(): void;
}

export interface RegisteredConnectionsOptions {
  readonly client: ApiClient;
  /** Rejects while the cluster can't be spoken to; asked again at the next look. */
  readonly connect: (cluster: Cluster) => Promise<OpenConnection>;
  /** Changes when the cluster must be connected to anew: its credential is another. Asked every half a minute. */
  readonly stampOf?: (cluster: Cluster) => Promise<string>;
  /** Those that are no Cluster object: the management API. */
  readonly fixed: Readonly<Record<string, ClusterConnection>>;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Open {
  readonly uid: string;
  readonly connection: OpenConnection;
  readonly stamp: string;
  lookedMs: number;
}

const stampEveryMs = 30_000;

export class RegisteredConnections implements ClusterConnections {
  readonly #options: RegisteredConnectionsOptions;
  readonly #clusters: ClusterWriter;
  readonly #open = new Map<string, Open>();
  readonly #failed = new Map<string, string>();
  readonly #listeners = new Set<() => void>();

  constructor(options: RegisteredConnectionsOptions) {
    this.#options = options;
    this.#clusters = new ClusterWriter(options);
  }

  names(): readonly string[] {
    return [...this.#open.keys()];
  }

  get(cluster: string): ClusterConnection | undefined {
    const fixed = Object.hasOwn(this.#options.fixed, cluster) ? this.#options.fixed[cluster] : undefined;
    return fixed ?? this.#open.get(cluster)?.connection;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Brings connections in line with the Clusters there are. */
  async refresh(): Promise<void> {
    const clusters = await this.#clusters.list();
    const reachable = new Map(
      clusters.filter(canBeReached).map((cluster) => [cluster.metadata?.name ?? '', cluster] as const),
    );
    let changed = false;
    for (const [name, open] of this.#open) {
      const cluster = reachable.get(name);
      if (cluster?.metadata?.uid === open.uid && !(await this.#hasNewCredential(cluster, open))) continue;
      this.#open.delete(name);
      open.connection.close();
      changed = true;
    }
    for (const [name, cluster] of reachable) {
      if (!this.#open.has(name) && (await this.#connect(name, cluster))) changed = true;
    }
    if (changed) for (const listener of this.#listeners) listener();
  }

  close(): void {
    for (const { connection } of this.#open.values()) connection.close();
    this.#open.clear();
  }

  async #hasNewCredential(cluster: Cluster, open: Open): Promise<boolean> {
    const { clock, stampOf, log } = this.#options;
    if (!stampOf || clock.monotonic() - open.lookedMs < stampEveryMs) return false;
    open.lookedMs = clock.monotonic();
    try {
      return (await stampOf(cluster)) !== open.stamp;
    } catch (error) {
      log.warn('credential not looked at', { cluster: cluster.metadata?.name, error: describeError(error) });
      return false;
    }
  }

  async #connect(name: string, cluster: Cluster): Promise<boolean> {
    try {
      const stamp = (await this.#options.stampOf?.(cluster)) ?? '';
      const connection = await this.#options.connect(cluster);
      const lookedMs = this.#options.clock.monotonic();
      this.#open.set(name, { uid: cluster.metadata?.uid ?? '', connection, stamp, lookedMs });
      this.#failed.delete(name);
      return true;
    } catch (error) {
      const why = describeError(error);
      // Said once for each reason, not every second.
      if (this.#failed.get(name) !== why)
        this.#options.log.warn('cluster can not be spoken to yet', { cluster: name, error: why });
      this.#failed.set(name, why);
      return false;
    }
  }
}

function canBeReached({ metadata, status }: Cluster): boolean {
  if (metadata?.deletionTimestamp) return false;
  const phase = status?.phase;
  return phase === 'Running' || phase === 'Unreachable' || metadata?.labels?.[ownClusterLabel] === 'true';
}
