import { request } from 'node:https';
import tls from 'node:tls';
import type { AnyObject } from '@skerry/api';
import { createSecurity } from '@skerry/apiserver';
import { callerOf, startTestServer, type TestServer } from '@skerry/apiserver/testing';
import { silentLogger, systemClock } from '@skerry/base';
import { eventually } from '@skerry/base/testing';
import { linkProtocol } from '@skerry/link';
import {
  type CertificateAuthority,
  createCertificateAuthority,
  createCertificateRequest,
  createServiceAccountKey,
  describeCertificate,
  endedKeyExtra,
  endedNodesGroup,
  type KeyPair,
  openCertificateAuthority,
  signers,
} from '@skerry/pki';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listenTls, type TlsFront } from './tls-front.ts';

/** An hour ago: certificates have whole seconds, and what happens in one second here is apart by more elsewhere. */
const earlier = { ...systemClock, now: () => Date.now() - 3_600_000 };

let authority: CertificateAuthority;
let api: TestServer;
let front: TlsFront;
/** Links that came through, by what the server says about their peer. */
const links: (string | undefined)[] = [];

beforeAll(async () => {
  authority = await createCertificateAuthority({ commonName: 'skerry-ca', clock: earlier });
  api = await startTestServer({
    security: createSecurity({
      clock: systemClock,
      log: silentLogger,
      random: Math.random,
      serviceAccountKey: await createServiceAccountKey(),
      staticTokens: [{ token: 'admin', user: { name: 'admin', groups: ['system:masters'] } }],
    }),
  });
  front = await listenTls({
    address: '127.0.0.1',
    port: 0,
    certificate: await authority.issueServerCertificate({ dnsNames: [], ipAddresses: ['127.0.0.1'] }),
    clientAuthority: authority.certificatePem,
    clock: systemClock,
    log: silentLogger,
    onApi: (connection) => api.server.accept(connection),
    onLink: (socket, { peer }) => {
      links.push(api.server.refusesPeer(peer));
      socket.destroy();
    },
  });
});
afterAll(async () => {
  await front.close();
  await api.close();
});

const machine = (clock = systemClock): Promise<KeyPair> =>
  openCertificateAuthority({ ...authority, clock }).issueClientCertificate({
    user: 'system:node:n',
    groups: ['system:nodes'],
  });

function ask(pair: KeyPair, method: string, path: string, body?: AnyObject) {
  return new Promise<{ status: number; body: AnyObject & { message?: string } }>((resolve, reject) => {
    const outgoing = request(
      {
        host: '127.0.0.1',
        port: front.port,
        method,
        path,
        ca: authority.certificatePem,
        cert: pair.certificatePem,
        key: pair.keyPem,
        agent: false,
        headers: body ? { 'content-type': 'application/json' } : {},
      },
      (response) => {
        response.setEncoding('utf8');
        let text = '';
        response.on('data', (chunk: string) => (text += chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as AnyObject }),
        );
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body && JSON.stringify(body));
  });
}

async function openLink(pair: KeyPair): Promise<string | undefined> {
  const before = links.length;
  const socket = tls.connect({
    host: '127.0.0.1',
    port: front.port,
    ca: authority.certificatePem,
    cert: pair.certificatePem,
    key: pair.keyPem,
    ALPNProtocols: [linkProtocol],
  });
  socket.on('error', () => undefined);
  await eventually(() => expect(links.length).toBe(before + 1));
  socket.destroy();
  return links.at(-1);
}

test('a machine whose Node is deleted can do nothing with its certificate, until it joins again', async () => {
  const nodes = '/api/v1/nodes';
  const register = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } };
  const first = await machine(earlier);
  expect((await ask(first, 'POST', nodes, register)).status).toBe(201);
  expect((await ask(first, 'GET', `${nodes}/n`)).status).toBe(200);
  expect(await openLink(first)).toBeUndefined();

  const admin = callerOf(api.url);
  const headers = { authorization: 'Bearer admin' };
  expect((await admin('DELETE', `${nodes}/n`, undefined, { headers })).status).toBe(200);

  for (const [method, path, body] of [
    ['POST', nodes, register],
    ['GET', `${nodes}/n`],
    ['GET', '/version'],
  ] as const) {
    const answer = await ask(first, method, path, body);
    expect([answer.status, answer.body.message], `${method} ${path}`).toEqual([
      401,
      expect.stringContaining('node n was deleted'),
    ]);
  }
  expect(await openLink(first)).toContain('join again');

  const second = await machine();
  expect((await ask(second, 'POST', nodes, register)).status).toBe(201);
  expect((await ask(first, 'GET', `${nodes}/n`)).status).toBe(401);
  expect((await ask(second, 'GET', `${nodes}/n`)).status).toBe(200);
  expect(await openLink(second)).toBeUndefined();
});

const dayMs = 24 * 3_600_000;

describe('the certificate of a machine that was cut off until it had ended', () => {
  const groups = ['system:nodes', 'skerry.io:pool:east'];
  const issued = (agoMs: number, options: { user?: string; by?: CertificateAuthority } = {}) => {
    const { user = 'system:node:m', by = authority } = options;
    const then = { ...systemClock, now: () => Date.now() - agoMs };
    return openCertificateAuthority({ ...by, clock: then }).issueClientCertificate({
      user,
      groups,
      validityMs: dayMs,
    });
  };
  const requests = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
  const renewal = async (name: string, { keyPem }: KeyPair) => ({
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name },
    spec: {
      request: Buffer.from(
        await createCertificateRequest({ user: 'system:node:m', groups: ['system:nodes'], keyPem }),
      ).toString('base64'),
      signerName: signers.node,
      usages: ['digital signature', 'client auth'],
    },
  });

  test('can ask for a new one, and for nothing else', async () => {
    const ended = await issued(40 * dayMs);
    const answer = await ask(ended, 'POST', requests, await renewal('ended', ended));
    expect(answer.status, answer.body.message).toBe(201);
    expect(answer.body['spec']).toMatchObject({
      username: 'system:node:m',
      groups: expect.arrayContaining([endedNodesGroup, 'skerry.io:pool:east']),
      extra: { [endedKeyExtra]: [describeCertificate(ended.certificatePem).publicKeyHash] },
    });
    expect((await ask(ended, 'GET', `${requests}/ended`)).status).toBe(200);
    for (const path of ['/api/v1/nodes/m', '/api/v1/pods', '/api/v1/namespaces/kube-system/secrets'])
      expect((await ask(ended, 'GET', path)).status, path).toBe(403);
    const linksBefore = links.length;
    const socket = tls.connect({
      host: '127.0.0.1',
      port: front.port,
      ca: authority.certificatePem,
      cert: ended.certificatePem,
      key: ended.keyPem,
      ALPNProtocols: [linkProtocol],
    });
    socket.on('error', () => undefined);
    socket.resume();
    await new Promise<void>((resolve) => socket.once('close', () => resolve()));
    expect(links.length).toBe(linksBefore);
  });

  test('is none when it ended too long ago, is of no node or a deleted one, or of another authority', async () => {
    const other = await createCertificateAuthority({ commonName: 'skerry-ca', clock: earlier });
    const nobody = [
      await issued(100 * dayMs),
      await issued(40 * dayMs, { user: 'somebody' }),
      // Deleted above.
      await issued(40 * dayMs, { user: 'system:node:n' }),
      await issued(40 * dayMs, { by: other }),
    ];
    for (const [index, pair] of nobody.entries()) {
      const answer = await ask(pair, 'POST', requests, await renewal(`none-${index}`, pair));
      expect(answer.status, String(index)).toBeGreaterThanOrEqual(401);
    }
  });
});

test('connections that a user holds open are ended on request', async () => {
  const pair = await machine();
  const socket = tls.connect({
    host: '127.0.0.1',
    port: front.port,
    ca: authority.certificatePem,
    cert: pair.certificatePem,
    key: pair.keyPem,
    ALPNProtocols: ['http/1.1'],
  });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => undefined);
  socket.write('GET /version HTTP/1.1\r\nHost: x\r\n\r\n');
  await new Promise((resolve) => socket.once('data', resolve));
  front.cut('system:node:other');
  expect(socket.destroyed).toBe(false);
  front.cut('system:node:n');
  await closed;
});
