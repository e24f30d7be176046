import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import tls from 'node:tls';
import { silentLogger, SkerryError, systemClock } from '@skerry/base';
import { createCertificateAuthority, type CertificateAuthority } from '@skerry/pki';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { connectTls } from '#connect.ts';
import { linkProtocol } from '#protocol.ts';
import { upgradePath } from '#upgrade.ts';
import { type Way, Ways } from '#way.ts';

describe('ways to the center', () => {
  const failing = (code: string) => new SkerryError(code, 'it failed');

  /** The ways that are tried until one leads there. */
  async function tried(ways: Ways, answers: Partial<Record<Way, string>>): Promise<string> {
    const list: string[] = [];
    await ways
      .connect((way) => {
        list.push(way);
        const code = answers[way];
        return code === undefined ? Promise.resolve(way) : Promise.reject(failing(code));
      })
      .catch((error: SkerryError) => list.push(error.code));
    return list.join(' ');
  }

  test('the other is tried at once where the protocol is not known, and first from then on', async () => {
    const ways = new Ways({ log: silentLogger });
    expect(await tried(ways, { alpn: 'link-protocol' })).toBe('alpn upgrade');
    expect(await tried(ways, { alpn: 'link-protocol' })).toBe('upgrade');
    expect(await tried(ways, { upgrade: 'link-protocol' })).toBe('upgrade alpn');
    expect(await tried(ways, {})).toBe('alpn');
  });

  test('the other is tried every third time where a connection was only cut short', async () => {
    const ways = new Ways({ log: silentLogger });
    const broken = { alpn: 'link-cut-short', upgrade: 'link-protocol' };
    expect(await tried(ways, broken)).toBe('alpn link-cut-short');
    expect(await tried(ways, broken)).toBe('alpn link-cut-short');
    expect(await tried(ways, broken)).toBe('alpn upgrade link-cut-short');
    expect(await tried(ways, broken)).toBe('alpn link-cut-short');
  });

  test('no other is tried where the center is not the one, or not there', async () => {
    const ways = new Ways({ log: silentLogger });
    for (const code of ['link-connect', 'link-timeout', 'link-proxy'])
      for (let time = 0; time < 4; time++) expect(await tried(ways, { alpn: code })).toBe(`alpn ${code}`);
  });
});

describe('a link by Upgrade', () => {
  const cleanups: (() => unknown)[] = [];
  let authority: CertificateAuthority;
  beforeAll(async () => {
    authority = await createCertificateAuthority({ commonName: 'test', clock: systemClock });
  });
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  /** What stands between speaks HTTP/1.1 in TLS, and refuses every other name. */
  async function server(answer: string, issuer = authority): Promise<number> {
    const pair = await issuer.issueServerCertificate({ dnsNames: [], ipAddresses: ['127.0.0.1'] });
    const behind = http.createServer((_request, response) => response.writeHead(404).end());
    behind.on('upgrade', (request, socket) => {
      expect([request.method, request.url, request.headers.upgrade]).toEqual([
        'GET',
        upgradePath,
        linkProtocol,
      ]);
      socket.write(answer);
      socket.pipe(socket);
    });
    const front = tls.createServer(
      { cert: pair.certificatePem, key: pair.keyPem, ALPNProtocols: ['http/1.1'] },
      (socket) => behind.emit('connection', socket),
    );
    front.on('tlsClientError', () => undefined);
    front.listen(0, '127.0.0.1');
    await once(front, 'listening');
    cleanups.push(() => front.close());
    return (front.address() as AddressInfo).port;
  }

  async function connect(port: number, way: Way): Promise<tls.TLSSocket> {
    const pair = await authority.issueClientCertificate({ user: 'system:node:a' });
    const socket = await connectTls({
      host: '127.0.0.1',
      port,
      ca: authority.certificatePem,
      cert: pair.certificatePem,
      key: pair.keyPem,
      way,
    });
    cleanups.push(() => socket.destroy());
    return socket;
  }

  const switching = `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${linkProtocol}\r\n\r\n`;

  test('passes where the name of the protocol does not, with what came right behind the answer', async () => {
    const port = await server(`${switching}first `);
    await expect(connect(port, 'alpn')).rejects.toMatchObject({ code: 'link-protocol' });
    const socket = await connect(port, 'upgrade');
    socket.setEncoding('utf8');
    let text = '';
    socket.on('data', (piece: string) => (text += piece));
    socket.write('echo');
    await expect.poll(() => text).toBe('first echo');
  });

  test.each([
    ['HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n', /it answered 404 Not Found/],
    [switching.replace(linkProtocol, 'websocket'), /it offered websocket/],
  ])('says what was answered instead: %j', async (answer, message) => {
    const port = await server(answer);
    const failure = connect(port, 'upgrade');
    await expect(failure).rejects.toMatchObject({ code: 'link-protocol' });
    await expect(failure).rejects.toThrow(message);
  });

  test('is not asked for of a server that others vouch for', async () => {
    const other = await createCertificateAuthority({ commonName: 'balancer', clock: systemClock });
    const port = await server(switching, other);
    await expect(connect(port, 'upgrade')).rejects.toMatchObject({ code: 'link-connect' });
  });
});
