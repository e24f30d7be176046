import { parseFieldSelector } from '@skerry/api';

/**
 * What a request is about, from its method, path and query alone. Routing, authorization and audit all read this one
 * answer, so they can't disagree about which object a request touches.
 *
 * `/api/v1/namespaces/x` is about the namespace `x` itself and, for authorization, inside it: a Role of that namespace may
 * grant it. A list or watch narrowed by `metadata.name=x` carries that name, so rules with resourceNames apply.
 * Rules: https://kubernetes.io/docs/reference/using-api/api-concepts/
 */
export interface ResourceRequest {
  readonly type: 'resource';
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** What follows the subresource: the path behind `pods/x/proxy/`. */
  readonly rest: string;
  /** Whether the name was in the path, not in a field selector. */
  readonly named: boolean;
  readonly path: string;
}

export interface PathRequest {
  readonly type: 'path';
  /** Lower-case HTTP method. */
  readonly verb: string;
  readonly path: string;
}

export type RequestInfo = ResourceRequest | PathRequest;

/** A map, since over HTTP/2 a method is whatever a stranger writes: `constructor`. */
const verbs: ReadonlyMap<string, string> = new Map([
  ['POST', 'create'],
  ['GET', 'get'],
  ['HEAD', 'get'],
  ['PUT', 'update'],
  ['PATCH', 'patch'],
  ['DELETE', 'delete'],
]);

/** Subresources that are a stream to a pod, a node or what runs there. */
export const connectSubresources: ReadonlySet<string> = new Set([
  'log',
  'exec',
  'attach',
  'portforward',
  'proxy',
]);

/** Whether a request may stay as long as it likes: watches, and streams to what runs. */
export function isLongRunning(info: RequestInfo): boolean {
  return info.type === 'resource' && (info.verb === 'watch' || connectSubresources.has(info.subresource));
}

/** Subresources of a Namespace; any other third segment is a resource inside it. */
const namespaceSubresources = new Set(['status', 'finalize']);

export function requestInfo(method: string, path: string, query: URLSearchParams): RequestInfo {
  const segments = split(path);
  const asPath: PathRequest = { type: 'path', verb: method.toLowerCase(), path };
  if (!segments) return asPath;
  let rest: string[];
  let group = '';
  let version: string;
  if (segments[0] === 'api' && segments.length >= 3) {
    [, version = '', ...rest] = segments;
  } else if (segments[0] === 'apis' && segments.length >= 4) {
    [, group = '', version = '', ...rest] = segments;
  } else {
    return asPath;
  }
  let verb = verbs.get(method) ?? '';
  if (rest[0] === 'watch' && rest.length > 1 && method === 'GET') {
    verb = 'watch';
    rest = rest.slice(1);
  }
  const located = locate(rest);
  if (!located) return asPath;
  const { namespace, resource, subresource } = located;
  let { name } = located;
  const named = name !== '';
  if (!named && verb === 'get') verb = isTrue(query.get('watch')) ? 'watch' : 'list';
  if (!named && verb === 'delete') verb = 'deletecollection';
  if (!named && (verb === 'list' || verb === 'watch')) name = nameInSelector(query.get('fieldSelector'));
  return {
    type: 'resource',
    verb,
    group,
    version,
    resource,
    subresource,
    namespace,
    name,
    rest: located.rest,
    named,
    path,
  };
}

interface Location {
  namespace: string;
  resource: string;
  name: string;
  subresource: string;
  rest: string;
}

function locate(parts: readonly string[]): Location | undefined {
  if (parts[0] === 'namespaces') {
    const [, namespace = '', third] = parts;
    if (third === undefined || namespaceSubresources.has(third)) {
      return at(namespace, ['namespaces', ...parts.slice(1)]);
    }
    return at(namespace, parts.slice(2));
  }
  return parts[0] ? at('', parts) : undefined;
}

function at(
  namespace: string,
  [resource = '', name = '', subresource = '', ...rest]: readonly string[],
): Location {
  return { namespace, resource, name, subresource, rest: rest.join('/') };
}

/** Path segments, decoded; undefined when an escape is broken. The rest of a proxied path keeps its own slashes. */
function split(path: string): string[] | undefined {
  try {
    const parts = path.split('/').slice(1);
    if (parts.at(-1) === '' && !parts.includes('proxy')) parts.pop();
    return path.includes('%') ? parts.map((part) => decodeURIComponent(part)) : parts;
  } catch {
    return undefined;
  }
}

function nameInSelector(selector: string | null): string {
  if (!selector) return '';
  try {
    return parseFieldSelector(selector).exact('metadata.name') ?? '';
  } catch {
    // Whoever lists is told what is wrong with it.
    return '';
  }
}

/** A boolean query parameter as the API reads it: present and neither `false`, which Python spells `False`, nor `0`. */
export function isTrue(value: string | null): boolean {
  return value !== null && value.toLowerCase() !== 'false' && value !== '0';
}
