import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import net, { type AddressInfo, type Server, type Socket } from 'node:net';
import tls from 'node:tls';
import { systemClock } from '@skerry/base';
import { createCertificateAuthority, type CertificateAuthority } from '@skerry/pki';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { connectThroughProxy } from '#http-proxy.ts';

let authority: CertificateAuthority;
const trusted = tls.getCACertificates('default');
const cleanups: (() => void)[] = [];

beforeAll(async () => {
  authority = await createCertificateAuthority({ commonName: 'proxies', clock: systemClock });
});

afterEach(() => {
  tls.setDefaultCACertificates(trusted);
  for (const cleanup of cleanups.splice(0)) cleanup();
});

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** Says what it hears in capitals. */
function shouting(): Promise<number> {
  return listen(
    net.createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => socket.write(chunk.toString('utf8').toUpperCase()));
    }),
  );
}

async function tlsProxy(): Promise<https.Server> {
  const { certificatePem, keyPem } = await authority.issueServerCertificate({
    dnsNames: [],
    ipAddresses: ['127.0.0.1'],
  });
  return https.createServer({ cert: certificatePem, key: keyPem });
}

function tunnels<S extends http.Server | https.Server>(proxy: S): { proxy: S; asked: unknown[] } {
  const asked: unknown[] = [];
  proxy.on('connect', (request: http.IncomingMessage, socket: Socket) => {
    asked.push([request.url, request.headers['proxy-authorization']]);
    const out = net.connect(Number(request.url?.split(':')[1]), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(out).pipe(socket);
    });
    for (const end of [socket, out]) {
      end.on('error', () => undefined);
      end.on('close', () => [socket, out].forEach((each) => each.destroy()));
    }
  });
  return { proxy, asked };
}

async function sayThrough(url: string, port: number, word: string): Promise<string> {
  const stream = await connectThroughProxy(url, { host: '127.0.0.1', port }, { timeoutMs: 5_000 });
  cleanups.push(() => stream.destroy());
  stream.write(word);
  const [heard] = (await once(stream, 'data')) as [Buffer];
  return heard.toString('utf8');
}

/** What is said of a proxy that makes no tunnel. */
async function faultAt(url: string, timeoutMs = 5_000): Promise<string> {
  const error = await connectThroughProxy(url, { host: 'center.example', port: 6443 }, { timeoutMs }).then(
    () => undefined,
    (failure: unknown) => failure,
  );
  expect(error).toMatchObject({ code: 'link-proxy' });
  expect(String(error)).not.toContain('secret');
  return String(error);
}

test('a tunnel through a proxy that is spoken to in the clear, with user and password', async () => {
  const port = await shouting();
  const { proxy, asked } = tunnels(http.createServer());
  const url = `http://me:p%40ss@127.0.0.1:${await listen(proxy)}`;
  expect(await sayThrough(url, port, 'hello')).toBe('HELLO');
  expect(asked).toEqual([[`127.0.0.1:${port}`, `Basic ${btoa('me:p@ss')}`]]);
});

test('a tunnel through a proxy that is spoken to over TLS and verified by what the machine trusts', async () => {
  const port = await shouting();
  const { proxy, asked } = tunnels(await tlsProxy());
  const url = `https://me:secret@127.0.0.1:${await listen(proxy)}`;
  expect(await faultAt(url)).toMatch(/its certificate is from no authority that this machine trusts: add/);
  expect(asked).toEqual([]);
  tls.setDefaultCACertificates([...trusted, authority.certificatePem]);
  expect(await sayThrough(url, port, 'hello')).toBe('HELLO');
});

test.each([
  [
    '407 Authenticate\r\nProxy-Authenticate: Basic realm="x"',
    /with 407 Authenticate; it does not take this user/,
  ],
  ['407 No\r\nProxy-Authenticate: Negotiate', /takes no user and password \(Basic\)/],
  ['403 Forbidden', /allow CONNECT to port 6443 in the proxy, or have the center reached at port 443/],
  ['405 Method Not Allowed', /it makes no tunnels/],
  ['504 Gateway Timeout', /the proxy itself does not reach the center/],
  ["418 I'm a teapot", /418 I'm a teapot; check that the proxy allows CONNECT to port 6443/],
])('a proxy that refuses (%j): what it said and what helps', async (answer, message) => {
  const proxy = http.createServer();
  proxy.on('connect', (_request, socket) => socket.end(`HTTP/1.1 ${answer}\r\n\r\n`));
  const fault = await faultAt(`http://me:secret@127.0.0.1:${await listen(proxy)}`);
  expect(fault).toMatch(message);
  expect(fault).toMatch(/connect to center\.example:6443 through the proxy 127\.0\.0\.1:\d+: /);
});

test('a proxy that wants a login when none is given says where to give it', async () => {
  const proxy = http.createServer();
  proxy.on('connect', (_request, socket) => socket.end('HTTP/1.1 407 No\r\n\r\n'));
  expect(await faultAt(`http://127.0.0.1:${await listen(proxy)}`)).toContain(
    'it wants a login: give it as http://user:password@host:port',
  );
});

test('a proxy that is none, or not there, has its own words for each', async () => {
  const gone = http.createServer();
  const port = await listen(gone);
  gone.close();
  await once(gone, 'close');
  expect(await faultAt(`http://127.0.0.1:${port}`)).toContain('nothing listens there: is the proxy running');
  expect(await faultAt('http://proxy.invalid:3128')).toMatch(/the proxy's name is not known/);
  const dying = net.createServer((socket) => socket.destroy());
  expect(await faultAt(`http://127.0.0.1:${await listen(dying)}`)).toContain('ended the connection without');
  const silent = net.createServer(() => undefined);
  expect(await faultAt(`http://127.0.0.1:${await listen(silent)}`, 50)).toContain('does not answer');
  const other = net.createServer((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
  expect(await faultAt(`http://127.0.0.1:${await listen(other)}`)).toContain('does not speak HTTP');
  expect(await faultAt(`https://127.0.0.1:${await listen(http.createServer())}`)).toContain(
    'does not speak TLS there: give it as http://host:port',
  );
  expect(await faultAt(`http://127.0.0.1:${await listen(await tlsProxy())}`)).toContain(
    'without an answer: it may be stopping, or want to be spoken to over TLS (https://host:port)',
  );
});
