/**
 * Renews the certificates of an installation while it runs: a server that is never stopped would else end with them. What is
 * due is issued again sixty days before its end; connections that stand go on, later ones get the new certificate. Only one
 * process of an installation may do this, since key and certificate are two files; others read what it wrote.
 */
import { type Clock, type Logger, type Service, sleep } from '@skerry/base';
import { type KeyPair, loadKeyPair } from '@skerry/pki';
import { type Installation, type RenewedCertificates, renewCertificates } from './installation.ts';

const lookEveryMs = 6 * 3_600_000;

export interface UpkeepOptions {
  readonly installation: Installation;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onRenewed: (certificates: RenewedCertificates) => void;
}

/** For the one process that issues them. */
export function certificateUpkeep({ installation, clock, log, onRenewed }: UpkeepOptions): Service {
  return {
    name: 'certificate-upkeep',
    async run(signal) {
      let { serverCertificate, frontProxy } = installation;
      while (!signal.aborted) {
        await sleep(clock, lookEveryMs, signal).catch(() => undefined);
        if (signal.aborted) return;
        const now = await renewCertificates(installation, clock);
        const changed =
          !isSame(now.serverCertificate, serverCertificate) ||
          !isSame(now.frontProxy.clientCertificate, frontProxy.clientCertificate);
        if (!changed) continue;
        ({ serverCertificate, frontProxy } = now);
        log.info('certificates renewed', { directory: installation.data.pki });
        onRenewed(now);
      }
    },
  };
}

/** For others that serve with the same certificate: tells when the files changed. */
export function certificateReading(options: {
  readonly installation: Installation;
  readonly clock: Clock;
  readonly onRenewed: (certificate: KeyPair) => void;
}): Service {
  const { installation, clock, onRenewed } = options;
  return {
    name: 'certificate-reading',
    async run(signal) {
      let known = installation.serverCertificate;
      while (!signal.aborted) {
        await sleep(clock, lookEveryMs / 6, signal).catch(() => undefined);
        const pair = await loadKeyPair(installation.data.pki, 'server');
        if (signal.aborted || !pair || isSame(pair, known)) continue;
        known = pair;
        onRenewed(pair);
      }
    },
  };
}

function isSame(a: KeyPair, b: KeyPair): boolean {
  return a.certificatePem === b.certificatePem && a.keyPem === b.keyPem;
}
