import { createHash } from 'node:crypto';
import type { KindInfo, SubresourceInfo } from '@skerry/api';
import { builtinPriority, customPriority } from '#aggregation/group-priority.ts';
import type { RemoteVersion } from '#aggregation/remote-documents.ts';
import { compareGroups, compareVersions } from '#discovery/group-order.ts';

/**
 * The discovery documents, from nothing but what is served. Legacy ones list a group version's resources; aggregated
 * ones (`apidiscovery.k8s.io`) list everything at once.
 * Rules: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api
 */
export interface GroupVersions {
  readonly group: string;
  /** Newest first; the first is preferred. */
  readonly versions: readonly ServedVersion[];
}

export interface ServedVersion {
  readonly version: string;
  readonly kinds: readonly KindInfo[];
  /** Set where another server serves it. */
  readonly remote?: RemoteVersion;
}

/** Groups as served here, with those that others serve among them, in the order of their priorities. */
export function groupsWithRemote(
  local: readonly GroupVersions[],
  remote: readonly RemoteVersion[],
): readonly GroupVersions[] {
  if (remote.length === 0) return local;
  const groups = new Map(local.map((each) => [each.group, { ...each, priority: priorityOf(each.group) }]));
  for (const version of remote) {
    const { group, priority } = version;
    const known = groups.get(group) ?? { group, versions: [], priority: priority.group };
    const others = known.versions.filter((each) => each.version !== version.version);
    groups.set(group, {
      group,
      priority: Math.max(known.priority, priority.group),
      versions: byPriority(group, [...others, { version: version.version, kinds: [], remote: version }]),
    });
  }
  return [...groups.values()].toSorted((a, b) => b.priority - a.priority);
}

function priorityOf(group: string): number {
  return builtinPriority(group, '')?.group ?? customPriority.group;
}

function byPriority(group: string, versions: readonly ServedVersion[]): ServedVersion[] {
  const rank = ({ version, remote }: ServedVersion) =>
    remote?.priority.version ?? (builtinPriority(group, version) ?? customPriority).version;
  return versions.toSorted((a, b) => rank(b) - rank(a) || compareVersions(a.version, b.version));
}

export function groupsOf(infos: readonly KindInfo[]): GroupVersions[] {
  const groups = new Map<string, Map<string, KindInfo[]>>();
  for (const info of infos) {
    const versions = groups.get(info.group) ?? new Map<string, KindInfo[]>();
    groups.set(info.group, versions);
    versions.set(info.version, [...(versions.get(info.version) ?? []), info]);
  }
  return [...groups]
    .sort(([a], [b]) => compareGroups(a, b))
    .map(([group, versions]) => ({
      group,
      versions: [...versions]
        .sort(([a], [b]) => compareVersions(a, b))
        .map(([version, kinds]) => ({
          version,
          kinds: kinds.toSorted((a, b) => (a.resource < b.resource ? -1 : 1)),
        })),
    }));
}

/** `/api` */
export function apiVersions(serverAddress: string): object {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
  };
}

/** `/apis` */
export function apiGroupList(groups: readonly GroupVersions[]): object {
  return {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: groups.filter(({ group }) => group !== '').map(groupEntry),
  };
}

/** `/apis/<group>` */
export function apiGroup(group: GroupVersions): object {
  return { kind: 'APIGroup', apiVersion: 'v1', ...groupEntry(group) };
}

function groupEntry({ group, versions }: GroupVersions) {
  const listed = versions.map(({ version }) => ({ groupVersion: `${group}/${version}`, version }));
  return { name: group, versions: listed, preferredVersion: listed[0] };
}

/** `/api/v1`, `/apis/<group>/<version>` */
export function apiResourceList(group: string, version: string, kinds: readonly KindInfo[]): object {
  return {
    kind: 'APIResourceList',
    ...(group === '' ? {} : { apiVersion: 'v1' }),
    groupVersion: group ? `${group}/${version}` : version,
    resources: kinds.flatMap((info) => [
      {
        name: info.resource,
        singularName: info.singular,
        namespaced: info.namespaced,
        kind: info.kind,
        verbs: info.verbs,
        ...(info.shortNames.length > 0 ? { shortNames: info.shortNames } : {}),
        ...(info.categories.length > 0 ? { categories: info.categories } : {}),
        ...(info.verbs.includes('create') && info.verbs.includes('list')
          ? { storageVersionHash: storageVersionHash(info) }
          : {}),
      },
      ...info.subresources.map((subresource) => ({
        name: `${info.resource}/${subresource.name}`,
        singularName: '',
        namespaced: info.namespaced,
        ...(subresource.body && isForeign(info, subresource.body)
          ? { group: subresource.body.group, version: subresource.body.version }
          : {}),
        kind: subresource.body?.kind ?? info.kind,
        verbs: subresource.verbs,
      })),
    ]),
  };
}

function isForeign(info: KindInfo, body: NonNullable<SubresourceInfo['body']>): boolean {
  return body.group !== info.group || body.version !== info.version;
}

/** Kinds that a stock server keeps in a version before the one that it serves; clients know them by that version's hash. */
const keptVersions: Readonly<Record<string, string>> = {
  'admissionregistration.k8s.io/mutatingadmissionpolicies': 'v1beta1',
  'admissionregistration.k8s.io/mutatingadmissionpolicybindings': 'v1beta1',
  'apiextensions.k8s.io/customresourcedefinitions': 'v1beta1',
};

function storageVersionHash(info: KindInfo): string {
  const { group, version: stored } = info.storage ?? info;
  const version = keptVersions[`${info.group}/${info.resource}`] ?? stored;
  return createHash('sha256')
    .update(`${group}/${version}/${info.kind}`)
    .digest()
    .subarray(0, 8)
    .toString('base64');
}

/** `/api` and `/apis` in the aggregated form. */
export function aggregated(groups: readonly GroupVersions[]): object {
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: groups.map(({ group, versions }) => ({
      metadata: group ? { name: group } : {},
      versions: versions.map((entry) => ({
        version: entry.version,
        resources: entry.remote?.resources ?? entry.kinds.map((info) => aggregatedResource(info)),
        freshness: entry.remote?.freshness ?? 'Current',
      })),
    })),
  };
}

function aggregatedResource(info: KindInfo) {
  const { group, version, kind } = info;
  // A built-in kind of the group version that it stands in is told by its name alone.
  const own = builtinPriority(group, version) ? { group: '', version: '' } : { group, version };
  return {
    resource: info.resource,
    responseKind: { ...own, kind },
    scope: info.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: info.singular,
    verbs: info.verbs,
    ...(info.shortNames.length > 0 ? { shortNames: info.shortNames } : {}),
    ...(info.categories.length > 0 ? { categories: info.categories } : {}),
    ...(info.subresources.length > 0
      ? {
          subresources: info.subresources.map((subresource) => ({
            subresource: subresource.name,
            responseKind:
              subresource.body && isForeign(info, subresource.body)
                ? subresource.body
                : { ...own, kind: subresource.body?.kind ?? kind },
            verbs: subresource.verbs,
          })),
        }
      : {}),
  };
}
