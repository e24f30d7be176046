import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { AnyObject } from '@skerry/api';

/** What is wrong with the certificate and key of a `kubernetes.io/tls` Secret, in the words that stock servers use. */
export function tlsWarnings({ type, data }: AnyObject): string[] {
  if (type !== 'kubernetes.io/tls') return [];
  const { 'tls.crt': certificate = '', 'tls.key': key = '' } = (data ?? {}) as Record<string, string>;
  const why = pairFault(textOf(certificate), textOf(key));
  return why === undefined ? [] : [`tls: ${why}`];
}

function textOf(base64: string): string {
  return Buffer.from(base64, 'base64').toString('latin1');
}

function pairFault(certificatePem: string, keyPem: string): string | undefined {
  const certificates = blocksOf(certificatePem);
  if (certificates.length === 0) return 'failed to find any PEM data in certificate input';
  if (!certificates.includes('CERTIFICATE'))
    return certificates.length === 1 &&
      certificates[0]!.endsWith('PRIVATE KEY') &&
      blocksOf(keyPem).includes('CERTIFICATE')
      ? 'failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched'
      : `failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: [${certificates.join(' ')}]`;
  const keys = blocksOf(keyPem);
  if (keys.length === 0) return 'failed to find any PEM data in key input';
  if (!keys.some((block) => block === 'PRIVATE KEY' || block.endsWith(' PRIVATE KEY')))
    return keys.length === 1 && keys[0] === 'CERTIFICATE'
      ? 'found a certificate rather than a key in the PEM for the private key'
      : `failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: [${keys.join(' ')}]`;
  try {
    const fits = new X509Certificate(certificatePem).checkPrivateKey(createPrivateKey(keyPem));
    return fits ? undefined : 'private key does not match public key';
  } catch {
    return 'failed to parse private key';
  }
}

function blocksOf(pem: string): string[] {
  return [...pem.matchAll(/^-----BEGIN ([A-Z0-9 ]{1,64})-----\r?$/gm)].map(([, type = '']) => type);
}
