/** What the center knows of its clusters by itself: their Cluster objects, kept true by an informer. */
import type { Clock, Logger } from '@skerry/base';
import { Informer, type ApiClient } from '@skerry/client';
import type { Cluster } from '#clusters/cluster.ts';
import type { StateCell } from '#cache/item.ts';
import { centerResources } from '#management/resources.ts';
import { state } from '#views/states/state.ts';

export interface ClusterFacts {
  readonly name: string;
  readonly kind: 'hosted' | 'imported';
  readonly region: string;
  readonly version: string;
  readonly state: StateCell;
  /** 0 to 1. */
  readonly availability?: number;
  readonly certificates: readonly { readonly name: string; readonly notAfter: string }[];
}

export interface ClusterDirectoryOptions {
  /** Of the management API. */
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
}

export class ClusterDirectory {
  readonly #informer: Informer<Cluster>;
  readonly #stop = new AbortController();

  constructor({ client, ...rest }: ClusterDirectoryOptions) {
    this.#informer = new Informer<Cluster>({
      source: client.resource<Cluster>(centerResources.clusters),
      name: 'clusters.center.skerry.io',
      ...rest,
    });
    void this.#informer.run(this.#stop.signal);
  }

  /** Undefined where there is no such Cluster. */
  get(cluster: string): ClusterFacts | undefined {
    const found = this.#informer.get(undefined, cluster);
    return found && clusterFacts(found);
  }

  close(): void {
    this.#stop.abort();
  }
}

export function clusterFacts({ metadata, spec, status }: Cluster): ClusterFacts {
  return {
    name: metadata?.name ?? '',
    kind: spec.type,
    region: spec.region ?? '',
    version: status?.version ?? spec.version ?? '',
    state: clusterState(status),
    ...(status?.availability ? { availability: status.availability.ratio } : {}),
    certificates: status?.certificates ?? [],
  };
}

function clusterState(status: Cluster['status']): StateCell {
  const told = status?.conditions?.find(({ status: held, message }) => held === 'False' && message);
  const why = told?.message;
  const since = told?.lastTransitionTime;
  switch (status?.phase) {
    case 'Running':
      return state('Running', 'ok');
    case 'Creating':
    case 'Deleting':
      return state(status.phase, 'progressing', { why });
    case 'Unreachable':
      return state('Unreachable', 'disconnected', { why, since });
    case 'Failed':
      return state('Failed', 'error', { why, since });
    default:
      return state('Pending', 'progressing', { why });
  }
}
