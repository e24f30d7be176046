import type { IncomingHttpHeaders } from 'node:http';
import type { PeerIdentity } from '#ports.ts';

/** Where a request comes from. */
export interface Origin {
  readonly peer?: PeerIdentity;
  readonly remoteAddress?: string;
}

export function splitTarget(target: string): { path: string; query: URLSearchParams } {
  const mark = target.indexOf('?');
  if (mark < 0) return { path: target, query: new URLSearchParams() };
  return { path: target.slice(0, mark), query: new URLSearchParams(target.slice(mark + 1)) };
}

/** One text a header, as most readers want it. */
export function flatten(headers: IncomingHttpHeaders): Record<string, string | undefined> {
  const flat: Record<string, string | undefined> = {};
  for (const name in headers) {
    const value = headers[name];
    flat[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}
