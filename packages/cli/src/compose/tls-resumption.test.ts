import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { silentLogger, systemClock } from '@skerry/base';
import { FakeClock } from '@skerry/base/testing';
import { connectTls, Resumption } from '@skerry/link';
import { createCertificateAuthority, type KeyPair } from '@skerry/pki';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ticketKeysOf } from './ticket-keys.ts';
import { listenTls, type TlsFront } from './tls-front.ts';

const authority = await createCertificateAuthority({ commonName: 'test', clock: systemClock });
const other = await createCertificateAuthority({ commonName: 'other', clock: systemClock });
const issueServer = () => authority.issueServerCertificate({ dnsNames: [], ipAddresses: ['127.0.0.1'] });
const issueNode = (name: string) =>
  authority.issueClientCertificate({ user: `system:node:${name}`, groups: ['system:nodes'] });

let fronts: TlsFront[];
let links: string[];
let clock: FakeClock;
beforeEach(() => {
  fronts = [];
  links = [];
  clock = new FakeClock(systemClock.now());
});
afterEach(() => Promise.all(fronts.map((front) => front.close())));

async function listen(keys: KeyPair = authority): Promise<TlsFront> {
  const front = await listenTls({
    address: '127.0.0.1',
    port: 0,
    certificate: await issueServer(),
    clientAuthority: authority.certificatePem,
    ticketKeys: ticketKeysOf(keys),
    clock,
    log: silentLogger,
    onApi: ({ stream }) => void stream.destroy(),
    onLink(socket, { node }) {
      links.push(node);
      socket.end('welcome');
    },
  });
  fronts.push(front);
  return front;
}

/** Whether the handshake was the short one. */
async function link(front: Pick<TlsFront, 'port'>, pair: KeyPair, resumption: Resumption): Promise<boolean> {
  const socket = await connectTls({
    host: '127.0.0.1',
    port: front.port,
    ca: authority.certificatePem,
    cert: pair.certificatePem,
    key: pair.keyPem,
    resumption,
  });
  const isShort = socket.isSessionReused();
  socket.on('error', () => undefined);
  socket.resume();
  await once(socket, 'close');
  return isShort;
}

test('a machine that comes back is known by its ticket, also after a renewal and a restart of the center', async () => {
  const front = await listen();
  const pair = await issueNode('a');
  const resumption = new Resumption();
  expect(await link(front, pair, resumption)).toBe(false);
  expect(await link(front, pair, resumption)).toBe(true);
  front.renew(await issueServer());
  expect(await link(front, pair, resumption)).toBe(true);
  expect(await link(await listen(), pair, resumption)).toBe(true);
  expect(links).toEqual(['a', 'a', 'a', 'a']);
});

test('a ticket of another authority, or of another certificate, is worth nothing and costs nothing', async () => {
  const pair = await issueNode('a');
  const resumption = new Resumption();
  await link(await listen(), pair, resumption);
  const front = await listen(other);
  expect(await link(front, pair, resumption)).toBe(false);
  expect(await link(front, await issueNode('b'), resumption)).toBe(false);
  expect(links).toEqual(['a', 'a', 'b']);
});

test('a ticket outlives a center that is away behind something that accepts connections', async () => {
  const front = await listen();
  const pair = await issueNode('a');
  const resumption = new Resumption();
  await link(front, pair, resumption);
  const balancer = createServer((socket) => socket.destroy());
  balancer.listen(0, '127.0.0.1');
  await once(balancer, 'listening');
  const { port } = balancer.address() as AddressInfo;
  await expect(link({ port }, pair, resumption)).rejects.toMatchObject({ code: 'link-cut-short' });
  balancer.close();
  expect(await link(front, pair, resumption)).toBe(true);
});

test('a ticket ends with the certificate that it was given for', async () => {
  const front = await listen();
  const pair = await issueNode('a');
  const resumption = new Resumption();
  await link(front, pair, resumption);
  await clock.advance(400 * 86_400_000);
  expect(await link(front, pair, resumption)).toBe(true);
  expect(links).toEqual(['a']);
});
