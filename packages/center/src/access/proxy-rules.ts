/**
 * What of a cluster's API the console's backend passes on. Nothing that streams or that speaks of itself as something else:
 * watches, exec, port-forward and the proxies of services, pods and nodes, whose answers would come from the console's own
 * address. What is dear needs a fresh proof of who sits there.
 */
import { ApiError, badRequest } from '@skerry/api';
import type { KubernetesPath } from '#access/kubernetes-path.ts';
import type { Method } from '#http/route.ts';

export const bodyBytesMax = 3 << 20;
export const bodyTypes = [
  'application/yaml',
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
];
const listMax = 500;
const logBytesMax = 1 << 20;

const streaming = new Set(['exec', 'attach', 'portforward', 'proxy']);
const rightsGroup = 'rbac.authorization.k8s.io';
const centerGroup = 'center.skerry.io';
/** Of the management API: what decides who may do what. */
const rightsOfCenter = new Set(['users', 'grants', 'apitokens', 'identityproviders', 'owners']);
/** Taking one away takes much else away. */
const protectedKinds = new Set([
  'namespaces',
  'nodes',
  'persistentvolumes',
  'customresourcedefinitions.apiextensions.k8s.io',
  'nodepools.apps.openyurt.io',
  'clusters.center.skerry.io',
]);
/** What speaks for others once it is there. */
const credentials = new Set(['serviceaccounts/token', 'certificatesigningrequests/approval']);

const tableOrJson =
  /^application\/(?:json|yaml)(?:;(?:as=(?:Table|PartialObjectMetadata(?:List)?)|v=v1|g=meta\.k8s\.io|charset=utf-8))*$/;

/** The Accept header that is passed on: JSON, YAML or a Table, whatever else was asked for. */
export function acceptOf(asked: string | undefined): string {
  const types = (asked ?? '')
    .split(',')
    .map((type) =>
      type
        .split(';')
        .map((part) => part.trim())
        .join(';'),
    )
    .filter((type) => tableOrJson.test(type));
  return types.length > 0 ? types.join(',') : 'application/json';
}

/** The query that is passed on. Throws 400 for what would stream. */
export function queryOf(
  asked: URLSearchParams,
  { method, path, accept }: { method: Method; path: KubernetesPath; accept: string },
): string {
  const query = new URLSearchParams(asked);
  if (isTrue(query, 'watch')) throw badRequest('watches are not passed on; ask for a view');
  if (isTrue(query, 'follow')) throw badRequest('logs are followed over their own stream');
  query.delete('watch');
  query.delete('follow');
  if (method === 'GET' && path.resource && !path.name) {
    const limit = Number(query.get('limit') ?? listMax);
    query.set('limit', String(limit >= 1 && limit <= listMax ? Math.floor(limit) : listMax));
  }
  if (path.subresource === 'log') {
    const bytes = Number(query.get('limitBytes') ?? logBytesMax);
    query.set('limitBytes', String(bytes >= 1 && bytes <= logBytesMax ? Math.floor(bytes) : logBytesMax));
  }
  // Metadata can repeat a Secret's values (the annotation that `kubectl apply` leaves).
  if (isSecret(path) && accept.includes('as=Table')) query.set('includeObject', 'None');
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

/** Throws 403 for what is never passed on. */
export function checkPassable({ subresource }: KubernetesPath): void {
  if (subresource && streaming.has(subresource.split('/')[0] ?? '')) {
    throw new ApiError('Forbidden', `${subresource} is not passed on here`);
  }
}

/** Whether the caller has to prove first who they are. */
export function needsProof(
  { method, accept }: { readonly method: Method; readonly accept: string },
  { group, resource = '', name, subresource }: KubernetesPath,
): boolean {
  const kind = group === '' ? resource : `${resource}.${group}`;
  if (isSecret({ group, resource })) return method !== 'DELETE' && !(method === 'GET' && isTableOnly(accept));
  if (method === 'GET') return false;
  if (credentials.has(`${resource}/${subresource}`)) return true;
  if (group === rightsGroup || (group === centerGroup && rightsOfCenter.has(resource))) return true;
  return method === 'DELETE' && (protectedKinds.has(kind) || name === undefined);
}

export function isSecret({ group, resource }: KubernetesPath): boolean {
  return group === '' && resource === 'secrets';
}

function isTableOnly(accept: string): boolean {
  return accept.split(',').every((type) => type.includes('as=Table'));
}

/** As Kubernetes reads a flag of a query. */
function isTrue(query: URLSearchParams, name: string): boolean {
  return query.getAll(name).some((value) => value !== 'false' && value !== '0');
}
