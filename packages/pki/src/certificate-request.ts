/**
 * Certificate requests (PKCS #10): made where the private key lives, parsed where certificates are signed. A parsed
 * request has proved that its sender holds the key.
 */
import { createHash } from 'node:crypto';
import type * as X509 from '@peculiar/x509';
import { SkerryError } from '@skerry/base';
import { ecdsa, hashPublicKey, importKeyPair } from '#key.ts';
import { decodePem } from '#pem.ts';
import { type Subject, distinguishedName } from '#subject.ts';
import { loadX509 } from '#x509-library.ts';

/** Bytes of DER; a request of any sane kind has less than a tenth of it. */
const requestLengthMax = 16_384;
const requestTextMax = 4 * requestLengthMax;
const alternativeNamesOid = '2.5.29.17';

export interface CertificateRequest extends Subject {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly emailAddresses: readonly string[];
  readonly uris: readonly string[];
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
  /** `sha256:<hex>` of it. */
  readonly publicKeyHash: string;
}

export interface CertificateRequestOptions {
  readonly user: string;
  readonly groups: readonly string[];
  readonly keyPem: string;
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
}

/** A request as PEM, signed with the key. */
export async function createCertificateRequest(options: CertificateRequestOptions): Promise<string> {
  const { user, groups, keyPem, dnsNames = [], ipAddresses = [] } = options;
  const x509 = await loadX509();
  const names: X509.JsonGeneralNames = [
    ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
    ...ipAddresses.map((value) => ({ type: 'ip' as const, value })),
  ];
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: distinguishedName(x509, { commonName: user, organizations: groups }),
    keys: await importKeyPair(keyPem),
    signingAlgorithm: ecdsa,
    extensions: names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : [],
  });
  return `${request.toString('pem').trim()}\n`;
}

/**
 * Requests that were read and verified, by the digest of their text: an approver looks at each several times, and at those
 * of all machines that join at the same moment. The oldest goes when it is full.
 */
const verified = new Map<string, CertificateRequest>();
const verifiedMax = 4_096;

/** Reads and verifies a request. Throws `certificate-request-invalid` for anything else than one whole, self-signed request. */
export async function parseCertificateRequest(requestPem: string): Promise<CertificateRequest> {
  if (requestPem.length > requestTextMax) throw refused('it is too long');
  const digest = digestOfRequest(requestPem);
  const known = verified.get(digest);
  if (known) return known;
  const request = await readRequest(requestPem);
  for (const oldest of verified.keys()) {
    if (verified.size < verifiedMax) break;
    verified.delete(oldest);
  }
  verified.set(digest, request);
  return request;
}

async function readRequest(requestPem: string): Promise<CertificateRequest> {
  const blocks = decodePem(requestPem, 'CERTIFICATE REQUEST');
  const der = blocks[0];
  if (blocks.length !== 1 || !der || der.length > requestLengthMax) {
    throw refused('expected exactly one PEM block of type CERTIFICATE REQUEST');
  }
  const x509 = await loadX509();
  try {
    const request = new x509.Pkcs10CertificateRequest(new Uint8Array(der));
    if (!(await request.verify())) throw refused('its signature does not match its key');
    const publicKey = new Uint8Array(request.publicKey.rawData);
    const names = request
      .getExtensions(alternativeNamesOid)
      .filter((extension) => extension instanceof x509.SubjectAlternativeNameExtension)
      .flatMap((extension) => extension.names.toJSON());
    const ofType = (type: string) => names.filter((name) => name.type === type).map((name) => name.value);
    return {
      commonName: request.subjectName.getField('CN')[0] ?? '',
      organizations: request.subjectName.getField('O'),
      dnsNames: ofType('dns'),
      ipAddresses: ofType('ip'),
      emailAddresses: ofType('email'),
      uris: ofType('url'),
      publicKey,
      publicKeyHash: hashPublicKey(publicKey),
    };
  } catch (cause) {
    if (cause instanceof SkerryError) throw cause;
    throw refused('it cannot be decoded', cause);
  }
}

/** A short, stable name for a request: the same key and subject give the same. */
export function digestOfRequest(requestPem: string): string {
  return createHash('sha256').update(requestPem).digest('hex');
}

function refused(why: string, cause?: unknown): SkerryError {
  return new SkerryError('certificate-request-invalid', `the certificate request is refused: ${why}`, {
    cause,
  });
}
