/** What the center knows of its clusters by itself: their Cluster and Component objects, kept true by informers. */
import type { Clock, Logger } from '@skerry/base';
import { Informer, type ApiClient } from '@skerry/client';
import type { Cluster } from '#clusters/cluster.ts';
import type { Component } from '#components/component.ts';
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
  readonly failedComponents: readonly FailedComponent[];
}

export interface FailedComponent {
  readonly component: string;
  readonly version: string;
  readonly why: string;
}

export interface ClusterDirectoryOptions {
  /** Of the management API. */
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
}

export class ClusterDirectory {
  readonly #clusters: Informer<Cluster>;
  readonly #components: Informer<Component>;
  readonly #stop = new AbortController();

  constructor({ client, ...rest }: ClusterDirectoryOptions) {
    this.#clusters = new Informer<Cluster>({
      source: client.resource<Cluster>(centerResources.clusters),
      name: 'clusters.center.skerry.io',
      ...rest,
    });
    this.#components = new Informer<Component>({
      source: client.resource<Component>(centerResources.components),
      name: 'components.center.skerry.io',
      indexes: { cluster: ({ spec }) => [spec.cluster] },
      ...rest,
    });
    void this.#clusters.run(this.#stop.signal);
    void this.#components.run(this.#stop.signal);
  }

  /** Undefined where there is no such Cluster. */
  get(cluster: string): ClusterFacts | undefined {
    const found = this.#clusters.get(undefined, cluster);
    return found && clusterFacts(found, this.#components.byIndex('cluster', cluster));
  }

  close(): void {
    this.#stop.abort();
  }
}

export function clusterFacts(
  { metadata, spec, status }: Cluster,
  components: readonly Component[],
): ClusterFacts {
  return {
    name: metadata?.name ?? '',
    kind: spec.type,
    region: spec.region ?? '',
    version: status?.version ?? spec.version ?? '',
    state: clusterState(status, components),
    ...(status?.availability ? { availability: status.availability.ratio } : {}),
    certificates: status?.certificates ?? [],
    failedComponents: components
      .filter((component) => component.status?.phase === 'Failed')
      .map((component) => ({
        component: component.spec.component,
        version: component.spec.version,
        why: component.status?.conditions?.find(({ message }) => message)?.message ?? '',
      })),
  };
}

function clusterState(status: Cluster['status'], components: readonly Component[]): StateCell {
  const told = status?.conditions?.find(({ status: held, message }) => held === 'False' && message);
  const why = told?.message;
  const since = told?.lastTransitionTime;
  switch (status?.phase) {
    case 'Running':
      return runningState(status, { why, since }, components);
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

/** It answers: `Degraded` where something of it does not work, `Reconciling` where something of it is being changed. */
function runningState(
  { processes }: NonNullable<Cluster['status']>,
  { why, since }: { why: string | undefined; since: string | undefined },
  components: readonly Component[],
): StateCell {
  if (processes && processes.state !== 'running')
    return state('Degraded', 'warning', { why: processes.why ?? `its processes are ${processes.state}` });
  if (why !== undefined) return state('Degraded', 'warning', { why, since });
  const named = (phases: readonly string[]) =>
    components.find(({ status }) => phases.includes(status?.phase ?? ''))?.spec;
  const failed = named(['Failed']);
  if (failed)
    return state('Degraded', 'warning', { why: `${failed.component} ${failed.version} has failed` });
  const worked = named(['Working', 'Removing']);
  return worked
    ? state('Reconciling', 'progressing', { why: `${worked.component} ${worked.version} is being changed` })
    : state('Running', 'ok');
}
