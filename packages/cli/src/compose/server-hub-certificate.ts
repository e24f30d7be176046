/**
 * The certificate of a hub before a cluster of elsewhere: the one that its owner names, or one of an authority that is made
 * for this hub alone, since the cluster's is not ours to ask.
 */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { type Clock, SkerryError } from '@skerry/base';
import { hubDnsNames, type KeyPair, loadOrCreateCertificateAuthority, loadOrIssue } from '@skerry/pki';

export interface GivenCertificate {
  readonly certFile: string;
  readonly keyFile: string;
}

export interface ServerHubCertificateOptions {
  readonly directory: string;
  readonly addresses: readonly string[];
  readonly given?: GivenCertificate;
  readonly clock: Clock;
}

const renewBeforeMs = 90 * 24 * 3_600_000;

/** As it is to be now; `authorityPem` of the one that is made here. */
export async function serverHubCertificate(
  options: ServerHubCertificateOptions,
): Promise<KeyPair & { readonly authorityPem?: string }> {
  const { directory, addresses, given, clock } = options;
  if (given) return readGiven(given);
  const authority = await loadOrCreateCertificateAuthority({
    directory,
    name: 'ca',
    commonName: 'skerry hub',
    clock,
  });
  const pair = await loadOrIssue({
    directory,
    name: 'serving',
    clock,
    renewBeforeMs,
    fits: ({ certificatePem }) => {
      const certificate = new X509Certificate(certificatePem);
      return addresses.every((address) => isIP(address) === 0 || certificate.checkIP(address) !== undefined);
    },
    issue: (former) =>
      authority.issueServerCertificate({
        commonName: 'skerry-hub',
        dnsNames: hubDnsNames,
        ipAddresses: addresses,
        ...(former ? { keyPem: former.keyPem } : {}),
      }),
  });
  return { ...pair, authorityPem: authority.certificatePem };
}

async function readGiven({ certFile, keyFile }: GivenCertificate): Promise<KeyPair> {
  try {
    const [certificatePem, keyPem] = await Promise.all([
      readFile(certFile, 'utf8'),
      readFile(keyFile, 'utf8'),
    ]);
    return { certificatePem, keyPem };
  } catch (cause) {
    throw new SkerryError(
      'hub-certificate-unreadable',
      `${certFile} and ${keyFile} can't be read as the hub's certificate and its key`,
      { cause },
    );
  }
}
