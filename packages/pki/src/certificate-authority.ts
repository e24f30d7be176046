/**
 * A certificate authority with an EC P-256 key: issues server and client certificates and signs requests of others.
 *
 * Promises: every certificate begins five minutes before now (machines' clocks differ a little), ends no later than the
 * authority itself, carries a random 128-bit serial number and names its issuer by key identifier. A request is signed
 * only after its own signature has been verified; nothing of the request but its subject, names and key goes into the
 * certificate, so a requester can't ask for CA rights or other usages.
 */
import { X509Certificate, randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import type * as X509 from '@peculiar/x509';
import { type Clock, SkerryError } from '@skerry/base';
import { parseCertificateRequest } from '#certificate-request.ts';
import { ecdsa, generatePrivateKey, hashCertificateKey, importKeyPair, publicKeyOf } from '#key.ts';
import { distinguishedName } from '#subject.ts';
import { loadX509 } from '#x509-library.ts';

export const clockSkewMs = 5 * 60_000;
const dayMs = 24 * 3_600_000;
/** What a certificate is good for when the caller names no other validity. */
export const leafValidityMs = 365 * dayMs;

/** What a leaf is for; a peer connection's two ends need both. */
export type CertificateUsage = 'server' | 'client';

export interface CertificateAuthorityOptions {
  readonly commonName: string;
  readonly clock: Clock;
  /** Ten years unless told. */
  readonly validityMs?: number;
}

/** A certificate with the key it belongs to, both PEM. */
export interface KeyPair {
  readonly certificatePem: string;
  readonly keyPem: string;
}

export interface ServerCertificateOptions {
  readonly commonName?: string;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly validityMs?: number;
  /** Key to certify again; a new one unless told. */
  readonly keyPem?: string;
}

export interface ClientCertificateOptions {
  /** Becomes the common name: the user to the API server. */
  readonly user: string;
  /** Become the organizations: the user's groups. */
  readonly groups?: readonly string[];
  readonly validityMs?: number;
  readonly keyPem?: string;
}

export interface SignRequestOptions {
  readonly usages: readonly CertificateUsage[];
  readonly validityMs?: number;
  /** Groups that the signer adds to those of the request. */
  readonly addedGroups?: readonly string[];
}

export interface CertificateAuthority {
  readonly certificatePem: string;
  readonly keyPem: string;
  /** `sha256:<hex>` of the authority's public key: what join tokens pin. */
  readonly publicKeyHash: string;
  issueServerCertificate(options: ServerCertificateOptions): Promise<KeyPair>;
  issueClientCertificate(options: ClientCertificateOptions): Promise<KeyPair>;
  /** Certificate (PEM) for a certificate request (PEM). Throws `certificate-request-invalid`. */
  signRequest(requestPem: string, options: SignRequestOptions): Promise<string>;
}

/** A new self-signed authority. */
export async function createCertificateAuthority(
  options: CertificateAuthorityOptions,
): Promise<CertificateAuthority> {
  const { commonName, clock, validityMs = 3_650 * dayMs } = options;
  const x509 = await loadX509();
  const keyPem = await generatePrivateKey();
  const keys = await importKeyPair(keyPem);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: distinguishedName(x509, { commonName, organizations: [] }),
    notBefore: new Date(clock.now() - clockSkewMs),
    notAfter: new Date(clock.now() + validityMs),
    signingAlgorithm: ecdsa,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign | x509.KeyUsageFlags.digitalSignature,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return openCertificateAuthority({ certificatePem: pemOf(certificate), keyPem, clock });
}

/** An authority from its PEM files. Throws `certificate-authority-invalid` when they are damaged or don't belong together. */
export function openCertificateAuthority({
  certificatePem,
  keyPem,
  clock,
}: KeyPair & { readonly clock: Clock }): CertificateAuthority {
  const publicKeyHash = verifyPair(certificatePem, keyPem);
  const parsed = new X509Certificate(certificatePem);
  const endMs = Date.parse(parsed.validTo);

  async function issue(
    subject: { commonName: string; organizations: readonly string[] },
    publicKey: Uint8Array,
    names: { dnsNames: readonly string[]; ipAddresses: readonly string[] },
    { usages, validityMs = leafValidityMs }: SignRequestOptions,
  ): Promise<string> {
    const x509 = await loadX509();
    const keys = await importKeyPair(keyPem);
    const extensions: X509.Extension[] = [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment,
        true,
      ),
      new x509.ExtendedKeyUsageExtension(
        usages.map((usage) =>
          usage === 'server' ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth,
        ),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(keys.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(copyOf(publicKey)),
    ];
    const alternativeNames = alternativeNamesOf(names);
    if (alternativeNames.length > 0) {
      extensions.push(new x509.SubjectAlternativeNameExtension(alternativeNames));
    }
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      subject: distinguishedName(x509, subject),
      issuer: new x509.X509Certificate(certificatePem).subjectName,
      notBefore: new Date(clock.now() - clockSkewMs),
      notAfter: new Date(Math.min(clock.now() + validityMs, endMs)),
      signingAlgorithm: ecdsa,
      publicKey: copyOf(publicKey),
      signingKey: keys.privateKey,
      extensions,
    });
    return pemOf(certificate);
  }

  return {
    certificatePem,
    keyPem,
    publicKeyHash,
    async issueServerCertificate({ commonName, dnsNames, ipAddresses, validityMs, keyPem: oldKeyPem }) {
      const leafKeyPem = oldKeyPem ?? (await generatePrivateKey());
      const subject = { commonName: commonName ?? dnsNames[0] ?? ipAddresses[0] ?? '', organizations: [] };
      return {
        keyPem: leafKeyPem,
        certificatePem: await issue(
          subject,
          publicKeyOf(leafKeyPem),
          { dnsNames, ipAddresses },
          { usages: ['server'], validityMs },
        ),
      };
    },
    async issueClientCertificate({ user, groups = [], validityMs, keyPem: oldKeyPem }) {
      const leafKeyPem = oldKeyPem ?? (await generatePrivateKey());
      return {
        keyPem: leafKeyPem,
        certificatePem: await issue(
          { commonName: user, organizations: groups },
          publicKeyOf(leafKeyPem),
          { dnsNames: [], ipAddresses: [] },
          { usages: ['client'], validityMs },
        ),
      };
    },
    async signRequest(requestPem, options) {
      const request = await parseCertificateRequest(requestPem);
      const organizations = [...new Set([...request.organizations, ...(options.addedGroups ?? [])])];
      return issue({ commonName: request.commonName, organizations }, request.publicKey, request, options);
    },
  };
}

function verifyPair(certificatePem: string, keyPem: string): string {
  try {
    const hash = hashCertificateKey(certificatePem);
    const certificate = new X509Certificate(certificatePem);
    if (!certificate.ca) throw new Error('the certificate is not one of an authority');
    if (
      !Buffer.from(publicKeyOf(keyPem)).equals(
        Buffer.from(certificate.publicKey.export({ type: 'spki', format: 'der' })),
      )
    ) {
      throw new Error('certificate and key do not belong together');
    }
    return hash;
  } catch (cause) {
    throw new SkerryError('certificate-authority-invalid', 'the certificate authority cannot be used', {
      cause,
    });
  }
}

function alternativeNamesOf(names: {
  dnsNames: readonly string[];
  ipAddresses: readonly string[];
}): X509.JsonGeneralNames {
  const unique = (values: readonly string[]) => [...new Set(values)];
  return [
    ...unique(names.dnsNames).map((value) => ({ type: 'dns' as const, value })),
    ...unique(names.ipAddresses)
      .filter((value) => isIP(value) !== 0)
      .map((value) => ({ type: 'ip' as const, value })),
  ];
}

/** Positive and at most 20 octets, as RFC 5280 wants it. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

function pemOf(certificate: X509.X509Certificate): string {
  return `${certificate.toString('pem').trim()}\n`;
}

/** The library wants bytes over a plain ArrayBuffer. */
function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
