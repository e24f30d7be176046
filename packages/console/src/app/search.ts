/**
 * The query string of every screen: scope and filter, plain text as people would write it. Kept across screens of one cluster:
 * region, pool and namespace.
 */
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback } from 'react';

export interface Search {
  readonly q?: string;
  readonly region?: string;
  readonly pool?: string;
  /** Comma-separated. */
  readonly namespace?: string;
  readonly sort?: string;
  readonly group?: 'pool' | 'region' | 'namespace' | 'none';
  readonly offset?: string;
  readonly tab?: string;
  /** Of charts: `1h`, `6h`, `24h`, `7d`. */
  readonly range?: string;
  /** Further words of single screens. */
  readonly [name: string]: string | undefined;
}

export function parseSearch(text: string): Search {
  return Object.fromEntries(new URLSearchParams(text));
}

export function stringifySearch(search: Readonly<Record<string, unknown>>): string {
  const pairs = Object.entries(search).flatMap(([name, value]): [string, string][] =>
    typeof value === 'string' && value !== '' ? [[name, value]] : [],
  );
  if (pairs.length === 0) return '';
  // A comma and a colon are no trouble in a query string, and read better as they are.
  return `?${new URLSearchParams(pairs).toString().replaceAll('%2C', ',').replaceAll('%3A', ':')}`;
}

/** What the address asks for, and how to ask for something else. A change of the filter replaces the address, of a tab adds one. */
export function useSearchState(): [Search, (change: Partial<Search>, options?: { push?: boolean }) => void] {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const change = useCallback(
    (next: Partial<Search>, { push = false }: { push?: boolean } = {}) => {
      void navigate({
        to: '.',
        search: (previous: Search) => withoutEmpty({ ...previous, ...next }),
        replace: !push,
      } as never);
    },
    [navigate],
  );
  return [search, change];
}

export function withoutEmpty(search: Search): Search {
  return Object.fromEntries(
    Object.entries(search).filter(([, value]) => value !== undefined && value !== ''),
  );
}

export function scopeOf(search: Search): Search {
  return withoutEmpty({ region: search.region, pool: search.pool, namespace: search.namespace });
}

export function namespacesOf(search: Search): readonly string[] {
  return search.namespace ? search.namespace.split(',').filter(Boolean) : [];
}
