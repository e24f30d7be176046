import {
  X509Certificate,
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  webcrypto,
} from 'node:crypto';
import { promisify } from 'node:util';

const generate = promisify(generateKeyPair);

export const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** A new EC P-256 private key as PKCS#8 PEM. */
export async function generatePrivateKey(): Promise<string> {
  const { privateKey } = await generate('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** SubjectPublicKeyInfo (DER) of a private key. */
export function publicKeyOf(privateKeyPem: string): Uint8Array {
  return createPublicKey(createPrivateKey(privateKeyPem)).export({ type: 'spki', format: 'der' });
}

/** `sha256:<hex>` over a SubjectPublicKeyInfo: survives renewal of a certificate with the same key. */
export function hashPublicKey(spki: Uint8Array | KeyObject): string {
  const der = spki instanceof Uint8Array ? spki : spki.export({ type: 'spki', format: 'der' });
  return `sha256:${createHash('sha256').update(der).digest('hex')}`;
}

/** `sha256:<hex>` of the key in a certificate, PEM or DER. */
export function hashCertificateKey(certificate: string | Uint8Array): string {
  return hashPublicKey(new X509Certificate(certificate).publicKey);
}

/** The same key as curl's `--pinnedpubkey` takes it: `sha256//<base64>`. */
export function pinOfCertificate(certificate: string | Uint8Array): string {
  const hex = hashCertificateKey(certificate).slice('sha256:'.length);
  return `sha256//${Buffer.from(hex, 'hex').toString('base64')}`;
}

/** The pair in the form the certificate library signs with. */
export async function importKeyPair(privateKeyPem: string): Promise<webcrypto.CryptoKeyPair> {
  const { subtle } = webcrypto;
  const pkcs8 = createPrivateKey(privateKeyPem).export({ type: 'pkcs8', format: 'der' });
  const [privateKey, publicKey] = await Promise.all([
    subtle.importKey('pkcs8', pkcs8, ecdsa, false, ['sign']),
    subtle.importKey('spki', publicKeyOf(privateKeyPem), ecdsa, true, ['verify']),
  ]);
  return { privateKey, publicKey };
}
