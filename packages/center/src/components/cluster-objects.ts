/**
 * Objects of any kind in one cluster, found by the discovery of its API server. What discovery says is kept while this lives
 * and asked for again when a kind is not in it: a definition may just have been made.
 */
import { type AnyObject, isApiError, type Pod } from '@skerry/api';
import { SkerryError } from '@skerry/base';
import { type ApiClient, type ResourceClient, type ResourceRef, resources } from '@skerry/client';
import type { ObjectName } from '#components/component.ts';

interface ResourceList {
  readonly resources?: readonly {
    readonly name: string;
    readonly kind: string;
    readonly namespaced: boolean;
    readonly verbs: readonly string[];
  }[];
}

export const fieldManager = 'skerry-component';

/** What the cluster puts into every namespace. */
const isEverywhere = new Set(['serviceaccounts default', 'configmaps kube-root-ca.crt']);

/** Not what tells of others, or follows from them. */
function isKept(group: string, resource: string): boolean {
  return (
    resource !== 'events' &&
    group !== 'metrics.k8s.io' &&
    resource !== 'endpoints' &&
    resource !== 'endpointslices'
  );
}

export class ClusterObjects {
  readonly #client: ApiClient;
  readonly #known = new Map<string, ResourceList>();

  constructor(client: ApiClient) {
    this.#client = client;
  }

  /** Undefined where the cluster serves no such kind. */
  async ref({ apiVersion, kind }: Pick<ObjectName, 'apiVersion' | 'kind'>): Promise<ResourceRef | undefined> {
    const [first = '', second] = apiVersion.split('/');
    const { group, version } =
      second === undefined ? { group: '', version: first } : { group: first, version: second };
    for (const anew of [false, true]) {
      const list = await this.#discover(group, version, anew);
      const found = list.resources?.find(
        (resource) => resource.kind === kind && !resource.name.includes('/'),
      );
      if (found) return { group, version, kind, resource: found.name, namespaced: found.namespaced };
    }
    return undefined;
  }

  async get(name: ObjectName): Promise<AnyObject | undefined> {
    const at = await this.#at(name);
    if (!at) return undefined;
    try {
      return await at.get(name.name, { namespace: name.namespace });
    } catch (error) {
      if (isApiError(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  /** Server-side apply that takes over what others set; what was made of it. */
  async apply(object: AnyObject, { dryRun = false }: { dryRun?: boolean } = {}): Promise<AnyObject> {
    const name = nameOf(object);
    const at = await this.#at(name);
    if (!at)
      throw new SkerryError('component-broken', `the cluster serves no ${name.kind} of ${name.apiVersion}`);
    return at.patch(name.name, object, {
      type: 'apply',
      namespace: name.namespace,
      fieldManager,
      force: true,
      dryRun,
    });
  }

  /** Also when it is gone already. */
  async delete(name: ObjectName): Promise<void> {
    const at = await this.#at(name);
    try {
      await at?.delete(name.name, { namespace: name.namespace, propagationPolicy: 'Background' });
    } catch (error) {
      if (!isApiError(error, 'NotFound')) throw error;
    }
  }

  /** At most `limit` objects of a resource, in all namespaces. */
  async some(ref: ResourceRef, limit: number): Promise<AnyObject[]> {
    try {
      return (await this.#client.resource<AnyObject>(ref).list({ limit })).items;
    } catch (error) {
      if (isApiError(error, 'NotFound')) return [];
      throw error;
    }
  }

  /** What the first pod of a workload that isn't ready says of why; undefined where it says nothing. */
  async whyPodsWait({ metadata, spec }: AnyObject): Promise<string | undefined> {
    const labels = (spec as { selector?: { matchLabels?: Record<string, string> } } | undefined)?.selector
      ?.matchLabels;
    if (!labels || !metadata?.namespace) return undefined;
    const labelSelector = Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(',');
    const pods = this.#client.resource<Pod>(resources.pods);
    const { items } = await pods.list({ namespace: metadata.namespace, labelSelector, limit: 50 });
    for (const { status, metadata: pod } of items) {
      const scheduled = status?.conditions?.find(({ type }) => type === 'PodScheduled');
      if (scheduled?.status === 'False') return `pod ${pod?.name}: ${scheduled.message}`;
      for (const { state } of [
        ...(status?.initContainerStatuses ?? []),
        ...(status?.containerStatuses ?? []),
      ]) {
        const { reason, message } = state?.waiting ?? {};
        if (reason && reason !== 'ContainerCreating' && reason !== 'PodInitializing')
          return `pod ${pod?.name}: ${reason}${message ? `: ${message}` : ''}`;
      }
    }
    return undefined;
  }

  /** One object in a namespace that is not there by itself, in words; undefined where it is empty. */
  async firstIn(namespace: string): Promise<string | undefined> {
    for (const ref of await this.#namespacedResources()) {
      const { items } = await this.#client.resource<AnyObject>(ref).list({ namespace, limit: 5 });
      const found = items.find(({ metadata }) => !isEverywhere.has(`${ref.resource} ${metadata?.name}`));
      if (found) return `${ref.kind} ${namespace}/${found.metadata?.name}`;
    }
    return undefined;
  }

  async #namespacedResources(): Promise<ResourceRef[]> {
    const { groups = [] } = await this.#client.request<{
      groups?: { preferredVersion: { groupVersion: string } }[];
    }>('GET', '/apis');
    const versions = ['v1', ...groups.map(({ preferredVersion }) => preferredVersion.groupVersion)];
    const refs: ResourceRef[] = [];
    for (const apiVersion of versions) {
      const [first = '', second] = apiVersion.split('/');
      const [group, version] = second === undefined ? ['', first] : [first, second];
      const { resources = [] } = await this.#discover(group, version, true);
      refs.push(
        ...resources
          .filter(
            ({ name, namespaced, verbs }) => namespaced && verbs.includes('list') && isKept(group, name),
          )
          .map(({ name, kind }) => ({ group, version, kind, resource: name, namespaced: true })),
      );
    }
    return refs;
  }

  async #at(name: ObjectName): Promise<ResourceClient<AnyObject> | undefined> {
    const ref = await this.ref(name);
    return ref && this.#client.resource<AnyObject>(ref);
  }

  async #discover(group: string, version: string, anew: boolean): Promise<ResourceList> {
    const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
    const known = anew ? undefined : this.#known.get(path);
    if (known) return known;
    let list: ResourceList = {};
    try {
      list = await this.#client.request<ResourceList>('GET', path);
    } catch (error) {
      if (!isApiError(error, 'NotFound')) throw error;
    }
    this.#known.set(path, list);
    return list;
  }
}

export function nameOf({ apiVersion, kind, metadata }: AnyObject): ObjectName {
  return {
    apiVersion: apiVersion ?? '',
    kind: kind ?? '',
    ...(metadata?.namespace ? { namespace: metadata.namespace } : {}),
    name: metadata?.name ?? '',
  };
}

export function isSameObject(a: ObjectName, b: ObjectName): boolean {
  const group = ({ apiVersion }: ObjectName) => (apiVersion.includes('/') ? apiVersion.split('/')[0] : '');
  return group(a) === group(b) && a.kind === b.kind && a.name === b.name && a.namespace === b.namespace;
}

/** As people write it: `DaemonSet kube-system/node-exporter`. */
export function wordsOf({ kind, namespace, name }: ObjectName): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}
