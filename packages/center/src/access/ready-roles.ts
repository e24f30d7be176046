/**
 * The roles that are ready to grant, as ClusterRoles of every cluster; named and cut as those of ACK: `admin` everything,
 * `admin-view` sees everything but Secrets, `ops` runs applications and nodes, `dev` runs applications, `restricted` sees them.
 * `ops` and below take in what a cluster adds to Kubernetes' own `edit` and `view`, so that custom resources come along.
 *
 * `joinscripts` of `center.skerry.io` is no resource of a cluster: the right to make them is what the center asks for before it
 * makes a join token in somebody's name.
 */
import type { PolicyRule } from '@skerry/api';

export const readyRoles = ['admin', 'admin-view', 'ops', 'dev', 'restricted'] as const;
export type ReadyRole = (typeof readyRoles)[number];

export interface WantedRole {
  readonly name: string;
  readonly rules?: readonly PolicyRule[];
  /** Values of `rbac.authorization.k8s.io/aggregate-to-…`, and of `center.skerry.io/part-of`. */
  readonly aggregates?: readonly { readonly label: string; readonly value: string }[];
  readonly labels?: Readonly<Record<string, string>>;
}

export function isReadyRole(role: string): role is ReadyRole {
  return (readyRoles as readonly string[]).includes(role);
}

export function roleName(role: string): string {
  return isReadyRole(role) ? `skerry:${role}` : role;
}

const read = ['get', 'list', 'watch'];
const write = [...read, 'create', 'update', 'patch', 'delete', 'deletecollection'];
const partOf = 'center.skerry.io/part-of';

function rule(apiGroup: string, resources: readonly string[], verbs: readonly string[]): PolicyRule {
  return { apiGroups: [apiGroup], resources: [...resources], verbs: [...verbs] };
}

const kruise = ['apps.kruise.io', 'policy.kruise.io', 'rollouts.kruise.io'];
const edgeApplications = [
  rule('apps.openyurt.io', ['yurtappsets', 'yurtappdaemons', 'yurtappoverriders'], write),
];
const edgeApplicationsView = [
  rule('apps.openyurt.io', ['yurtappsets', 'yurtappdaemons', 'yurtappoverriders'], read),
];

const usage = rule('metrics.k8s.io', ['nodes', 'pods'], ['get', 'list']);

const viewOfApplications: readonly PolicyRule[] = [
  ...kruise.map((group) => rule(group, ['*'], read)),
  ...edgeApplicationsView,
  rule('', ['events'], read),
  rule('events.k8s.io', ['events'], read),
];

const workOnApplications: readonly PolicyRule[] = [
  ...kruise.map((group) => rule(group, ['*'], write)),
  ...edgeApplications,
  rule('', ['events'], read),
  rule('events.k8s.io', ['events'], read),
  rule('policy', ['poddisruptionbudgets'], write),
];

const viewOfTheCluster: readonly PolicyRule[] = [
  rule(
    '',
    [
      'nodes',
      'nodes/status',
      'nodes/stats',
      'nodes/metrics',
      'persistentvolumes',
      'namespaces',
      'componentstatuses',
    ],
    read,
  ),
  rule('apps.openyurt.io', ['nodepools', 'nodebuckets'], read),
  rule('storage.k8s.io', ['*'], read),
  rule('scheduling.k8s.io', ['*'], read),
  rule('node.k8s.io', ['*'], read),
  rule('resource.k8s.io', ['*'], read),
  rule('apiextensions.k8s.io', ['customresourcedefinitions'], read),
  rule('apiregistration.k8s.io', ['apiservices'], read),
  rule('center.skerry.io', ['clusters', 'components', 'tasks', 'owners', 'joinscripts'], read),
  usage,
];

const viewOfAdministration: readonly PolicyRule[] = [
  rule('rbac.authorization.k8s.io', ['*'], read),
  rule('admissionregistration.k8s.io', ['*'], read),
  rule('certificates.k8s.io', ['certificatesigningrequests'], read),
  rule('coordination.k8s.io', ['*'], read),
  rule('flowcontrol.apiserver.k8s.io', ['*'], read),
  rule('center.skerry.io', ['users', 'grants', 'identityproviders', 'audit'], read),
  { nonResourceURLs: ['/metrics', '/healthz*', '/livez*', '/readyz*', '/version*'], verbs: ['get'] },
];

const workOnTheCluster: readonly PolicyRule[] = [
  rule('', ['nodes'], ['update', 'patch']),
  rule('', ['pods/eviction'], ['create']),
  rule('', ['persistentvolumes'], write),
  rule('', ['namespaces'], ['create', 'update', 'patch']),
  rule('apps.openyurt.io', ['nodepools', 'nodebuckets'], ['create', 'update', 'patch']),
  rule('center.skerry.io', ['components', 'tasks', 'joinscripts'], ['create', 'update', 'patch', 'delete']),
];

const edit = { label: 'rbac.authorization.k8s.io/aggregate-to-edit', value: 'true' };
const view = { label: 'rbac.authorization.k8s.io/aggregate-to-view', value: 'true' };
/** What `edit` itself takes in. */
const part = (role: string) => ({ label: partOf, value: role });
const own = (role: string, rules: readonly PolicyRule[]): WantedRole => ({
  name: `skerry:${role}:own`,
  rules,
  labels: { [partOf]: role },
});

/** The ClusterRoles that make the ready roles up. */
export const readyClusterRoles: readonly WantedRole[] = [
  {
    name: 'skerry:admin',
    rules: [
      { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
      { nonResourceURLs: ['*'], verbs: ['*'] },
    ],
  },
  { name: 'skerry:admin-view', aggregates: [view, part('admin-view')] },
  own('admin-view', [...viewOfApplications, ...viewOfTheCluster, ...viewOfAdministration]),
  { name: 'skerry:ops', aggregates: [edit, view, part('ops')] },
  own('ops', [...workOnApplications, ...viewOfTheCluster, ...workOnTheCluster]),
  { name: 'skerry:dev', aggregates: [edit, view, part('dev')] },
  own('dev', [...workOnApplications, usage]),
  { name: 'skerry:restricted', aggregates: [view, part('restricted')] },
  own('restricted', [...viewOfApplications, usage]),
];

/** What each ready role may do to nodes that a grant is limited to; another ClusterRole may see them. */
export function nodeVerbs(role: string): string[] {
  if (role === 'admin') return ['get', 'update', 'patch', 'delete'];
  return role === 'ops' ? ['get', 'update', 'patch'] : ['get'];
}

const centerKinds = ['clusters', 'components', 'tasks', 'owners'];

/**
 * The same roles over the management API, whose Secrets are passwords and keys to clusters: `admin` everything, the others objects of
 * the center alone. Whoever may take part in every cluster's work does not thereby decide who else may.
 */
export const managementClusterRoles: readonly WantedRole[] = [
  {
    name: 'skerry:admin',
    rules: [
      { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
      { nonResourceURLs: ['*'], verbs: ['*'] },
    ],
  },
  {
    name: 'skerry:admin-view',
    rules: [
      rule('center.skerry.io', [...centerKinds, 'users', 'grants', 'identityproviders', 'audit'], read),
    ],
  },
  {
    name: 'skerry:ops',
    rules: [
      rule('center.skerry.io', centerKinds, read),
      rule('center.skerry.io', ['components', 'tasks'], ['create', 'update', 'patch', 'delete']),
    ],
  },
  { name: 'skerry:dev', rules: [rule('center.skerry.io', ['clusters', 'owners'], read)] },
  { name: 'skerry:restricted', rules: [rule('center.skerry.io', ['clusters', 'owners'], read)] },
];
