/** The kind that an address names: one the console knows, or one that the cluster says it has. */
import { useQuery } from '@tanstack/react-query';
import { addressOf } from '#api/objects.ts';
import { request } from '#api/request.ts';
import { StatusError } from '#api/status-error.ts';
import { localeTags, type MessageId } from '#i18n/index.ts';
import { builtInKind } from './built-in.ts';
import { groupVersionPath, type KindEntry } from './kind.ts';

export interface ApiResource {
  readonly name: string;
  readonly singularName: string;
  readonly namespaced: boolean;
  readonly kind: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
}

export interface ResourceList {
  readonly groupVersion: string;
  readonly resources: readonly ApiResource[];
}

interface ApiGroup {
  readonly preferredVersion: { readonly version: string };
}

export function useKind(cluster: string, resource: string) {
  const builtIn = builtInKind(resource);
  const query = useQuery({
    queryKey: ['kind', cluster, resource],
    queryFn: () => discover(cluster, resource),
    enabled: !builtIn,
    staleTime: 60_000,
  });
  return builtIn ? { data: builtIn, error: null } : { data: query.data, error: query.error };
}

export interface ParsedResource {
  readonly plural: string;
  readonly group: string;
  readonly version?: string;
}

/** `daemonsets.v1alpha1.apps.kruise.io` → its parts; the version may be left out. */
export function parseResource(resource: string): ParsedResource {
  const [plural = '', ...rest] = resource.split('.');
  const hasVersion = /^v\d+((alpha|beta)\d+)?$/.test(rest[0] ?? '');
  const [version, ...group] = hasVersion ? rest : [undefined, ...rest];
  return { plural, group: group.join('.'), ...(version ? { version } : {}) };
}

async function discover(cluster: string, resource: string): Promise<KindEntry> {
  const { plural, group, version: given } = parseResource(resource);
  const version =
    given ??
    (group === ''
      ? 'v1'
      : (await request<ApiGroup>(addressOf(cluster, `apis/${group}`))).preferredVersion.version);
  const { resources } = await request<ResourceList>(addressOf(cluster, groupVersionPath({ group, version })));
  const found = resources.find(({ name }) => name === plural);
  if (!found) throw new StatusError({ code: 404, reason: 'NotFound', message: `${resource} is not served` });
  return {
    resource,
    group,
    version,
    plural,
    kind: found.kind,
    isNamespaced: found.namespaced,
    title: found.kind as MessageId,
    section: 'cluster',
    actions: ['editYaml', 'labels', 'delete'].filter((action) =>
      found.verbs.includes(action === 'delete' ? 'delete' : 'patch'),
    ) as KindEntry['actions'],
  };
}

/** What one object of the kind is called. Only English tells one from many, and there it is the kind's own name. */
export function singularOf(kind: KindEntry, t: (id: MessageId) => string): string {
  return document.documentElement.lang === localeTags.en ? kind.kind : titleOf(kind, t);
}

/** What a kind is called: in the language of the person where the console knows it, else by its own name. */
export function titleOf(kind: KindEntry, t: (id: MessageId) => string): string {
  return builtInKind(kind.resource) ? t(kind.title) : kind.kind;
}
