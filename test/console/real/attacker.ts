/** A page of somebody else's, on the same machine, so that cookies for this host come along: the worst neighbour there is. */
import { createServer } from 'node:https';
import { systemClock } from '@skerry/base';
import { createCertificateAuthority } from '@skerry/pki';

export interface Attacker {
  readonly origin: string;
  close(): Promise<void>;
}

export async function startAttacker(): Promise<Attacker> {
  const authority = await createCertificateAuthority({ commonName: 'attacker', clock: systemClock });
  const { certificatePem, keyPem } = await authority.issueServerCertificate({
    commonName: 'localhost',
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1'],
  });
  const server = createServer({ cert: certificatePem, key: keyPem }, (_, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><title>Win a prize</title><h1>Win a prize</h1>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    origin: `https://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
