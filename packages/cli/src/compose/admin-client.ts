import type { Clock } from '@skerry/base';
import { type ApiClient, createClient, createHttpTransport } from '@skerry/client';
import { loadKeyPair } from '@skerry/pki';
import { version } from '#version.ts';
import { type Installation, reachableAddress } from './installation.ts';

/** A client with the administrator's certificate, over the same TLS port that everyone uses. */
export async function adminClient(
  { data, config, authority }: Installation,
  clock: Clock,
): Promise<ApiClient> {
  const pair = await loadKeyPair(data.pki, 'admin');
  return createClient({
    transport: createHttpTransport({
      server: `https://${reachableAddress(config)}:${config.port}`,
      ca: authority.certificatePem,
      clientCertificate: pair?.certificatePem,
      clientKey: pair?.keyPem,
      clock,
    }),
    userAgent: `skerry/${version}`,
    clock,
  });
}
