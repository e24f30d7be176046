/** What a path of a Kubernetes API is about. https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris */
export interface KubernetesPath {
  readonly group: string;
  /** Unset for discovery and other documents. */
  readonly resource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
}

/** Segments as they were sent, without the leading slash. Undefined for what is no path of an API. */
export function parseKubernetesPath(path: string): KubernetesPath | undefined {
  const parts = path.split('/').filter((part, index, all) => part !== '' || index < all.length - 1);
  const [root] = parts;
  if (root === 'version' || root === 'openapi') return { group: '' };
  if (root !== 'api' && root !== 'apis') return undefined;
  const group = root === 'api' ? '' : (parts[1] ?? '');
  const rest = parts.slice(root === 'api' ? 2 : 3);
  if (rest.length === 0) return { group };
  if (rest[0] === 'watch') return undefined;
  if (rest[0] === 'namespaces' && rest.length > 2 && !isNamespaceSubresource(rest)) {
    const [, namespace = '', resource = '', name, ...subresource] = rest;
    return describe({ group, namespace, resource, name, subresource });
  }
  const [resource = '', name, ...subresource] = rest;
  return describe({ group, resource, name, subresource });
}

function isNamespaceSubresource(rest: readonly string[]): boolean {
  return rest.length === 3 && (rest[2] === 'status' || rest[2] === 'finalize');
}

function describe({
  group,
  resource,
  namespace,
  name,
  subresource,
}: {
  group: string;
  resource: string;
  namespace?: string;
  name: string | undefined;
  subresource: readonly string[];
}): KubernetesPath {
  return {
    group,
    resource,
    ...(namespace ? { namespace } : {}),
    ...(name ? { name } : {}),
    ...(subresource.length > 0 ? { subresource: subresource.join('/') } : {}),
  };
}
