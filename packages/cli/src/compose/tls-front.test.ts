import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import tls from 'node:tls';
import { silentLogger, systemClock } from '@skerry/base';
import { createCertificateAuthority } from '@skerry/pki';
import { expect, test } from 'vitest';
import { listenTls } from './tls-front.ts';

test('those who connect and say nothing keep nobody out', async () => {
  const authority = await createCertificateAuthority({ commonName: 'test', clock: systemClock });
  const taken: string[] = [];
  const front = await listenTls({
    address: '127.0.0.1',
    port: 0,
    certificate: await authority.issueServerCertificate({ dnsNames: [], ipAddresses: ['127.0.0.1'] }),
    clientAuthority: authority.certificatePem,
    clock: systemClock,
    log: silentLogger,
    onApi({ stream, protocol }) {
      taken.push(protocol);
      stream.destroy();
    },
    onLink: (socket) => void socket.destroy(),
  });
  const silent: Socket[] = [];
  try {
    for (let count = 0; count < 150; count++) {
      const socket = connect({ host: '127.0.0.1', port: front.port });
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      silent.push(socket);
    }
    const sockets = Array.from({ length: 3 }, () =>
      tls.connect({
        host: '127.0.0.1',
        port: front.port,
        ca: authority.certificatePem,
        ALPNProtocols: ['h2'],
      }),
    );
    await Promise.all(sockets.map((socket) => once(socket, 'close')));
    expect(taken).toEqual(['h2', 'h2', 'h2']);
  } finally {
    for (const socket of silent) socket.destroy();
    await front.close();
  }
});
