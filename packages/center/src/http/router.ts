/**
 * Finds the route of a path. Paths are matched as they were sent, segment by segment; only the value of a `:name` is
 * decoded, once, and one that decodes to a path of its own is refused, so that what is checked is what is used.
 */
import { badRequest } from '@skerry/api';

export interface Match<R> {
  readonly route: R;
  readonly params: Readonly<Record<string, string>>;
}

const segmentsMax = 64;

export class Router<R extends { readonly pattern: string }> {
  readonly #routes: readonly { readonly route: R; readonly segments: readonly string[] }[];

  constructor(routes: readonly R[]) {
    this.#routes = routes
      .map((route) => ({ route, segments: route.pattern.split('/').slice(1) }))
      .toSorted((left, right) => compare(left.segments, right.segments));
  }

  /** All routes of the path, whatever their method; those with names written out come first. Throws 400. */
  find(path: string): Match<R>[] {
    const parts = path.split('/').slice(1);
    if (parts.length > segmentsMax) throw badRequest('the path has too many segments');
    return this.#routes.flatMap(({ route, segments }) => {
      const params = matched(segments, parts);
      return params ? [{ route, params }] : [];
    });
  }
}

/** Written-out segments before `:name`, and that before `*`. */
function compare(left: readonly string[], right: readonly string[]): number {
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = rank(left[index]) - rank(right[index]);
    if (difference !== 0) return difference;
  }
  return 0;
}

function rank(segment: string | undefined): number {
  if (segment === undefined) return 3;
  if (segment === '*') return 2;
  return segment.startsWith(':') ? 1 : 0;
}

function matched(segments: readonly string[], parts: readonly string[]): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    if (segment === '*') {
      if (index >= parts.length) return undefined;
      params['*'] = parts.slice(index).join('/');
      return params;
    }
    const part = parts[index];
    if (part === undefined) return undefined;
    if (segment.startsWith(':')) {
      if (part === '') return undefined;
      params[segment.slice(1)] = part;
    } else if (segment !== part) return undefined;
  }
  if (parts.length !== segments.length) return undefined;
  for (const [name, value] of Object.entries(params)) params[name] = decodeSegment(value);
  return params;
}

/** Throws 400 for what is no plain name. */
export function decodeSegment(raw: string): string {
  let value: string;
  try {
    value = decodeURIComponent(raw);
  } catch {
    throw badRequest('the path is not well encoded');
  }
  if (value === '.' || value === '..' || /[/\\\p{Cc}]/u.test(value)) {
    throw badRequest('a segment of the path is not a name');
  }
  return value;
}
