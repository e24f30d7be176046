/** The discovery documents of an aggregated server, brought into the form of aggregated discovery. */
interface GroupVersion {
  readonly group: string;
  readonly version: string;
}

interface GroupList {
  readonly items?: {
    readonly metadata?: { readonly name?: string };
    readonly versions?: { readonly version?: string; readonly resources?: object[] }[];
  }[];
}

/** The resources of one group version in an APIGroupDiscoveryList; undefined when it is not in there. */
export function versionIn(document: unknown, { group, version }: GroupVersion): object[] | undefined {
  const found = ((document ?? {}) as GroupList).items?.find(({ metadata }) => metadata?.name === group);
  const served = found?.versions?.find((each) => each.version === version);
  return served && (served.resources ?? []);
}

interface LegacyResource {
  readonly name: string;
  readonly singularName?: string;
  readonly namespaced?: boolean;
  readonly group?: string;
  readonly version?: string;
  readonly kind?: string;
  readonly verbs?: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
}

/** Of an APIResourceList. */
export function aggregatedResources(document: unknown, place: GroupVersion): object[] {
  const { resources = [] } = (document ?? {}) as { resources?: LegacyResource[] };
  const main = resources.filter(({ name }) => !name.includes('/'));
  return main.map((resource) => {
    const subresources = resources.filter(({ name }) => name.startsWith(`${resource.name}/`));
    return {
      resource: resource.name,
      responseKind: kindOf(resource, place),
      scope: resource.namespaced ? 'Namespaced' : 'Cluster',
      singularResource: resource.singularName ?? '',
      verbs: resource.verbs ?? [],
      ...(resource.shortNames?.length ? { shortNames: resource.shortNames } : {}),
      ...(resource.categories?.length ? { categories: resource.categories } : {}),
      ...(subresources.length > 0
        ? {
            subresources: subresources.map((each) => ({
              subresource: each.name.slice(resource.name.length + 1),
              responseKind: kindOf(each, place),
              verbs: each.verbs ?? [],
            })),
          }
        : {}),
    };
  });
}

function kindOf({ group, version, kind = '' }: LegacyResource, place: GroupVersion): object {
  return { group: group || place.group, version: version || place.version, kind };
}
