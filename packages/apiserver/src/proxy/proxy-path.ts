/** Names and paths of `…/proxy` requests. */
import { badRequest } from '@skerry/api';

export interface ProxyName {
  readonly scheme: 'http' | 'https';
  readonly name: string;
  /** A number, the name of a port, or '' for the default. */
  readonly port: string;
}

/** `name`, `name:port` or `scheme:name:port`; `what` it is the name of. */
export function parseProxyName(text: string, what: 'node' | 'pod' | 'service'): ProxyName {
  const parts = text.split(':');
  const [scheme = '', name = '', port = ''] = parts.length === 3 ? parts : ['', ...parts];
  if (parts.length > 3 || name === '' || !['http', 'https', ''].includes(scheme))
    throw badRequest(`invalid ${what} request ${JSON.stringify(text)}`);
  return { scheme: scheme === 'https' ? 'https' : 'http', name, port };
}

export function joinPath(path: string, search: string): string {
  return search === '' ? path : `${path}?${search}`;
}

/** A link or redirect of the proxied server, so that it leads through the proxy again; what leads elsewhere is left alone. */
export function rewriteLink(link: string, { prefix, host }: { prefix: string; host: string }): string {
  const [, named, path] = /^(?:[a-z][a-z\d+.-]*:)?\/\/([^/?#]*)(.*)$/is.exec(link) ?? [
    undefined,
    undefined,
    link,
  ];
  if (named !== undefined && named !== host) return link;
  if (!path.startsWith('/')) return named === undefined ? link : `${prefix}/${path}`;
  return path === prefix || path.startsWith(`${prefix}/`) ? path : `${prefix}${path}`;
}
