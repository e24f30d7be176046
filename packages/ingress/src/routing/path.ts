/** Paths of requests, so that a route sees what a backend will. */
import type { Rewrite } from '#routing/route.ts';

export interface RequestTarget {
  /** Without `.` and `..` elements. */
  readonly path: string;
  /** With its `?`, or ''. */
  readonly query: string;
  /** Where the target names a host itself, as requests to proxies do. */
  readonly authority?: string;
}

/** Undefined for what is no target of a request. */
export function parseTarget(url: string): RequestTarget | undefined {
  if (url.startsWith('/')) {
    const mark = url.indexOf('?');
    const path = mark < 0 ? url : url.slice(0, mark);
    return { path: withoutDots(path), query: mark < 0 ? '' : url.slice(mark) };
  }
  const absolute = /^https?:\/\/([^/?#]+)(.*)$/i.exec(url);
  if (!absolute) return undefined;
  const rest = absolute[2] === '' ? '/' : absolute[2]!;
  const parsed = parseTarget(rest.startsWith('/') ? rest : `/${rest}`);
  return parsed && { ...parsed, authority: absolute[1]! };
}

/** A path that leads out of where it was matched would pass by the rules of where it arrives. */
function withoutDots(path: string): string {
  if (!/\/(?:\.|%2e)/i.test(path)) return path;
  const kept: string[] = [];
  const elements = path.split('/').slice(1);
  for (const [index, element] of elements.entries()) {
    const plain = element.replaceAll(/%2e/gi, '.');
    if (plain === '..') kept.pop();
    if (plain !== '.' && plain !== '..') kept.push(element);
    else if (index === elements.length - 1) kept.push('');
  }
  return `/${kept.join('/')}`;
}

export function isWithin(path: string, prefix: string): boolean {
  return path.startsWith(prefix) && (path.length === prefix.length || path[prefix.length] === '/');
}

/** `/a/` and `/a` are the same prefix; '' is the prefix of everything. */
export function prefixOf(value: string): string {
  return value.replace(/\/+$/, '');
}

/** What a rewrite makes of a path that matched `matched`. */
export function rewritePath(path: string, matched: string, rewrite: Rewrite['path']): string {
  if (!rewrite) return path;
  if (rewrite.type === 'full') return rewrite.value.startsWith('/') ? rewrite.value : `/${rewrite.value}`;
  const rest = path.slice(prefixOf(matched).length);
  const start = prefixOf(rewrite.value);
  const whole = `${start}${rest === '' || rest.startsWith('/') ? rest : `/${rest}`}`;
  return whole.startsWith('/') ? whole : `/${whole}`;
}
