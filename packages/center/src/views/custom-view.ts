/** How a resource is shown that only its cluster knows: as its API server prints it. */
import { isApiError } from '@skerry/api';
import type { ApiClient } from '@skerry/client';
import { rowActions } from '#views/row-actions.ts';
import type { ViewKind } from '#views/view-kind.ts';

interface ApiGroup {
  readonly preferredVersion?: { readonly version?: string };
}

interface ApiResourceList {
  readonly resources?: readonly {
    readonly name: string;
    readonly kind: string;
    readonly namespaced: boolean;
    readonly verbs: readonly string[];
  }[];
}

/** `widgets.shop.example`, or `widgets.v1beta1.shop.example` where one version is meant. */
const idPattern = /^([a-z0-9-]+)(?:\.(v\d+(?:(?:alpha|beta)\d+)?))?(?:\.([a-z0-9.-]+))?$/;

/** Undefined where the cluster serves nothing of that name that can be watched. */
export async function customView(client: ApiClient, id: string): Promise<ViewKind | undefined> {
  const [, resource, asked, group = ''] = idPattern.exec(id) ?? [];
  if (resource === undefined) return undefined;
  try {
    const version = asked ?? (group === '' ? 'v1' : await preferredVersion(client, group));
    const path = group === '' ? '/api/v1' : `/apis/${group}/${version}`;
    const { resources = [] } = await client.request<ApiResourceList>('GET', path);
    const found = resources.find(({ name }) => name === resource);
    if (!found?.verbs.includes('watch') || !found.verbs.includes('list')) return undefined;
    const { kind, namespaced, verbs } = found;
    return {
      ref: { group, version, kind, resource, namespaced },
      columns: [],
      actions: rowActions({ group, resource, verbs }),
      fromTable: true,
    };
  } catch (error) {
    if (isApiError(error, 'NotFound')) return undefined;
    throw error;
  }
}

async function preferredVersion(client: ApiClient, group: string): Promise<string> {
  const { preferredVersion } = await client.request<ApiGroup>('GET', `/apis/${group}`);
  return preferredVersion?.version ?? 'v1';
}
