/** What a server serves, as its discovery documents say it; one version per resource, the group's preferred one. */
import { describeError } from '@skerry/base';
import type { ApiClient, ResourceRef } from '@skerry/client';

export interface DiscoveredResource extends ResourceRef {
  readonly verbs: readonly string[];
}

export interface Discovery {
  readonly resources: readonly DiscoveredResource[];
  /** Group-versions whose document could not be read, with why. */
  readonly failures: readonly string[];
}

interface ResourceListDocument {
  groupVersion: string;
  resources: { name: string; kind: string; namespaced: boolean; verbs: string[]; group?: string }[];
}

interface GroupListDocument {
  groups: {
    name: string;
    preferredVersion?: { groupVersion: string };
    versions: { groupVersion: string }[];
  }[];
}

export async function discover(client: ApiClient): Promise<Discovery> {
  const groups = await client.request<GroupListDocument>('GET', '/apis');
  const versions = ['v1'];
  for (const { preferredVersion, versions: all } of groups.groups) {
    // Resources that only a lesser version has must not be missed.
    const ordered = [preferredVersion, ...all].flatMap((one) => (one ? [one.groupVersion] : []));
    versions.push(...new Set(ordered));
  }
  const found = new Map<string, DiscoveredResource>();
  const failures: string[] = [];
  for (const groupVersion of versions) {
    const path = groupVersion === 'v1' ? '/api/v1' : `/apis/${groupVersion}`;
    let document: ResourceListDocument;
    try {
      document = await client.request<ResourceListDocument>('GET', path);
    } catch (error) {
      failures.push(`${groupVersion}: ${describeError(error)}`);
      continue;
    }
    const slash = groupVersion.indexOf('/');
    const group = slash < 0 ? '' : groupVersion.slice(0, slash);
    const version = groupVersion.slice(slash + 1);
    for (const { name, kind, namespaced, verbs } of document.resources) {
      const key = `${group}/${name}`;
      if (name.includes('/') || found.has(key)) continue;
      found.set(key, { group, version, resource: name, kind, namespaced, verbs });
    }
  }
  return { resources: [...found.values()], failures };
}
