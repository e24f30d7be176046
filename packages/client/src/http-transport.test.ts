import { once } from 'node:events';
import http2 from 'node:http2';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import type tls from 'node:tls';
import { systemClock } from '@skerry/base';
import { createCertificateAuthority } from '@skerry/pki';
import type { CertificateAuthority } from '@skerry/pki';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { createClient, createHttpTransport, resources } from '#index.ts';
import type { HttpTransportOptions } from '#index.ts';

let authority: CertificateAuthority;
beforeAll(async () => {
  authority = await createCertificateAuthority({ commonName: 'test', clock: systemClock });
});

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0).toReversed()) close();
});

async function serve({ h2 = true, dnsNames = ['api.test'], ipAddresses = ['127.0.0.1'] } = {}) {
  const pair = await authority.issueServerCertificate({ dnsNames, ipAddresses });
  const options = {
    cert: pair.certificatePem,
    key: pair.keyPem,
    ca: authority.certificatePem,
    requestCert: true,
    rejectUnauthorized: false,
  };
  let connections = 0;
  const answer = (request: http2.Http2ServerRequest, response: http2.Http2ServerResponse) => {
    const peer = (request.socket as tls.TLSSocket).getPeerCertificate();
    const name = peer.subject ? peer.subject.CN : 'nobody';
    const length = request.headers['content-length'];
    const annotations = length === undefined ? {} : { annotations: { length } };
    response.end(
      JSON.stringify({ metadata: { name, labels: { version: request.httpVersion }, ...annotations } }),
    );
  };
  const server = h2
    ? http2.createSecureServer({ ...options, allowHTTP1: true }, answer)
    : https.createServer(options, (request, response) =>
        answer(request as never as http2.Http2ServerRequest, response as never as http2.Http2ServerResponse),
      );
  const sockets = new Set<tls.TLSSocket>();
  server.on('secureConnection', (socket: tls.TLSSocket) => {
    connections++;
    sockets.add(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const drop = () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  closers.push(() => {
    drop();
    server.close();
  });
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, drop, connections: () => connections };
}

function clientFor(server: string, options: Partial<HttpTransportOptions> = {}) {
  const transport = createHttpTransport({ server, ca: authority.certificatePem, ...options });
  closers.push(() => transport.close());
  return createClient({ transport, userAgent: 'test', clock: systemClock }).resource(resources.nodes);
}

test('many requests share one HTTP/2 connection, with the client certificate', async () => {
  const server = await serve();
  const pair = await authority.issueClientCertificate({ user: 'alice' });
  const nodes = clientFor(server.url, { clientCertificate: pair.certificatePem, clientKey: pair.keyPem });
  const answers = await Promise.all(Array.from({ length: 30 }, () => nodes.get('x')));
  expect(answers[29]?.metadata).toEqual({ name: 'alice', labels: { version: '2.0' } });
  expect(server.connections()).toBe(1);
});

test('a server without HTTP/2 is spoken to over HTTP/1.1', async () => {
  const server = await serve({ h2: false });
  const answer = await clientFor(server.url).get('x');
  expect(answer.metadata?.labels).toEqual({ version: '1.1' });
});

test.each([true, false])('the length of a body is told before it (HTTP/2: %j)', async (h2) => {
  const server = await serve({ h2 });
  const node = { metadata: { name: 'näher' } };
  const { metadata } = await clientFor(server.url).create(node);
  expect(Number(metadata?.annotations?.['length'])).toBeGreaterThan(JSON.stringify(node).length);
});

test('a broken connection is replaced by the next request', async () => {
  const server = await serve();
  const nodes = clientFor(server.url);
  await nodes.get('x');
  server.drop();
  await expect(nodes.get('x')).resolves.toBeDefined();
  expect(server.connections()).toBe(2);
});

test('a server under another name, or of another authority, is refused before anything is sent', async () => {
  const server = await serve({ ipAddresses: [] });
  await expect(clientFor(server.url).get('x')).rejects.toMatchObject({ code: 'api-tls', sent: false });
  await expect(clientFor(server.url, { tlsServerName: 'api.test' }).get('x')).resolves.toBeDefined();
  const other = await createCertificateAuthority({ commonName: 'other', clock: systemClock });
  await expect(
    clientFor(server.url, { tlsServerName: 'api.test', ca: other.certificatePem }).get('x'),
  ).rejects.toMatchObject({ code: 'api-tls', sent: false });
});

test.each([true, false])('every connection goes the given way, with HTTP/2 %s', async (h2) => {
  const { url } = await serve({ h2 });
  let dialled = 0;
  const transport = createHttpTransport({
    server: url,
    ca: authority.certificatePem,
    connect: ({ host, port }) => {
      dialled++;
      return net.connect({ host, port });
    },
  });
  closers.push(() => transport.close());
  const client = createClient({ transport, userAgent: 'test' });
  await client.resource(resources.nodes).get('a');
  // A server without HTTP/2 is asked once which it speaks.
  expect(dialled).toBe(h2 ? 1 : 2);
});
