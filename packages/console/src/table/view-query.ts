import type { ViewQuery } from '@skerry/center/contract';
import { queryString } from '#api/request.ts';

/** A view's question in a query string: namespaces joined by commas. */
export function viewQueryString({ namespace, ...rest }: ViewQuery): string {
  return queryString({ ...rest, namespace: namespace?.join(',') });
}
