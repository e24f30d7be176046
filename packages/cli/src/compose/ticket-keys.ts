/**
 * The keys of TLS tickets, by which machines come back without showing their certificate again: the same in every process of this
 * center and after each restart, when thousands come back at once. They follow from the authority's private key, since whoever has
 * them can be anyone, as whoever has that can; with another authority no ticket is good any more.
 */
import { hkdfSync } from 'node:crypto';
import type { KeyPair } from '@skerry/pki';

/** What OpenSSL takes: a name, and two keys. */
const ticketKeysBytes = 48;

export function ticketKeysOf({ keyPem, certificatePem }: KeyPair): Buffer {
  return Buffer.from(hkdfSync('sha256', keyPem, certificatePem, 'skerry TLS tickets', ticketKeysBytes));
}
