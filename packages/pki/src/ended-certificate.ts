/**
 * The certificate of a node that was cut off until it had ended. For a while after its end it still proves who holds its key, which
 * is enough to be given a new one for that very key, and for nothing else.
 *
 * TLS says of such a certificate no more than that it has ended, also where its signature is wrong: it is verified here.
 */
import { X509Certificate } from 'node:crypto';
import { type CertificateFacts, describeCertificate } from '#certificate.ts';
import { decodePem } from '#pem.ts';

/** Group of whoever shows an ended certificate of a node, in the place of those in it that give rights. */
export const endedNodesGroup = 'skerry.io:ended-nodes';
/** Extra of such a user: the hash of the certificate's key. */
export const endedKeyExtra = 'skerry.io/certificate-key';
export const endedGraceMs = 90 * 24 * 3_600_000;

const nodeUserPrefix = 'system:node:';
const nodesGroup = 'system:nodes';

/** Undefined for a certificate that has not ended, that ended too long ago, that is of no node or that the authority did not sign. */
export function endedNodeCertificate(
  certificate: X509Certificate,
  { authorityPem, nowMs }: { readonly authorityPem: string; readonly nowMs: number },
): CertificateFacts | undefined {
  const facts = describeCertificate(certificate.raw);
  const hasEnded = facts.notAfterMs <= nowMs && nowMs < facts.notAfterMs + endedGraceMs;
  if (!hasEnded || facts.isAuthority) return undefined;
  const isNode = facts.commonName.startsWith(nodeUserPrefix) && facts.organizations.includes(nodesGroup);
  if (!isNode) return undefined;
  const isOurs = decodePem(authorityPem, 'CERTIFICATE')
    .map((der) => new X509Certificate(der))
    .some((authority) => certificate.checkIssued(authority) && certificate.verify(authority.publicKey));
  return isOurs ? facts : undefined;
}
