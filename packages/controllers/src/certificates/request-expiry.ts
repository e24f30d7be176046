/** When a certificate request may go: long enough after its decision for whoever asked to fetch the certificate. */
import { X509Certificate } from 'node:crypto';
import type { CertificateSigningRequest } from '@skerry/api';

const doneKeptMs = 3_600_000;
/** Undecided, or approved and not signed by anyone. */
const waitingKeptMs = 24 * 3_600_000;

/** Infinite for a request on which others have noted something that decides nothing. */
export function endOfRequest({ metadata, status }: CertificateSigningRequest, nowMs: number): number {
  const { conditions = [], certificate } = status ?? {};
  if (conditions.length === 0) return timeOr(metadata.creationTimestamp, nowMs) + waitingKeptMs;
  const ends = conditions.map(({ type, lastUpdateTime }) => {
    const doneMs = timeOr(lastUpdateTime, nowMs) + doneKeptMs;
    if (type === 'Denied' || type === 'Failed') return doneMs;
    if (type !== 'Approved') return Infinity;
    return certificate
      ? Math.min(doneMs, endOfCertificate(certificate))
      : doneMs - doneKeptMs + waitingKeptMs;
  });
  return Math.min(...ends);
}

function timeOr(time: string | undefined, otherwise: number): number {
  return Date.parse(time ?? '') || otherwise;
}

function endOfCertificate(base64: string): number {
  try {
    return new X509Certificate(Buffer.from(base64, 'base64')).validToDate.getTime();
  } catch {
    return Infinity;
  }
}
