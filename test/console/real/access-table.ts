/**
 * Who may ask what of the console's backend: the table of docs/how-to/users-and-access.md, route by route. Roles are granted in all
 * clusters, so they count over the center as well. Writes are dry runs, or name what is not there.
 */
import { paths } from '@skerry/center/contract';

export const roles = ['admin', 'admin-view', 'ops', 'dev', 'restricted'] as const;
export type Role = (typeof roles)[number];

export interface Row {
  /** Of {@link paths}. */
  readonly route: keyof typeof paths;
  readonly method?: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  readonly type?: string;
  readonly may: readonly Role[];
}

const everyone: readonly Role[] = roles;
const viewers: readonly Role[] = ['admin', 'admin-view', 'ops'];
const developers: readonly Role[] = ['admin', 'ops', 'dev'];
const operators: readonly Role[] = ['admin', 'ops'];
const admins: readonly Role[] = ['admin'];

const cluster = 'default';
const view = (resource: string, may: readonly Role[]): Row => ({
  route: 'view',
  path: paths.view(cluster, resource),
  may,
});
const read = (path: string, may: readonly Role[]): Row => ({
  route: 'kubernetes',
  path: paths.kubernetes(cluster, path),
  may,
});
const write = (
  method: 'POST' | 'PATCH' | 'DELETE',
  path: string,
  may: readonly Role[],
  body?: object,
): Row => ({
  route: 'kubernetes',
  method,
  path: paths.kubernetes(cluster, `${path}?dryRun=All`),
  may,
  ...(body ? { body } : {}),
  ...(method === 'PATCH' ? { type: 'application/merge-patch+json' } : {}),
});
const center = (
  method: 'POST' | 'PATCH' | 'DELETE' | undefined,
  path: string,
  may: readonly Role[],
  body?: object,
): Row => ({
  route: 'management',
  ...(method ? { method } : {}),
  path: paths.management(`apis/center.skerry.io/v1/${path}${method ? '?dryRun=All' : ''}`),
  may,
  ...(body ? { body } : {}),
  ...(method === 'PATCH' ? { type: 'application/merge-patch+json' } : {}),
});
const named = (apiVersion: string, kind: string, more: object = {}) => ({
  apiVersion,
  kind,
  metadata: { name: 'of-the-crawl' },
  ...more,
});
const podTemplate = { spec: { containers: [{ name: 'main', image: 'busybox:1' }] } };

export function accessTable({ node }: { readonly node: string }): readonly Row[] {
  return [
    { route: 'home', path: paths.home, may: everyone },
    { route: 'session', path: paths.session, may: everyone },
    { route: 'sessions', path: paths.sessions, may: everyone },
    { route: 'apiTokens', path: paths.apiTokens, may: everyone },
    { route: 'preferences', path: paths.preferences, may: everyone },
    { route: 'preferences', method: 'PUT', path: paths.preferences, body: {}, may: everyone },
    { route: 'audit', path: paths.audit, may: everyone },
    { route: 'tasks', path: paths.tasks, may: everyone },
    { route: 'search', path: `${paths.search}?q=fleet`, may: everyone },
    { route: 'overview', path: paths.overview(cluster), may: everyone },
    { route: 'gpu', path: paths.gpu(cluster), may: everyone },
    {
      route: 'placement',
      method: 'POST',
      path: paths.placement(cluster),
      body: { template: podTemplate },
      may: everyone,
    },
    { route: 'canI', method: 'POST', path: paths.canI(cluster), body: { questions: [] }, may: everyone },
    { route: 'kubeconfig', method: 'POST', path: paths.kubeconfig(cluster), may: everyone },
    { route: 'metrics', path: `${paths.metrics(cluster)}?metric=cpu&seconds=3600`, may: viewers },
    {
      route: 'metrics',
      path: `${paths.metrics(cluster)}?metric=cpu&seconds=3600&node=${node}`,
      may: viewers,
    },
    { route: 'components', path: paths.components(cluster), may: viewers },
    {
      route: 'components',
      method: 'POST',
      path: `${paths.components(cluster)}/no-such-component`,
      body: { action: 'install' },
      may: operators,
    },
    { route: 'joinScripts', path: paths.joinScripts(cluster), may: everyone },
    {
      route: 'joinScripts',
      method: 'POST',
      path: paths.joinScripts(cluster),
      body: { pool: 'east', ttl: 60, uses: 1 },
      may: operators,
    },
    {
      route: 'users',
      method: 'POST',
      path: `${paths.users}/nobody-of-that-name/reset-password`,
      body: {},
      may: admins,
    },
    {
      route: 'logs',
      path: `${paths.logs(cluster)}?namespace=default&selector=app%3Dfleet-agent`,
      may: everyone,
    },

    view('pods', everyone),
    view('deployments.apps', everyone),
    view('events', everyone),
    view('nodes', viewers),
    view('nodepools.apps.openyurt.io', viewers),
    view('persistentvolumes', viewers),
    view('storageclasses.storage.k8s.io', viewers),
    view('customresourcedefinitions.apiextensions.k8s.io', viewers),
    view('secrets', developers),
    view('roles.rbac.authorization.k8s.io', ['admin', 'admin-view']),
    view('clusterrolebindings.rbac.authorization.k8s.io', ['admin', 'admin-view']),

    read('api/v1/namespaces/default/pods', everyone),
    read('api/v1/namespaces/default/configmaps', everyone),
    read('api/v1/namespaces/default/secrets', developers),
    read(`api/v1/nodes/${node}`, viewers),
    read('apis/rbac.authorization.k8s.io/v1/clusterroles', ['admin', 'admin-view']),
    read('apis/certificates.k8s.io/v1/certificatesigningrequests', ['admin', 'admin-view']),
    read(`api/v1/nodes/${node}/proxy/metrics`, []),
    write('POST', 'api/v1/namespaces/default/pods', developers, named('v1', 'Pod', podTemplate)),
    write('POST', 'api/v1/namespaces/default/secrets', developers, named('v1', 'Secret')),
    write('PATCH', 'apis/apps/v1/namespaces/default/daemonsets/fleet-agent', developers, {
      metadata: { labels: { crawled: 'yes' } },
    }),
    write('DELETE', 'apis/apps/v1/namespaces/default/daemonsets/fleet-agent', developers),
    write('PATCH', `api/v1/nodes/${node}`, operators, { metadata: { labels: { crawled: 'yes' } } }),
    write('DELETE', `api/v1/nodes/${node}`, admins),
    write('PATCH', 'apis/apps.openyurt.io/v1beta2/nodepools/east', operators, {
      metadata: { labels: { crawled: 'yes' } },
    }),
    write('DELETE', 'apis/apps.openyurt.io/v1beta2/nodepools/of-the-crawl', admins),
    write('PATCH', 'api/v1/namespaces/default/pods/of-the-crawl', developers, {}),
    write('DELETE', 'api/v1/namespaces/default/pods/of-the-crawl', developers),
    write('POST', 'api/v1/namespaces/default/pods/of-the-crawl/eviction', developers, {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: 'of-the-crawl', namespace: 'default' },
    }),
    write('POST', 'api/v1/namespaces', operators, named('v1', 'Namespace')),
    write('DELETE', 'api/v1/namespaces/spare', admins),
    write(
      'POST',
      'apis/apps.openyurt.io/v1beta2/nodepools',
      operators,
      named('apps.openyurt.io/v1beta2', 'NodePool', { spec: { type: 'Edge' } }),
    ),
    write(
      'POST',
      'apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
      admins,
      named('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', {
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
        subjects: [],
      }),
    ),

    center(undefined, 'clusters', everyone),
    center(undefined, 'owners', everyone),
    center(undefined, 'users', ['admin', 'admin-view']),
    center(undefined, 'grants', ['admin', 'admin-view']),
    center(undefined, 'identityproviders', ['admin', 'admin-view']),
    center(undefined, 'apitokens', admins),
    center('DELETE', 'clusters/of-the-crawl', admins),
    center('PATCH', 'clusters/of-the-crawl', admins, { spec: { deletionProtection: true } }),
    center('PATCH', 'users/of-the-crawl', admins, { spec: { disabled: true } }),
    center('DELETE', 'users/of-the-crawl', admins),
    center('DELETE', 'grants/of-the-crawl', admins),
    center(
      'POST',
      'clusters',
      admins,
      named('center.skerry.io/v1', 'Cluster', { spec: { type: 'hosted', region: 'x' } }),
    ),
    center('POST', 'owners', admins, named('center.skerry.io/v1', 'Owner', { spec: {} })),
    center(
      'POST',
      'grants',
      admins,
      named('center.skerry.io/v1', 'Grant', {
        spec: { subject: { kind: 'User', name: 'nobody' }, role: 'dev', cluster: '*' },
      }),
    ),
    { route: 'management', path: paths.management('api/v1/namespaces/skerry-center/secrets'), may: admins },
  ];
}

/** Routes that a session uses for itself or that open a stream, which have tests of their own. */
export const elsewhere: readonly (keyof typeof paths)[] = [
  'password',
  'stepUp',
  'oidc',
  'tickets',
  'live',
  'exec',
];

/** Rows of lists, and which role is offered what of them, in the row or behind "More". Nobody else is offered it. */
export function offersOfRows({
  node,
  pool,
  pod,
}: {
  readonly node: string;
  readonly pool: string;
  readonly pod: string;
}): readonly {
  readonly path: string;
  readonly name: string;
  readonly offers: Readonly<Partial<Record<string, readonly Role[]>>>;
}[] {
  return [
    {
      path: '/clusters',
      name: cluster,
      offers: {
        'Download kubeconfig': everyone,
        'Read-only for me': everyone,
        'Protect from deletion': admins,
        Delete: admins,
      },
    },
    {
      path: `/c/${cluster}/nodes`,
      name: node,
      offers: {
        Cordon: operators,
        Drain: operators,
        'Labels and annotations': operators,
        'Node autonomy setting': operators,
        'Edit YAML': operators,
        Delete: admins,
        'Pin to the top': viewers,
      },
    },
    {
      path: `/c/${cluster}/pools`,
      name: pool,
      offers: {
        'Add existing node': operators,
        Edit: operators,
        'Edit YAML': operators,
        Delete: admins,
        'Pin to the top': viewers,
      },
    },
    {
      path: `/c/${cluster}/resources/daemonsets.apps?namespace=default`,
      name: 'fleet-agent',
      offers: {
        Edit: developers,
        Restart: developers,
        'History and rollback': developers,
        Logs: everyone,
        'Edit YAML': developers,
        'Labels and annotations': developers,
        Delete: developers,
        'Pin to the top': everyone,
      },
    },
    {
      path: `/c/${cluster}/resources/pods?namespace=default&q=${pod}`,
      name: pod,
      offers: {
        Logs: everyone,
        Terminal: developers,
        'Edit YAML': developers,
        'Labels and annotations': developers,
        Delete: developers,
        'Pin to the top': everyone,
      },
    },
    {
      path: '/users',
      name: 'dev',
      offers: { 'Reset password': admins, Disable: admins, Delete: admins },
    },
    { path: '/grants', name: 'everywhere-dev', offers: { Delete: admins } },
  ];
}
