/**
 * What the parts of a node's network know of the cluster, held once for all of them: Services, and the EndpointSlices that
 * this node has a use for. Slices carry the pool they are for as a label; those of pools that the node can't reach never
 * cross the link.
 */
import type { EndpointSlice, KubeObject, Service as KubernetesService } from '@skerry/api';
import type { Clock, Logger, Service } from '@skerry/base';
import { resources, stripManagedFields, type ApiClient } from '@skerry/client';
import { FollowedObjects } from '#followed-objects.ts';
import type { LocalKnowledge } from '#local-endpoints/local-knowledge.ts';
import { LocalSlices, type SliceSource } from '#local-endpoints/local-slices.ts';
import type { ReachablePools } from '#reachable-pools.ts';

export interface ClusterViewOptions {
  readonly client: ApiClient;
  readonly pool: string | undefined;
  readonly reachablePools: ReachablePools;
  /** What machines say themselves, where the center can't; its last word holds unless given. */
  readonly knowledge?: LocalKnowledge;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
}

export interface ClusterView extends Service {
  readonly services: FollowedObjects<KubernetesService>;
  /** Index `service`: `namespace/name` of the Service that a slice is of. */
  readonly slices: SliceSource;
  /** Resolves when both are known. */
  known(signal: AbortSignal): Promise<void>;
}

export const poolLabel = 'apps.openyurt.io/nodepool';
export const serviceNameLabel = 'kubernetes.io/service-name';
export const serviceIndex = 'service';

const lastAppliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration';

export function createClusterView(options: ClusterViewOptions): ClusterView {
  const { pool, reachablePools, knowledge, ...shared } = options;
  const services = new FollowedObjects<KubernetesService>({
    ...shared,
    ref: resources.services,
    scopes: [{}],
    transform: slim,
  });
  const told = new FollowedObjects<EndpointSlice>({
    ...shared,
    ref: resources.endpointSlices,
    scopes: [
      { labelSelector: `!${poolLabel}` },
      ...(pool === undefined ? [] : [{ labelSelector: `${poolLabel}=${pool}` }]),
    ],
    changingScope: {
      current() {
        const pools = reachablePools.names();
        if (pools?.length === 0) return 'none';
        return pools && { labelSelector: `${poolLabel} in (${pools.join(',')})` };
      },
      onChange: (tell) => reachablePools.onChange(tell),
    },
    transform: slim,
  });
  const local = knowledge && new LocalSlices({ ...shared, slices: told, services, knowledge });
  const slices: SliceSource = local ?? told;
  slices.addIndex(serviceIndex, ({ metadata }) => {
    const service = metadata.labels?.[serviceNameLabel];
    return service ? [`${metadata.namespace}/${service}`] : [];
  });
  return {
    name: 'view of the cluster',
    services,
    slices,
    async known(signal) {
      await services.known(signal);
      await slices.known(signal);
    },
    async run(signal) {
      await Promise.all([services.run(signal), told.run(signal), ...(local ? [local.run(signal)] : [])]);
    },
  };
}

function slim<T extends KubeObject>(object: T): T {
  const { metadata } = stripManagedFields(object);
  if (metadata?.annotations?.[lastAppliedAnnotation]) delete metadata.annotations[lastAppliedAnnotation];
  return object;
}
