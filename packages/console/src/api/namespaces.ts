import { paths, type Page } from '@skerry/center/contract';
import { useQuery } from '@tanstack/react-query';
import { request } from './request.ts';

/** Names of the namespaces that the caller may see, at most 200; others can be typed. */
export function useNamespaces(cluster: string): readonly string[] {
  const { data } = useQuery({
    queryKey: ['namespaces', cluster],
    queryFn: () => request<Page>(paths.view(cluster, 'namespaces'), { query: { limit: 200, sort: 'name' } }),
    staleTime: 30_000,
  });
  return data?.rows.map((row) => row.name) ?? [];
}
