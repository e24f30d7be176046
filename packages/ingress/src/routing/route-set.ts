/**
 * Routes of one host, found by path: an exact path first, then the longest prefix; among those of one path the rules of Gateway
 * API decide, of which Ingress knows none: one with a method, with more headers, with more query parameters, the older.
 * https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule
 */
import { prefixOf } from '#routing/path.ts';
import type { Route } from '#routing/route.ts';

export interface RequestFacts {
  readonly method: string;
  readonly path: string;
  header(name: string): string | undefined;
  queryValue(name: string): string | undefined;
}

export class RouteSet {
  readonly #exact = new Map<string, Route[]>();
  readonly #prefix = new Map<string, Route[]>();
  #depthMax = 0;

  /** In any order; `sort` follows. */
  add(route: Route): void {
    const { type, value } = route.path;
    const [map, key] =
      type === 'Exact' ? ([this.#exact, value] as const) : ([this.#prefix, prefixOf(value)] as const);
    const routes = map.get(key);
    if (routes) routes.push(route);
    else map.set(key, [route]);
    if (type === 'Prefix') this.#depthMax = Math.max(this.#depthMax, key.split('/').length);
  }

  sort(): void {
    for (const routes of [...this.#exact.values(), ...this.#prefix.values()]) routes.sort(byPrecedence);
  }

  find(request: RequestFacts): Route | undefined {
    for (const routes of this.#candidates(request.path)) {
      const found = routes.find((route) => fits(route, request));
      if (found) return found;
    }
    return undefined;
  }

  *#candidates(path: string): Generator<readonly Route[]> {
    const exact = this.#exact.get(path);
    if (exact) yield exact;
    for (const prefix of prefixesOf(path, this.#depthMax)) {
      const routes = this.#prefix.get(prefix);
      if (routes) yield routes;
    }
  }
}

/** Longest first, ending with ''; none with more elements than the deepest that is known. */
function* prefixesOf(path: string, depthMax: number): Generator<string> {
  const ends: number[] = [];
  for (let at = 1; ends.length < depthMax; at++) {
    const slash = path.indexOf('/', at);
    ends.push(slash < 0 ? path.length : slash);
    if (slash < 0) break;
    at = slash;
  }
  for (const end of ends.reverse()) if (end > 1) yield path.slice(0, end);
  yield '';
}

function fits({ method, headers, query }: Route, request: RequestFacts): boolean {
  return (
    (method === undefined || method === request.method) &&
    headers.every(({ name, value }) => request.header(name) === value) &&
    query.every(({ name, value }) => request.queryValue(name) === value)
  );
}

function byPrecedence(a: Route, b: Route): number {
  return (
    Number(a.order.isDefault) - Number(b.order.isDefault) ||
    Number(b.method !== undefined) - Number(a.method !== undefined) ||
    b.headers.length - a.headers.length ||
    b.query.length - a.query.length ||
    a.order.createdMs - b.order.createdMs ||
    (a.order.name < b.order.name ? -1 : a.order.name > b.order.name ? 1 : a.order.index - b.order.index)
  );
}
