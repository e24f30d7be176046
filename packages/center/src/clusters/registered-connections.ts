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
  /** Those that are no Cluster object: the management API. */
  readonly fixed: Readonly<Record<string, ClusterConnection>>;
  readonly clock: Clock;
  readonly log: Logger;
}

export class RegisteredConnections implements ClusterConnections {
  readonly #options: RegisteredConnectionsOptions;
  readonly #clusters: ClusterWriter;
  readonly #open = new Map<string, { uid: string; connection: OpenConnection }>();
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
    for (const [name, { uid, connection }] of this.#open) {
      if (reachable.get(name)?.metadata?.uid === uid) continue;
      this.#open.delete(name);
      connection.close();
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

  async #connect(name: string, cluster: Cluster): Promise<boolean> {
    try {
      const connection = await this.#options.connect(cluster);
      this.#open.set(name, { uid: cluster.metadata?.uid ?? '', connection });
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
