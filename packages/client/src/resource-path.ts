import type { DeleteOptions, ListOptions, ResourceRef, WatchRequest, WriteOptions } from '#rest.ts';

/** The path of a collection, an object or a subresource: `/apis/apps/v1/namespaces/shop/deployments/web/scale`. */
export function resourcePath(
  ref: ResourceRef,
  { namespace, name, subresource }: { namespace?: string; name?: string; subresource?: string },
): string {
  if (name !== undefined && name === '') throw new TypeError(`${ref.resource}: a name is needed`);
  if (ref.namespaced && name !== undefined && !namespace) {
    throw new TypeError(`${ref.resource} ${name}: a namespace is needed`);
  }
  const parts = ref.group === '' ? ['api', ref.version] : ['apis', ref.group, ref.version];
  if (ref.namespaced && namespace) parts.push('namespaces', encodeURIComponent(namespace));
  parts.push(ref.resource);
  if (name !== undefined) parts.push(encodeURIComponent(name));
  if (subresource) parts.push(subresource);
  return `/${parts.join('/')}`;
}

export function listQuery(options: ListOptions): Record<string, string | undefined> {
  return {
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
    limit: options.limit === undefined ? undefined : String(options.limit),
    continue: options.continue,
    resourceVersion: options.resourceVersion,
    resourceVersionMatch: options.resourceVersionMatch,
  };
}

export function watchQuery(options: WatchRequest): Record<string, string | undefined> {
  return {
    ...listQuery(options),
    watch: 'true',
    allowWatchBookmarks: options.allowBookmarks ? 'true' : undefined,
    sendInitialEvents:
      options.sendInitialEvents === undefined ? undefined : String(options.sendInitialEvents),
    timeoutSeconds: options.timeoutSeconds === undefined ? undefined : String(options.timeoutSeconds),
  };
}

export function writeQuery(options: WriteOptions & { force?: boolean }): Record<string, string | undefined> {
  return {
    fieldManager: options.fieldManager,
    dryRun: options.dryRun ? 'All' : undefined,
    force: options.force === undefined ? undefined : String(options.force),
  };
}

export function deleteBody(options: DeleteOptions): object {
  return {
    kind: 'DeleteOptions',
    apiVersion: 'v1',
    gracePeriodSeconds: options.gracePeriodSeconds,
    propagationPolicy: options.propagationPolicy,
    preconditions: options.preconditions,
  };
}

export function withQuery(path: string, query: Record<string, string | undefined>): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') parts.push(`${name}=${encodeURIComponent(value)}`);
  }
  return parts.length === 0 ? path : `${path}?${parts.join('&')}`;
}
