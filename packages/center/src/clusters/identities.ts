/**
 * What the center may do in a cluster, one identity for each purpose: speak for its people, read for its caches, keep people's
 * roles, ask machines what they count. None of them is an administrator; only making these roles takes one.
 */
import { type AnyObject, isApiError } from '@skerry/api';
import type { ApiClient, ResourceRef } from '@skerry/client';

export const identities = {
  people: 'system:skerry:people',
  reader: 'system:skerry:reader',
  keeper: 'system:skerry:keeper',
  meter: 'system:skerry:meter',
} as const;

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

const read = ['get', 'list', 'watch'];
const write = [...read, 'create', 'update', 'patch', 'delete'];

/** Everything of the core but Secrets: a cache must not hold what only few may see. */
const coreResources = [
  'configmaps',
  'endpoints',
  'events',
  'limitranges',
  'namespaces',
  'nodes',
  'persistentvolumeclaims',
  'persistentvolumes',
  'pods',
  'podtemplates',
  'replicationcontrollers',
  'resourcequotas',
  'serviceaccounts',
  'services',
];

const groups = [
  'apiextensions.k8s.io',
  'apiregistration.k8s.io',
  'apps',
  'apps.kruise.io',
  'apps.openyurt.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'coordination.k8s.io',
  'discovery.k8s.io',
  'events.k8s.io',
  'metrics.k8s.io',
  'networking.k8s.io',
  'node.k8s.io',
  'policy',
  'policy.kruise.io',
  'rbac.authorization.k8s.io',
  'resource.k8s.io',
  'scheduling.k8s.io',
  'storage.k8s.io',
];

const rules: Readonly<Record<keyof typeof identities, readonly Rule[]>> = {
  // Whom it may speak for is kept by `AccessKeeper`, name by name.
  people: [],
  reader: [
    { apiGroups: [''], resources: coreResources, verbs: read },
    { apiGroups: groups, resources: ['*'], verbs: read },
    { apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
  ],
  keeper: [
    {
      apiGroups: ['rbac.authorization.k8s.io'],
      resources: ['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings'],
      verbs: [...write, 'bind', 'escalate'],
    },
    { apiGroups: [''], resources: ['namespaces', 'nodes', 'serviceaccounts'], verbs: read },
    { apiGroups: ['apps.openyurt.io'], resources: ['nodepools'], verbs: read },
    {
      apiGroups: ['certificates.k8s.io'],
      resources: ['certificatesigningrequests', 'certificatesigningrequests/approval'],
      verbs: write,
    },
    {
      apiGroups: ['certificates.k8s.io'],
      resources: ['signers'],
      resourceNames: ['kubernetes.io/kube-apiserver-client'],
      verbs: ['approve'],
    },
  ],
  // What nodes count of their networks they tell nobody else. Who may ask a node may see all that it answers, so this is apart
  // from what reads for people. Exporters let it in by roles in their own namespaces.
  meter: [{ apiGroups: [''], resources: ['nodes/proxy'], verbs: ['get'] }],
};

/** Where join tokens are; the keeper sees no other Secret. */
const tokenNamespace = 'kube-system';

/**
 * Makes or mends the roles. `client` is an administrator's. `machinesJoin`: the keeper makes join tokens; not in the management
 * API, whose Secrets are those of people.
 */
export async function ensureIdentities(
  client: ApiClient,
  { machinesJoin = true }: { readonly machinesJoin?: boolean } = {},
): Promise<void> {
  if (machinesJoin) await ensureTokenRole(client);
  const entries = Object.entries(identities) as [keyof typeof identities, string][];
  await Promise.all(
    entries.map(async ([purpose, user]) => {
      const name = `skerry:center:${purpose}`;
      await ensure(client, roles, { metadata: { name }, rules: rules[purpose] });
      await ensure(client, bindings, {
        metadata: { name },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
      });
    }),
  );
}

async function ensureTokenRole(client: ApiClient): Promise<void> {
  const metadata = { name: 'skerry:center:keeper', namespace: tokenNamespace };
  const apiGroup = 'rbac.authorization.k8s.io';
  await ensure(client, namespacedRoles, {
    metadata,
    rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list', 'create', 'delete'] }],
  });
  await ensure(client, namespacedBindings, {
    metadata,
    roleRef: { apiGroup, kind: 'Role', name: metadata.name },
    subjects: [{ apiGroup, kind: 'User', name: identities.keeper }],
  });
}

function ref(kind: string, resource: string, namespaced = false): ResourceRef {
  return { group: 'rbac.authorization.k8s.io', version: 'v1', kind, resource, namespaced };
}

const namespacedRoles = ref('Role', 'roles', true);
const namespacedBindings = ref('RoleBinding', 'rolebindings', true);

const roles = ref('ClusterRole', 'clusterroles');
const bindings = ref('ClusterRoleBinding', 'clusterrolebindings');

async function ensure(client: ApiClient, at: ResourceRef, object: AnyObject): Promise<void> {
  const known = client.resource(at);
  try {
    await known.create(object);
  } catch (error) {
    if (!isApiError(error, 'AlreadyExists')) throw error;
    const { name = '', namespace } = object.metadata ?? {};
    await known.patch(name, object, { type: 'merge', namespace });
  }
}
