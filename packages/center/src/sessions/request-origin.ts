/**
 * Whether a request that changes something came from the console's own pages. Browsers say so in `Sec-Fetch-Site`, older ones
 * in `Origin` or `Referer`; a page of others can forge none of them. Who carries an API token is no browser that was tricked:
 * browsers send none by themselves.
 */
import type { Credentials } from '#http/gate.ts';
import { refusal } from '#http/answer.ts';

/** Throws 403. */
export function checkOrigin(
  { method, header, origin }: Credentials,
  { socket = false }: { readonly socket?: boolean } = {},
): void {
  if (method === 'GET' && !socket) return;
  const stated = header('origin');
  const site = header('sec-fetch-site');
  const refuse = () => refusal('CsrfRefused', 'the request did not come from the console');
  if (stated !== undefined && stated !== origin) throw refuse();
  if (site !== undefined && site !== 'same-origin') throw refuse();
  if (stated !== undefined || (site !== undefined && !socket) || header('authorization') !== undefined)
    return;
  const referer = header('referer');
  if (socket || referer === undefined || URL.parse(referer)?.origin !== origin) throw refuse();
}
