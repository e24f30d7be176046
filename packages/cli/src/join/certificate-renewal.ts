/**
 * Renews the node's certificate at half its life, signed in as the node itself. The key stays, so that certificate and key
 * fit at every moment, also after a crash between two writes. While the center can't be reached it tries again, a little
 * later each time, up to an hour: the certificate has half a year left. A machine that is cut off for longer than that has no
 * link any more: for 90 days past its end the certificate is good for one thing, to be renewed, by a way of its own.
 */
import { Backoff, type Clock, type Logger, type Service, describeError, sleep } from '@skerry/base';
import type { ApiClient } from '@skerry/client';
import { describeCertificate, endedGraceMs } from '@skerry/pki';
import { type AgentIdentity, replaceCertificate } from '#join/agent-config.ts';
import { requestNodeCertificate } from '#join/node-certificate.ts';

export interface CertificateRenewalOptions {
  readonly identity: AgentIdentity;
  readonly dataDirectory: string;
  /** Speaks to the center as this node. */
  readonly client: ApiClient;
  /** Speaks to the center without the link, with a certificate that may have ended; to be closed. */
  readonly direct: (certificatePem: string) => ApiClient;
  readonly clock: Clock;
  readonly log: Logger;
  /** A number in [0, 1): nodes that joined together don't renew together. */
  readonly random: () => number;
  /** Later connections are made with this certificate; those that stand go on. */
  readonly onRenewed: (certificatePem: string) => void;
}

const checkEveryMs = 3_600_000;
/** Share of the certificate's life over which renewals of many nodes are spread. */
const spread = 0.1;

export function createCertificateRenewal(options: CertificateRenewalOptions): Service {
  const { identity, dataDirectory, client, clock, log, random, onRenewed } = options;
  const { nodeName } = identity.config;
  return {
    name: 'certificate-renewal',
    async run(signal) {
      const backoff = new Backoff({ baseMs: 30_000, maxMs: checkEveryMs, jitter: 0.5, random });
      let certificatePem = identity.certificatePem;
      let dueMs = renewalTime(certificatePem, random());
      while (!signal.aborted) {
        let waitMs = Math.min(Math.max(dueMs - clock.now(), 0), checkEveryMs);
        if (waitMs === 0) {
          try {
            const { keyPem } = identity;
            const hasEnded = describeCertificate(certificatePem).notAfterMs <= clock.now();
            const way = hasEnded ? options.direct(certificatePem) : client;
            const renewed = await requestNodeCertificate(way, { nodeName, clock, keyPem, signal }).finally(
              () => (hasEnded ? way.close() : undefined),
            );
            certificatePem = renewed.certificatePem;
            await replaceCertificate(dataDirectory, certificatePem);
            onRenewed(certificatePem);
            dueMs = renewalTime(certificatePem, random());
            backoff.reset();
            log.info('certificate renewed', { node: nodeName, ends: endOf(certificatePem) });
          } catch (error) {
            if (signal.aborted) return;
            waitMs = backoff.next();
            const isLost = clock.now() >= describeCertificate(certificatePem).notAfterMs + endedGraceMs;
            log.warn(
              isLost ? 'certificate can no longer be renewed, join again' : 'certificate not renewed',
              {
                node: nodeName,
                ends: endOf(certificatePem),
                error: describeError(error),
              },
            );
          }
        }
        await sleep(clock, waitMs, signal).catch(() => undefined);
      }
    },
  };
}

/** Half of the certificate's life after its begin, and up to a tenth later. */
export function renewalTime(certificatePem: string, random: number): number {
  const { notBeforeMs, notAfterMs } = describeCertificate(certificatePem);
  return notBeforeMs + (notAfterMs - notBeforeMs) * (0.5 + spread * random);
}

function endOf(certificatePem: string): string {
  return new Date(describeCertificate(certificatePem).notAfterMs).toISOString();
}
