import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import tls from 'node:tls';
import { createServer } from 'node:http';
import type { AcceptedConnection } from '@skerry/apiserver';
import { silentLogger, systemClock } from '@skerry/base';
import { connectTls } from '@skerry/link';
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

test('a node may ask for its link by Upgrade, and nobody else may', async () => {
  const authority = await createCertificateAuthority({ commonName: 'test', clock: systemClock });
  const offered: (AcceptedConnection['upgrade'] | undefined)[] = [];
  const links: string[] = [];
  const http = createServer();
  http.on('upgrade', (_request, socket) => {
    const upgrade = offered.at(-1);
    if (!upgrade) {
      socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${upgrade.protocol}\r\n\r\n`,
    );
    upgrade.take();
  });
  const front = await listenTls({
    address: '127.0.0.1',
    port: 0,
    certificate: await authority.issueServerCertificate({ dnsNames: [], ipAddresses: ['127.0.0.1'] }),
    clientAuthority: authority.certificatePem,
    clock: systemClock,
    log: silentLogger,
    onApi({ stream, upgrade }) {
      offered.push(upgrade);
      http.emit('connection', stream);
    },
    onLink: (socket, { node }) => {
      links.push(node);
      socket.pipe(socket);
    },
  });
  const connectAs = async (user: string, groups: string[]) => {
    const pair = await authority.issueClientCertificate({ user, groups });
    return connectTls({
      host: '127.0.0.1',
      port: front.port,
      ca: authority.certificatePem,
      cert: pair.certificatePem,
      key: pair.keyPem,
      way: 'upgrade',
    });
  };
  try {
    const socket = await connectAs('system:node:far-1', ['system:nodes']);
    socket.write('hello');
    expect(String((await once(socket, 'data'))[0])).toBe('hello');
    expect(links).toEqual(['far-1']);
    socket.destroy();
    await expect(connectAs('somebody', [])).rejects.toThrow('it answered 403');
    await expect(connectAs('system:node:far-1', [])).rejects.toThrow('it answered 403');
    expect(links).toEqual(['far-1']);
  } finally {
    await front.close();
    http.close();
  }
});
