/** What is asked of logs, from a query string, checked. */
import { badRequest } from '@skerry/api';
import type { LogsQuery } from '#contract/index.ts';

export type CheckedLogsQuery = Omit<LogsQuery, 'ticket'>;

const namePattern = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

/** @throws ApiError BadRequest */
export function logsQueryFrom(parameters: URLSearchParams): CheckedLogsQuery {
  const [pod, selector] = [parameters.get('pod') || undefined, parameters.get('selector') || undefined];
  if ((pod === undefined) === (selector === undefined))
    throw badRequest('logs: name a pod or give a selector');
  return {
    namespace: named(parameters, 'namespace') ?? missing('namespace'),
    ...(pod === undefined ? { selector } : { pod: named(parameters, 'pod') }),
    container: named(parameters, 'container'),
    previous: flag(parameters, 'previous'),
    follow: flag(parameters, 'follow'),
    timestamps: flag(parameters, 'timestamps'),
    tailLines: count(parameters, 'tailLines'),
    sinceSeconds: count(parameters, 'sinceSeconds'),
    sinceTime: instant(parameters, 'sinceTime'),
    limitBytes: count(parameters, 'limitBytes'),
  };
}

/** A name that may go into a path. */
export function named(parameters: URLSearchParams, key: string): string | undefined {
  const value = parameters.get(key);
  if (value === null || value === '') return undefined;
  if (!namePattern.test(value)) throw badRequest(`${key}: not a name`);
  return value;
}

export function missing(key: string): never {
  throw badRequest(`${key}: is missing`);
}

function flag(parameters: URLSearchParams, key: string): boolean | undefined {
  const value = parameters.get(key);
  return value === null ? undefined : value === 'true';
}

function instant(parameters: URLSearchParams, key: string): string | undefined {
  const value = parameters.get(key) || undefined;
  if (value === undefined) return undefined;
  if (!/^\d{4}-\d\d-\d\dT[\d:.]{8,18}Z$/.test(value) || Number.isNaN(Date.parse(value)))
    throw badRequest(`${key}: not an RFC 3339 time in UTC`);
  return value;
}

function count(parameters: URLSearchParams, key: string): number | undefined {
  const value = parameters.get(key);
  if (value === null || value === '') return undefined;
  if (!/^\d{1,9}$/.test(value)) throw badRequest(`${key}: not a count`);
  return Number(value);
}
