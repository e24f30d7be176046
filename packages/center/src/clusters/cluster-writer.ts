import { isApiError } from '@skerry/api';
import type { Clock } from '@skerry/base';
import type { ApiClient } from '@skerry/client';
import { type Cluster, clusterFinalizer, type ClusterStatus, type Condition } from '#clusters/cluster.ts';
import { centerResources } from '#management/resources.ts';

/** The center's writes to Cluster objects, by merge patch: each names only the fields that it is about. */
export class ClusterWriter {
  readonly #client: ApiClient;
  readonly #clock: Clock;

  constructor({ client, clock }: { client: ApiClient; clock: Clock }) {
    this.#client = client;
    this.#clock = clock;
  }

  get #clusters() {
    return this.#client.resource<Cluster>(centerResources.clusters);
  }

  async list(): Promise<Cluster[]> {
    return (await this.#clusters.list()).items;
  }

  async get(name: string): Promise<Cluster | undefined> {
    try {
      return await this.#clusters.get(name);
    } catch (error) {
      if (isApiError(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  async patchSpec(name: string, spec: Partial<Cluster['spec']>): Promise<void> {
    await this.#clusters.patch(name, { spec }, { type: 'merge', fieldManager });
  }

  async patchStatus(name: string, status: ClusterStatus): Promise<void> {
    await this.#clusters.patch(name, { status }, { type: 'merge', subresource: 'status', fieldManager });
  }

  /** Sets one condition and leaves the others. */
  async setCondition(cluster: Cluster, condition: Condition): Promise<void> {
    const old = cluster.status?.conditions ?? [];
    const before = old.find(({ type }) => type === condition.type);
    if (before?.status === condition.status && before.message === condition.message) return;
    const lastTransitionTime =
      before?.status === condition.status
        ? before.lastTransitionTime
        : new Date(this.#clock.now()).toISOString();
    await this.patchStatus(cluster.metadata?.name ?? '', {
      conditions: [
        ...old.filter(({ type }) => type !== condition.type),
        { ...condition, ...(lastTransitionTime ? { lastTransitionTime } : {}) },
      ],
    });
  }

  async addFinalizer(cluster: Cluster): Promise<void> {
    const finalizers = cluster.metadata?.finalizers ?? [];
    if (finalizers.includes(clusterFinalizer)) return;
    await this.#patchFinalizers(cluster, [...finalizers, clusterFinalizer]);
  }

  async removeFinalizer(cluster: Cluster): Promise<void> {
    const finalizers = cluster.metadata?.finalizers ?? [];
    if (!finalizers.includes(clusterFinalizer)) return;
    await this.#patchFinalizers(
      cluster,
      finalizers.filter((name) => name !== clusterFinalizer),
    );
  }

  async #patchFinalizers({ metadata }: Cluster, finalizers: string[]): Promise<void> {
    const patch = { metadata: { finalizers, resourceVersion: metadata?.resourceVersion } };
    await this.#clusters.patch(metadata?.name ?? '', patch, { type: 'merge', fieldManager });
  }
}

const fieldManager = 'skerry-center';
