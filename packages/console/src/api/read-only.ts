/**
 * Read-only mode: whoever only wants to look can't change anything by mistake, everywhere or in some clusters. What would change
 * something isn't offered, and a request that would is refused here, before it is sent. It is a belt for the person who wears it; what
 * they may do is the cluster's to say.
 */
import { paths, type Preferences, type TicketRequest } from '@skerry/center/contract';
import { translate } from '#i18n/index.ts';
import { preferencesNow, usePreferences } from './preferences.ts';
import { sessionHooks, type RequestOptions } from './request.ts';
import { StatusError } from './status-error.ts';

export const readOnlyReason = 'ReadOnlyMode';

/** @param cluster absent for what belongs to no cluster */
export function useReadOnly(cluster?: string): boolean {
  return isReadOnlyIn(usePreferences(), cluster);
}

export function isReadOnlyIn(
  { readOnly, readOnlyClusters }: Preferences,
  cluster: string | undefined,
): boolean {
  return readOnly === true || (cluster !== undefined && (readOnlyClusters ?? []).includes(cluster));
}

/** Requests with a body that ask and change nothing, or that are about the person alone. */
const harmless: readonly RegExp[] = [
  /^\/api\/session(\/|$)/,
  /^\/api\/sessions(\/|$)/,
  /^\/api\/preferences$/,
  /^\/api\/clusters\/[^/]+\/(can-i|placement|kubeconfig)$/,
];

/** Whether the request changes something that isn't the person's own. */
export function changesSomething(
  path: string,
  { method = 'GET', body, query }: Pick<RequestOptions, 'method' | 'body' | 'query'>,
): boolean {
  if (method === 'GET' || harmless.some((pattern) => pattern.test(path))) return false;
  if (path === paths.tickets) return (body as TicketRequest).purpose === 'exec';
  const isDryRun = query?.['dryRun'] === 'All' || /[?&]dryRun=All(&|$)/.test(path);
  return !isDryRun && !(body as { dryRun?: boolean } | undefined)?.dryRun;
}

export function clusterOf(path: string, body: unknown): string | undefined {
  const target = path === paths.tickets ? (body as TicketRequest).target : path;
  const [, cluster] = /^\/api\/clusters\/([^/]+)\//.exec(target) ?? [];
  return cluster === undefined ? undefined : decodeURIComponent(cluster);
}

sessionHooks.check = (path, options): void => {
  if (!changesSomething(path, options)) return;
  if (!isReadOnlyIn(preferencesNow(), clusterOf(path, options.body))) return;
  throw new StatusError({ code: 403, reason: readOnlyReason, message: translate('readOnly.refused') });
};
