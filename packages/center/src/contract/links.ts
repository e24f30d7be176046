/**
 * Addresses of the console's screens, for whoever makes a link to one: attention, search hits, mails. A resource is named as
 * its custom resource definition would be, `plural.group`, and `plural` alone in the core group: `pods`, `daemonsets.apps`,
 * `daemonsets.apps.kruise.io`. With a version between them (`daemonsets.v1alpha1.apps.kruise.io`) that version is meant,
 * else the one the cluster prefers. Views are named the same way.
 */
export const links = {
  home: '/',
  clusters: '/clusters',
  cluster: (cluster: string) => `/c/${segment(cluster)}`,
  nodes: (cluster: string) => `/c/${segment(cluster)}/nodes`,
  node: (cluster: string, name: string) => `/c/${segment(cluster)}/nodes/${segment(name)}`,
  pools: (cluster: string) => `/c/${segment(cluster)}/pools`,
  pool: (cluster: string, name: string) => `/c/${segment(cluster)}/pools/${segment(name)}`,
  addNodes: (cluster: string, pool: string) => `/c/${segment(cluster)}/pools/${segment(pool)}/add`,
  gpu: (cluster: string) => `/c/${segment(cluster)}/gpu`,
  components: (cluster: string) => `/c/${segment(cluster)}/components`,
  /** Any list. `search` is {@link ListSearch} as a query string. */
  list: (cluster: string, resource: string, search: ListSearch = {}) =>
    `/c/${segment(cluster)}/resources/${segment(resource)}${queryString(search)}`,
  object: (cluster: string, resource: string, { namespace, name }: { namespace?: string; name: string }) =>
    `/c/${segment(cluster)}/resources/${segment(resource)}/${segment(namespace ?? '-')}/${segment(name)}`,
  task: (id: string) => `/tasks/${segment(id)}`,
} as const;

/** Scope and filter of a list, as they stand in the query string of its address. */
export interface ListSearch {
  /** As `q` of a view's query. */
  readonly q?: string;
  readonly region?: string;
  readonly pool?: string;
  /** Comma-separated. */
  readonly namespace?: string;
  readonly sort?: string;
}

const segment = encodeURIComponent;

function queryString(search: ListSearch): string {
  const pairs = Object.entries(search).filter(([, value]) => value);
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs as [string, string][]).toString()}`;
}
