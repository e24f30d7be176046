/**
 * Keeps the certificate of a node's hub, `serving.crt` and `.key` in its folder: asked for as the node, signed by the
 * cluster's authority, renewed at half its life with the same key. The one that is there is used at once, so that the hub
 * answers before there is a link. One that doesn't carry all names (the cluster has got another address) is replaced.
 */
import { X509Certificate } from 'node:crypto';
import type { Service as KubernetesService } from '@skerry/api';
import { Backoff, describeError, sleep, type Clock, type Logger, type Service } from '@skerry/base';
import { resources, type ApiClient } from '@skerry/client';
import { hubAddress, hubDnsNames, loadKeyPair, saveKeyPair, signers, type KeyPair } from '@skerry/pki';
import { renewalTime } from './certificate-renewal.ts';
import { requestNodeCertificate } from './node-certificate.ts';

export interface HubCertificateOptions {
  readonly nodeName: string;
  readonly directory: string;
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  /** Told of the one that is there, and of each new one. */
  readonly onCertificate: (pair: KeyPair) => Promise<void>;
}

const file = 'serving';
const checkEveryMs = 3_600_000;
const firstRetryMs = 2_000;

export function createHubCertificate(options: HubCertificateOptions): Service {
  const { directory, clock, log, random, onCertificate } = options;
  return {
    name: 'certificate of the hub',
    async run(signal) {
      const backoff = new Backoff({ baseMs: firstRetryMs, maxMs: checkEveryMs, jitter: 0.5, random });
      let pair = await loadKeyPair(directory, file);
      if (pair) await onCertificate(pair);
      while (!signal.aborted) {
        let waitMs = checkEveryMs;
        try {
          const addresses = await addressesOf(options);
          if (!pair || !isGood(pair, addresses, { clock, random })) {
            pair = await requested(options, { addresses, keyPem: pair?.keyPem, signal });
            await saveKeyPair(directory, file, pair);
            await onCertificate(pair);
            log.info('hub has a new certificate');
          }
          backoff.reset();
        } catch (error) {
          if (signal.aborted) return;
          waitMs = backoff.next();
          if (backoff.failures === 4) log.warn('hub has no new certificate', { error: describeError(error) });
        }
        await sleep(clock, waitMs, signal).catch(() => undefined);
      }
    },
  };
}

/** Where the hub is found: its own address, the machine itself, and the Service `kubernetes`. */
async function addressesOf({ client }: HubCertificateOptions): Promise<string[]> {
  const services = client.resource<KubernetesService>(resources.services);
  const { spec } = await services.get('kubernetes', { namespace: 'default' });
  const own = spec?.clusterIPs ?? (spec?.clusterIP ? [spec.clusterIP] : []);
  return [hubAddress, '127.0.0.1', ...own.filter((address) => address !== 'None')];
}

function isGood(
  { certificatePem }: KeyPair,
  addresses: readonly string[],
  { clock, random }: { readonly clock: Clock; readonly random: () => number },
): boolean {
  if (clock.now() >= renewalTime(certificatePem, random())) return false;
  const certificate = new X509Certificate(certificatePem);
  return (
    addresses.every((address) => certificate.checkIP(address) !== undefined) &&
    hubDnsNames.every((name) => certificate.checkHost(name) !== undefined)
  );
}

function requested(
  { nodeName, client, clock }: HubCertificateOptions,
  {
    addresses,
    keyPem,
    signal,
  }: { readonly addresses: string[]; readonly keyPem: string | undefined; readonly signal: AbortSignal },
): Promise<KeyPair> {
  return requestNodeCertificate(client, {
    nodeName,
    clock,
    signal,
    ...(keyPem ? { keyPem } : {}),
    purpose: {
      signerName: signers.hubServing,
      usages: ['digital signature', 'server auth'],
      dnsNames: hubDnsNames,
      ipAddresses: addresses,
    },
  });
}
