/** Names and paths of `…/proxy` requests. */
import { badRequest } from '@skerry/api';

export interface ProxyName {
  readonly scheme: 'http' | 'https';
  readonly name: string;
  /** A number, the name of a port, or '' for the default. */
  readonly port: string;
}

/** `name`, `name:port` or `scheme:name:port`. */
export function parseProxyName(text: string): ProxyName {
  const parts = text.split(':');
  if (parts.length <= 2) return { scheme: 'http', name: parts[0] ?? '', port: parts[1] ?? '' };
  const [scheme, name = '', port = ''] = parts;
  if (parts.length > 3 || (scheme !== 'http' && scheme !== 'https' && scheme !== '')) {
    throw badRequest(
      `invalid proxy request ${JSON.stringify(text)}: use name, name:port or scheme:name:port`,
    );
  }
  return { scheme: scheme === 'https' ? 'https' : 'http', name, port };
}

export function joinPath(path: string, search: string): string {
  return search === '' ? path : `${path}?${search}`;
}

/** A redirect of the proxied server, so that it leads through the proxy again; other servers' are left as they are. */
export function rewriteLocation(
  location: string,
  { prefix, host }: { prefix: string; host: string },
): string {
  if (location.startsWith('/') && !location.startsWith('//')) return `${prefix}${location}`;
  try {
    const url = new URL(location);
    if (url.host !== host) return location;
    return `${prefix}${url.pathname}${url.search}${url.hash}`;
  } catch {
    return location;
  }
}
