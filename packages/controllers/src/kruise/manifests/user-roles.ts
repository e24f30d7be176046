/** What people with the roles `view`, `edit` and `admin` may do with OpenKruise's kinds in their namespaces. */
import type { ClusterRole } from '@skerry/api';
import { kruiseGroup } from '#kruise/kinds/refs.ts';
import { componentLabels } from '#kruise/manifests/labels.ts';

const kinds = ['daemonsets', 'broadcastjobs', 'imagepulljobs', 'imagelistpulljobs'];

interface Rights {
  readonly resources: string[];
  readonly verbs: string[];
  readonly aggregatedTo: readonly string[];
}

function role(name: string, { resources, verbs, aggregatedTo }: Rights): ClusterRole {
  const aggregation = aggregatedTo.map((to) => [`rbac.authorization.k8s.io/aggregate-to-${to}`, 'true']);
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: {
      name,
      labels: { ...componentLabels, ...(Object.fromEntries(aggregation) as Record<string, string>) },
    },
    rules: [{ apiGroups: [kruiseGroup], resources, verbs }],
  };
}

export const userRoles: readonly ClusterRole[] = [
  role('kruise-view', {
    resources: kinds.flatMap((kind) => [kind, `${kind}/status`]),
    verbs: ['get', 'list', 'watch'],
    aggregatedTo: ['view'],
  }),
  role('kruise-edit', {
    resources: kinds,
    verbs: ['create', 'delete', 'deletecollection', 'patch', 'update'],
    aggregatedTo: ['edit', 'admin'],
  }),
];
