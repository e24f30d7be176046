/**
 * URLs as Go's net/url reads them in a request line: absolute, or a path that begins with a slash. The language's own URL
 * class corrects what it reads; here a text is taken apart as it is, or refused.
 */
export interface ParsedUrl {
  readonly scheme: string;
  /** With the port. */
  readonly host: string;
  /** Percent-encoded as written. */
  readonly escapedPath: string;
  readonly query: string;
}

/** Why the text is no URL, in Go's words, or its parts. */
export function parseUrl(text: string): ParsedUrl | { readonly fault: string } {
  const refuse = (why: string): { fault: string } => ({ fault: `parse ${JSON.stringify(text)}: ${why}` });
  if (text === '') return refuse('empty url');
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(text)) return refuse('net/url: invalid control character in URL');
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text)?.[1];
  if (scheme === undefined && /^[^/?#]*:/.test(text))
    return refuse(
      text.startsWith(':') ? 'missing protocol scheme' : 'first path segment in URL cannot contain colon',
    );
  const afterScheme = scheme === undefined ? text : text.slice(scheme.length + 1);
  const hash = afterScheme.indexOf('#');
  const withoutFragment = hash === -1 ? afterScheme : afterScheme.slice(0, hash);
  const mark = withoutFragment.indexOf('?');
  const rest = mark === -1 ? withoutFragment : withoutFragment.slice(0, mark);
  const query = mark === -1 ? '' : withoutFragment.slice(mark + 1);
  if (!rest.startsWith('/')) {
    if (scheme === undefined) return refuse('invalid URI for request');
    return { scheme: scheme.toLowerCase(), host: '', escapedPath: '', query };
  }
  const authority = scheme === undefined && !rest.startsWith('//') ? undefined : authorityOf(rest);
  const path = authority === undefined ? rest : rest.slice(authority.length + 2);
  const host = authority?.slice(authority.lastIndexOf('@') + 1) ?? '';
  const fault = hostFault(host) ?? escapeFault(path);
  if (fault) return refuse(fault);
  return { scheme: scheme?.toLowerCase() ?? '', host, escapedPath: encodePath(path), query };
}

function authorityOf(rest: string): string | undefined {
  if (!rest.startsWith('//') || rest.startsWith('///')) return rest.startsWith('///') ? '' : undefined;
  const end = rest.indexOf('/', 2);
  return rest.slice(2, end === -1 ? undefined : end);
}

function escapeFault(text: string): string | undefined {
  const wrong = /%(?![0-9a-fA-F]{2})[\s\S]{0,2}/.exec(text);
  return wrong ? `invalid URL escape ${JSON.stringify(wrong[0])}` : undefined;
}

function hostFault(host: string): string | undefined {
  if (host.startsWith('[')) {
    const end = host.lastIndexOf(']');
    if (end === -1) return "missing ']' in host";
    const port = host.slice(end + 1);
    return /^(?::\d*)?$/.test(port) ? undefined : `invalid port ${JSON.stringify(port)} after host`;
  }
  const colon = host.lastIndexOf(':');
  if (colon !== -1 && !/^:\d*$/.test(host.slice(colon)))
    return `invalid port ${JSON.stringify(host.slice(colon))} after host`;
  const wrong = /[ <>"\\^`{|}]/.exec(host);
  if (wrong) return `invalid character ${JSON.stringify(wrong[0])} in host name`;
  return escapeFault(host);
}

/** Characters that a path may not have as they are. */
function encodePath(path: string): string {
  return path.replace(/[^A-Za-z0-9\-._~!$&'()*+,;=:@/%[\]]/gu, (character) => encodeURIComponent(character));
}

export function hostnameOf(host: string): string {
  if (host.startsWith('[')) return host.slice(1, host.lastIndexOf(']'));
  return host.replace(/:\d*$/, '');
}

export function portOf(host: string): string {
  return /:(\d*)$/.exec(host.startsWith('[') ? host.slice(host.lastIndexOf(']')) : host)?.[1] ?? '';
}

/** Names to values, in order; pairs that can't be read are left out. */
export function parseQuery(query: string): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (const pair of query.split('&')) {
    if (pair === '' || pair.includes(';')) continue;
    const at = pair.indexOf('=');
    const name = decode(at === -1 ? pair : pair.slice(0, at));
    const value = decode(at === -1 ? '' : pair.slice(at + 1));
    if (name === undefined || value === undefined) continue;
    const known = values.get(name);
    if (known) known.push(value);
    else values.set(name, [value]);
  }
  return values;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}
