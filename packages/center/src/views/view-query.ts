/** The query of a view, from a query string or a message, checked. */
import { badRequest } from '@skerry/api';
import type { ViewQuery } from '#contract/index.ts';
import { checkedOwnColumns } from '#views/own-columns.ts';

const groupings = ['pool', 'region', 'namespace', 'none'] as const;
const textLengthMax = 2000;
const namespacesMax = 500;
const offsetMax = 10_000_000;

/** @throws ApiError BadRequest */
export function viewQueryFrom(parameters: URLSearchParams): ViewQuery {
  const namespace = parameters
    .getAll('namespace')
    .flatMap((value) => value.split(','))
    .filter(Boolean);
  return checkedViewQuery({
    q: parameters.get('q') ?? undefined,
    namespace: namespace.length > 0 ? namespace : undefined,
    region: parameters.get('region') ?? undefined,
    pool: parameters.get('pool') ?? undefined,
    sort: parameters.get('sort') ?? undefined,
    offset: numberOf(parameters, 'offset'),
    limit: numberOf(parameters, 'limit'),
    group: parameters.get('group') ?? undefined,
    // Each in a parameter of its own: a path may hold a comma.
    columns: parameters.has('column') ? parameters.getAll('column') : undefined,
  });
}

function numberOf(parameters: URLSearchParams, name: string): number | undefined {
  const text = parameters.get(name);
  return text === null ? undefined : Number(text);
}

/** @throws ApiError BadRequest */
export function checkedViewQuery(value: Readonly<Record<string, unknown>>): ViewQuery {
  const query: Record<string, unknown> = {};
  for (const name of ['q', 'region', 'pool', 'sort']) {
    const text = value[name];
    if (text === undefined || text === null) continue;
    if (typeof text !== 'string' || text.length > textLengthMax)
      throw badRequest(`${name}: not a short text`);
    query[name] = text;
  }
  for (const name of ['offset', 'limit']) {
    const number = value[name];
    if (number === undefined || number === null) continue;
    if (!Number.isInteger(number) || Number(number) < 0 || Number(number) > offsetMax)
      throw badRequest(`${name}: not a count`);
    query[name] = number;
  }
  const { group, namespace } = value;
  if (group !== undefined && group !== null) {
    if (!groupings.includes(group as never)) throw badRequest(`group: one of ${groupings.join(', ')}`);
    query['group'] = group;
  }
  if (namespace !== undefined && namespace !== null) {
    if (
      !Array.isArray(namespace) ||
      namespace.length > namespacesMax ||
      !namespace.every((name) => typeof name === 'string')
    )
      throw badRequest('namespace: not a list of names');
    query['namespace'] = namespace;
  }
  if (value['columns'] !== undefined && value['columns'] !== null)
    query['columns'] = checkedOwnColumns(value['columns']);
  return query;
}
