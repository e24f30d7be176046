import type { ViewQuery } from '@skerry/center/contract';
import { queryString } from '#api/request.ts';

/** A view's question in a query string: namespaces joined by commas, columns of one's own each by itself. */
export function viewQueryString({ namespace, columns = [], ...rest }: ViewQuery): string {
  const text = queryString({ ...rest, namespace: namespace?.join(',') });
  const own = new URLSearchParams(columns.map((column) => ['column', column])).toString();
  return own === '' ? text : `${text}${text === '' ? '?' : '&'}${own}`;
}
