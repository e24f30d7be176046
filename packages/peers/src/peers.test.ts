import { createServer } from 'node:net';
import tls from 'node:tls';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { silentLogger, systemClock } from '@skerry/base';
import { eventually, FakeClock } from '@skerry/base/testing';
import { type CertificateAuthority, createCertificateAuthority } from '@skerry/pki';
import { PeerCall } from './peer-call.ts';
import { PeerIdentity } from './peer-identity.ts';
import { createPeers, type Peers } from './peers.ts';
import type { Credentials, PeerPod } from './statement.ts';

let authority: CertificateAuthority;
let other: CertificateAuthority;
let clock: FakeClock;
let port: number;
let members: { node: string; addresses: string[] }[];
let machines: Map<string, Machine>;

interface Machine {
  readonly peers: Peers;
  pods: PeerPod[];
  isLinked: boolean;
  stop(): Promise<void>;
}

beforeAll(async () => {
  authority = await createCertificateAuthority({ commonName: 'cluster', clock: systemClock });
  other = await createCertificateAuthority({ commonName: 'cluster', clock: systemClock });
});
beforeEach(async () => {
  clock = new FakeClock();
  port = await freePort();
  machines = new Map();
  members = ['a', 'b', 'c'].map((node, index) => ({ node, addresses: [`127.0.0.${index + 2}`] }));
});
afterEach(async () => {
  for (const machine of machines.values()) await machine.stop();
});

function credentialsOf(node: string, { pool = 'east', by = authority } = {}): Promise<Credentials> {
  const groups = ['system:nodes', `skerry.io:pool:${pool}`];
  return by.issueClientCertificate({ user: `system:node:${node}`, groups });
}

async function start(node: string, { pool = 'east', as = node } = {}): Promise<Machine> {
  const credentials = await credentialsOf(as, { pool });
  const machine: Machine = {
    pods: [],
    isLinked: true,
    peers: createPeers({
      nodeName: node,
      pool,
      authorityPem: authority.certificatePem,
      credentials: () => credentials,
      host: members.find((member) => member.node === node)?.addresses[0] ?? '127.0.0.9',
      port,
      members: () => members,
      pods: () => machine.pods,
      isLinked: () => machine.isLinked,
      clock,
      log: silentLogger,
      random: Math.random,
    }),
    async stop() {
      end.abort();
      await clock.advance(0);
      await running;
    },
  };
  const end = new AbortController();
  const running = machine.peers.run(end.signal);
  machines.set(node, machine);
  await eventually(() => expect(machine.peers.port).toBe(port));
  return machine;
}

const pod = (uid: string, address: string): PeerPod => ({
  uid,
  addresses: [address],
  isReady: true,
  isTerminating: false,
  hasEnded: false,
});

/** Lets time pass until it is so. */
function inTime(check: () => void): Promise<void> {
  return eventually(async () => {
    await clock.advance(1_000);
    check();
  });
}

describe('members of a pool', () => {
  test('learn of each other’s pods, also after a member was started again', async () => {
    const a = await start('a');
    const b = await start('b');
    b.pods = [pod('web', '10.0.1.1')];
    b.peers.look();
    await inTime(() => expect(a.peers.pod('b', 'web')?.addresses).toEqual(['10.0.1.1']));
    await b.stop();
    const again = await start('b');
    again.pods = [pod('web', '10.0.1.9')];
    await inTime(() => expect(a.peers.pod('b', 'web')?.addresses).toEqual(['10.0.1.9']));
  });

  test('pass on what a third one said', async () => {
    const a = await start('a');
    const b = await start('b');
    b.pods = [pod('web', '10.0.1.1')];
    await inTime(() => expect(a.peers.pod('b', 'web')).toBeDefined());
    await b.stop();
    const c = await start('c');
    await inTime(() => expect(c.peers.pod('b', 'web')?.addresses).toEqual(['10.0.1.1']));
  });

  test('find the same leader, who tells of those that have lost their link and are there', async () => {
    const [a, b, c] = [await start('a'), await start('b'), await start('c')];
    await inTime(() => {
      for (const { peers } of [a, b, c]) expect(peers.leader()).toBe('a');
    });
    a.isLinked = false;
    await inTime(() => {
      for (const { peers } of [a, b, c]) expect(peers.leader()).toBe('b');
      expect(b.peers.report()).toEqual({ silent: [], heard: ['a'] });
      expect(c.peers.report()).toEqual({ silent: [], heard: [] });
    });
  });

  test('notice who falls silent, and that it is back', async () => {
    const [a, b] = [await start('a'), await start('b')];
    const c = await start('c');
    await inTime(() => expect(a.peers.leader()).toBe('a'));
    await inTime(() => expect(b.peers.pod('c', 'none')).toBeUndefined());
    await eventually(async () => {
      await clock.advance(1_000);
      expect(a.peers.report().silent).toEqual([]);
      expect(b.peers.report().silent).toEqual([]);
    });
    await c.stop();
    await inTime(() => {
      for (const { peers } of [a, b]) expect(peers.report().silent).toEqual(['c']);
    });
    await start('c');
    await inTime(() => {
      for (const { peers } of [a, b]) expect(peers.report().silent).toEqual([]);
    });
  });
});

describe('a stranger', () => {
  const call = (credentials: Credentials) =>
    new PeerCall({
      node: 'a',
      host: '127.0.0.2',
      port,
      identity: new PeerIdentity({ authorityPem: authority.certificatePem, pool: 'east' }),
      credentials: () => credentials,
    });
  const nothing = { digest: {}, statements: [] };

  test('is heard as a member of this pool, and sent away as one of another, of another cluster, or as none', async () => {
    await start('a');
    const strangers: Credentials[] = [
      await credentialsOf('b', { pool: 'west' }),
      await credentialsOf('b', { by: other }),
      await credentialsOf('nobody'),
      await authority.issueClientCertificate({ user: 'system:node:b', groups: ['skerry.io:pool:east'] }),
      await authority.issueServerCertificate({ commonName: 'b', dnsNames: ['b'], ipAddresses: [] }),
    ];
    for (const credentials of strangers) await expect(call(credentials).exchange(nothing)).rejects.toThrow();
    const member = call(await credentialsOf('b'));
    await expect(member.exchange(nothing)).resolves.toMatchObject({ digest: { a: {} } });
    member.close();
  });

  test('without a certificate gets no answer', async () => {
    await start('a');
    const socket = tls.connect({
      host: '127.0.0.2',
      port,
      rejectUnauthorized: false,
      ALPNProtocols: ['h2'],
    });
    socket.on('error', () => undefined);
    socket.resume();
    await new Promise<void>((resolve) => socket.once('close', () => resolve()));
  });

  test('that answers in the place of a member is told nothing', async () => {
    await start('a', { as: 'c' });
    await expect(call(await credentialsOf('b')).exchange(nothing)).rejects.toThrow(/is not a of this pool/);
  });

  test('a member whose certificate has ended is still one', async () => {
    await start('a');
    const groups = ['system:nodes', 'skerry.io:pool:east'];
    const ended = await authority.issueClientCertificate({ user: 'system:node:b', groups, validityMs: 1 });
    const member = call(ended);
    await expect(member.exchange(nothing)).resolves.toBeDefined();
    member.close();
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
