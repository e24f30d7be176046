/** Objects of a cluster, or of the management API, as the caller: their own API behind the backend, word for word. */
import { paths } from '@skerry/center/contract';
import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { objectPath, type KindEntry } from '#kinds/kind.ts';
import { useView } from '#live/use-view.ts';
import { queryClient } from './queries.ts';
import { request } from './request.ts';
import { StatusError } from './status-error.ts';

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
}

export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
}

/** What the console reads of an object is looked up by path, since kinds are many and the API server has checked them. */
export interface ApiObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: Metadata;
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

export interface ObjectList<Item = ApiObject> {
  readonly items: readonly Item[];
  readonly metadata: { readonly continue?: string; readonly remainingItemCount?: number };
}

/** The management API stands beside the clusters. */
export const management = '';

type Kind = Pick<KindEntry, 'group' | 'version' | 'plural' | 'isNamespaced'>;

export interface Place {
  readonly namespace?: string | undefined;
  readonly name: string;
}

export function addressOf(cluster: string, path: string): string {
  return cluster === management ? paths.management(path) : paths.kubernetes(cluster, path);
}

function pathOf(kind: Kind, { namespace, name }: Place, subresource?: string): string {
  return objectPath(kind, {
    ...(namespace ? { namespace } : {}),
    name,
    ...(subresource ? { subresource } : {}),
  });
}

export function getObject<Found = ApiObject>(cluster: string, kind: Kind, place: Place): Promise<Found> {
  return request<Found>(addressOf(cluster, pathOf(kind, place)));
}

export interface ListOptions {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
}

export function listObjects<Item = ApiObject>(
  cluster: string,
  kind: Kind,
  options: ListOptions = {},
): Promise<ObjectList<Item>> {
  const { namespace, ...query } = options;
  const path = objectPath(kind, namespace ? { namespace } : {});
  return request<ObjectList<Item>>(addressOf(cluster, path), { query: { limit: 500, ...query } });
}

export interface WriteOptions {
  readonly dryRun?: boolean;
}

export function createObject<Made = ApiObject>(
  cluster: string,
  kind: Kind,
  object: object,
  { namespace, dryRun = false }: WriteOptions & { readonly namespace?: string | undefined } = {},
): Promise<Made> {
  const path = objectPath(kind, namespace ? { namespace } : {});
  return request<Made>(addressOf(cluster, path), {
    method: 'POST',
    body: object,
    query: dryRunQuery(dryRun),
  });
}

export type PatchType = 'merge' | 'strategic' | 'json' | 'apply';

const patchTypes: Readonly<Record<PatchType, string>> = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
};

export function patchObject<Patched = ApiObject>(
  cluster: string,
  kind: Kind,
  place: Place,
  patch: object,
  {
    type = 'merge',
    subresource,
    dryRun = false,
  }: WriteOptions & { type?: PatchType; subresource?: string } = {},
): Promise<Patched> {
  return request<Patched>(addressOf(cluster, pathOf(kind, place, subresource)), {
    method: 'PATCH',
    raw: { type: patchTypes[type], text: JSON.stringify(patch) },
    query: { ...dryRunQuery(dryRun), fieldManager: 'skerry-console' },
  });
}

export function deleteObject(
  cluster: string,
  kind: Kind,
  place: Place,
  options: object = {},
): Promise<unknown> {
  return request(addressOf(cluster, pathOf(kind, place)), { method: 'DELETE', body: options });
}

function dryRunQuery(dryRun: boolean): Record<string, string> {
  return dryRun ? { dryRun: 'All' } : {};
}

const backupPollMs = 30_000;

/** An object, asked for again whenever its row changes. */
export function useObject<Found = ApiObject>(cluster: string, kind: KindEntry, place: Place) {
  // Whoever reads a Secret proves first who they are; its page does so only when a value is asked for.
  const isSealed = kind.resource === 'secrets';
  const key = ['object', cluster, kind.resource, place.namespace ?? '', place.name];
  const view = useView({
    cluster,
    resource: kind.resource,
    query: {
      q: `name:${place.name}`,
      limit: 10,
      ...(place.namespace ? { namespace: [place.namespace] } : {}),
    },
  });
  const row = view.page?.rows.find((one) => one.name === place.name);
  const keyText = JSON.stringify(key);
  useEffect(() => {
    if (row) void queryClient.invalidateQueries({ queryKey: JSON.parse(keyText) as string[] });
  }, [row, keyText]);
  const query = useQuery({
    queryKey: key,
    queryFn: () => getObject<Found>(cluster, kind, place),
    refetchInterval: backupPollMs,
    enabled: !isSealed,
  });
  if (isSealed) {
    const known = row
      ? ({ metadata: { ...place, uid: row.key, creationTimestamp: row.created } } as Found)
      : undefined;
    const missing = view.page && !row ? new StatusError({ code: 404, reason: 'NotFound' }) : null;
    return { ...query, data: known, error: missing, row, freshness: view.freshness };
  }
  return { ...query, row, freshness: view.freshness };
}
