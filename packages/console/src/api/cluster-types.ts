/**
 * The kinds that a cluster has, from its discovery, and their schemas, from its OpenAPI documents. Both are asked for as they
 * are needed: a document of one group is a few hundred kilobytes, and its address changes with its content.
 */
import { paths } from '@skerry/center/contract';
import type { ObjectSchema, Schema } from '#editor/schema.ts';
import { queryClient } from './queries.ts';
import { request } from './request.ts';
import { StatusError } from './status-error.ts';

export interface ResourceType {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly isNamespaced: boolean;
  readonly verbs: readonly string[];
}

export interface ApiGroup {
  readonly name: string;
  /** The preferred one first. */
  readonly versions: readonly string[];
}

interface TypeName {
  readonly apiVersion: string;
  readonly kind: string;
}

const discoveryStaleMs = 30_000;
const parallelMax = 6;

export function splitApiVersion(apiVersion: string): { group: string; version: string } {
  const slash = apiVersion.indexOf('/');
  return slash === -1
    ? { group: '', version: apiVersion }
    : { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}

export const discoveryKey = (cluster: string) => ['discovery', cluster] as const;

export async function fetchGroups(cluster: string): Promise<readonly ApiGroup[]> {
  return queryClient.fetchQuery({
    queryKey: [...discoveryKey(cluster), 'groups'],
    staleTime: discoveryStaleMs,
    queryFn: async () => {
      const { groups } = await request<{
        groups: { name: string; versions: { version: string }[]; preferredVersion?: { version: string } }[];
      }>(paths.kubernetes(cluster, 'apis'));
      const named = groups.map(({ name, versions, preferredVersion }): ApiGroup => {
        const first = preferredVersion?.version;
        const all = versions.map(({ version }) => version);
        return { name, versions: first ? [first, ...all.filter((one) => one !== first)] : all };
      });
      return [{ name: '', versions: ['v1'] }, ...named];
    },
  });
}

/** Kinds of one version of a group; none where the cluster doesn't have it. */
export async function fetchTypes(
  cluster: string,
  group: string,
  version: string,
): Promise<readonly ResourceType[]> {
  const path = group === '' ? `api/${version}` : `apis/${group}/${version}`;
  return queryClient.fetchQuery({
    queryKey: [...discoveryKey(cluster), path],
    staleTime: discoveryStaleMs,
    queryFn: async (): Promise<readonly ResourceType[]> => {
      try {
        const { resources } = await request<{
          resources: { name: string; kind: string; namespaced: boolean; verbs: string[] }[];
        }>(paths.kubernetes(cluster, path));
        return resources
          .filter(({ name }) => !name.includes('/'))
          .map(({ name, kind, namespaced, verbs }) => ({
            group,
            version,
            kind,
            plural: name,
            isNamespaced: namespaced,
            verbs,
          }));
      } catch (error) {
        if (error instanceof StatusError && error.code === 404) return [];
        throw error;
      }
    },
  });
}

export async function findType(
  cluster: string,
  { apiVersion, kind }: TypeName,
): Promise<ResourceType | undefined> {
  const { group, version } = splitApiVersion(apiVersion);
  if (!/^[\w.-]*$/.test(group) || !/^[\w.-]+$/.test(version)) return undefined;
  const types = await fetchTypes(cluster, group, version);
  return types.find((one) => one.kind === kind);
}

/**
 * @param resource as in addresses: `pods`, `daemonsets.apps.kruise.io`, or with a version `daemonsets.v1alpha1.apps.kruise.io`
 */
export async function findResource(cluster: string, resource: string): Promise<ResourceType | undefined> {
  const [plural = '', ...rest] = resource.split('.');
  const version = /^v\d+((alpha|beta)\d+)?$/.test(rest[0] ?? '') ? rest.shift() : undefined;
  const group = rest.join('.');
  const groups = await fetchGroups(cluster);
  const versions = version ? [version] : (groups.find(({ name }) => name === group)?.versions ?? []);
  for (const one of versions) {
    const found = (await fetchTypes(cluster, group, one)).find((type) => type.plural === plural);
    if (found) return found;
  }
  return undefined;
}

export function apiVersionText({
  group,
  version,
}: {
  readonly group: string;
  readonly version: string;
}): string {
  return group === '' ? version : `${group}/${version}`;
}

export function resourceText({ group, plural }: { readonly group: string; readonly plural: string }): string {
  return group === '' ? plural : `${plural}.${group}`;
}

/** Path of an object or, without a name, of a collection, for `paths.kubernetes`. */
export function pathOfType(
  type: Pick<ResourceType, 'group' | 'version' | 'plural' | 'isNamespaced'>,
  {
    namespace,
    name,
    subresource,
  }: { namespace?: string | undefined; name?: string; subresource?: string } = {},
): string {
  const parts = [type.group === '' ? `api/${type.version}` : `apis/${type.group}/${type.version}`];
  if (type.isNamespaced && namespace) parts.push('namespaces', encodeURIComponent(namespace));
  parts.push(type.plural);
  if (name) parts.push(encodeURIComponent(name));
  if (subresource) parts.push(subresource);
  return parts.join('/');
}

/** After a definition was made: what was known is asked for again. */
export async function forgetTypes(cluster: string): Promise<void> {
  await queryClient.invalidateQueries({ queryKey: discoveryKey(cluster) });
}

/** Every kind of every group, for a search among them. */
export async function fetchAllTypes(cluster: string): Promise<readonly ResourceType[]> {
  const groups = await fetchGroups(cluster);
  const wanted = groups.flatMap(({ name, versions }) => versions.map((version) => ({ name, version })));
  const found: ResourceType[] = [];
  const next = async (): Promise<void> => {
    for (let one = wanted.shift(); one; one = wanted.shift()) {
      // One group whose server doesn't answer takes away its own kinds only.
      const types = await fetchTypes(cluster, one.name, one.version).catch(() => []);
      found.push(...types);
    }
  };
  await Promise.all(Array.from({ length: parallelMax }, next));
  return found;
}

interface OpenApiRoot {
  readonly paths: Readonly<Record<string, { readonly serverRelativeURL: string }>>;
}
interface OpenApiDocument {
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
}

/** @returns the schema of a kind, or nothing where the cluster publishes none */
export async function fetchSchema(
  cluster: string,
  { apiVersion, kind }: TypeName,
): Promise<ObjectSchema | undefined> {
  const { group, version } = splitApiVersion(apiVersion);
  const root = await queryClient.fetchQuery({
    queryKey: [...discoveryKey(cluster), 'openapi'],
    staleTime: discoveryStaleMs,
    queryFn: () => request<OpenApiRoot>(paths.kubernetes(cluster, 'openapi/v3')),
  });
  const name = group === '' ? `api/${version}` : `apis/${group}/${version}`;
  const address = Object.hasOwn(root.paths, name) ? root.paths[name]?.serverRelativeURL : undefined;
  if (!address) return undefined;
  const hash = new URLSearchParams(address.split('?')[1] ?? '').get('hash') ?? undefined;
  const document = await queryClient.fetchQuery({
    queryKey: ['openapi', cluster, address],
    staleTime: hash ? Infinity : discoveryStaleMs,
    gcTime: 600_000,
    queryFn: () =>
      request<OpenApiDocument>(paths.kubernetes(cluster, `openapi/v3/${name}`), { query: { hash } }),
  });
  const definitions = document.components?.schemas ?? {};
  const schema = Object.values(definitions).find((one) =>
    one['x-kubernetes-group-version-kind']?.some(
      (type) => type.group === group && type.version === version && type.kind === kind,
    ),
  );
  return schema && { root: schema, definitions };
}
