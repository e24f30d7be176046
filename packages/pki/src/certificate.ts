import { X509Certificate, createPrivateKey } from 'node:crypto';
import { isIP } from 'node:net';
import { hashPublicKey } from '#key.ts';
import { type Subject, subjectOfPeer } from '#subject.ts';

/** What the rest of the house wants to know of a certificate. */
export interface CertificateFacts extends Subject {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly isAuthority: boolean;
  /** `sha256:<hex>` of its public key. */
  readonly publicKeyHash: string;
  /** Lower-case hex SHA-256 of the whole certificate. */
  readonly fingerprint: string;
}

/** Facts of the first certificate in a PEM text (or of DER bytes). Throws on anything that is no certificate. */
export function describeCertificate(certificate: string | Uint8Array): CertificateFacts {
  const parsed = new X509Certificate(certificate);
  const names = (parsed.subjectAltName ?? '').split(', ').filter((name) => name !== '');
  const withPrefix = (prefix: string) =>
    names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  return {
    ...subjectOfPeer(parsed.toLegacyObject().subject),
    notBeforeMs: Date.parse(parsed.validFrom),
    notAfterMs: Date.parse(parsed.validTo),
    dnsNames: withPrefix('DNS:'),
    ipAddresses: withPrefix('IP Address:').filter((address) => isIP(address) !== 0),
    isAuthority: parsed.ca,
    publicKeyHash: hashPublicKey(parsed.publicKey),
    fingerprint: parsed.fingerprint256.replaceAll(':', '').toLowerCase(),
  };
}

/** Whether the private key is the certificate's. */
export function isKeyOf(certificatePem: string, keyPem: string): boolean {
  return new X509Certificate(certificatePem).checkPrivateKey(createPrivateKey(keyPem));
}
