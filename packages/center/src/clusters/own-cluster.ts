import type { ApiClient } from '@skerry/client';
import { type Cluster, ownClusterLabel } from '#clusters/cluster.ts';
import type { HostedFacts } from '#clusters/host.ts';
import { centerResources } from '#management/resources.ts';

/** The name of an object for a cluster of this name, which may have capitals and underscores. */
function objectName(clusterName: string): string {
  return clusterName.toLowerCase().replaceAll('_', '-').replace(/-+$/, '');
}

/** The Cluster of the center's own API server, as the center's configuration has it. Returns its object's name, which stays. */
export async function ensureOwnCluster(
  client: ApiClient,
  { clusterName, facts }: { readonly clusterName: string; readonly facts: HostedFacts },
): Promise<string> {
  const clusters = client.resource<Cluster>(centerResources.clusters);
  const { podCIDR, serviceCIDR } = facts.settings;
  const known = (await clusters.list({ labelSelector: `${ownClusterLabel}=true` })).items[0];
  const own =
    known ??
    (await clusters.create({
      metadata: { name: objectName(clusterName), labels: { [ownClusterLabel]: 'true' } },
      // Its port may change at a start, so it is no part of the specification.
      spec: { type: 'hosted', displayName: clusterName, podCIDR, serviceCIDR },
    }));
  const name = own.metadata?.name ?? '';
  await clusters.patch(
    name,
    {
      status: {
        phase: own.status?.phase ?? 'Creating',
        endpoint: facts.endpoint,
        certificates: facts.certificates,
      },
    },
    { type: 'merge', subresource: 'status', fieldManager: 'skerry-center' },
  );
  return name;
}
