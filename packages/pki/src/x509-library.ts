import type * as X509 from '@peculiar/x509';

let library: Promise<typeof X509> | undefined;

/**
 * The certificate library, loaded on first use: it costs half a second and 20 MB, and neither a server that finds its
 * certificates on disk nor an agent between two renewals needs it. Parsing goes through `node:crypto` instead.
 */
export function loadX509(): Promise<typeof X509> {
  library ??= import('reflect-metadata').then(() => import('@peculiar/x509'));
  return library;
}
