import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '@skerry/base';
import { FakeClock } from '@skerry/base/testing';
import { type CertificateAuthority, createCertificateAuthority } from '@skerry/pki';
import { MemberTable } from './member-table.ts';
import { PeerIdentity } from './peer-identity.ts';
import type { Message, SignedStatement } from './protocol.ts';
import { type Credentials, signStatement, type Statement } from './statement.ts';

const names = (count: number) =>
  Array.from({ length: count }, (_, index) => `n${String(index).padStart(3, '0')}`);

let authority: CertificateAuthority;
let credentials: Credentials;
let clock: FakeClock;
let table: MemberTable;

beforeAll(async () => {
  authority = await createCertificateAuthority({ commonName: 'cluster', clock: systemClock });
  credentials = await credentialsOf('b');
});
beforeEach(() => {
  clock = new FakeClock();
  table = tableOf('a', ['a', 'b', 'c']);
});

function credentialsOf(node: string): Promise<Credentials> {
  const groups = ['system:nodes', 'skerry.io:pool:east'];
  return authority.issueClientCertificate({ user: `system:node:${node}`, groups });
}

function tableOf(own: string, members: readonly string[]): MemberTable {
  const identity = new PeerIdentity({ authorityPem: authority.certificatePem, pool: 'east' });
  const made = new MemberTable({ own, identity, clock });
  made.setMembers(members.map((node) => ({ node, addresses: ['192.0.2.1'] })));
  return made;
}

const statement = (change: Partial<Statement> = {}): Statement => ({
  node: 'b',
  epoch: 1,
  sequence: 1,
  isLinked: true,
  silent: [],
  pods: [],
  ...change,
});
const messageOf = (...statements: SignedStatement[]): Message => ({ digest: {}, statements });
const pods = (address: string) => [
  { uid: 'web', addresses: [address], isReady: true, isTerminating: false, hasEnded: false },
];

describe('the ring', () => {
  test('in a large pool each member calls a bounded number, and everyone is called', () => {
    const all = names(100);
    const calls = all.map((own) => tableOf(own, all).successors());
    expect(calls.every(({ length }) => length === 8)).toBe(true);
    const called = calls.flat().map(({ node }) => node);
    expect(new Set(called).size).toBe(100);
    expect(calls.some((targets, index) => targets.some(({ node }) => node === all[index]))).toBe(false);
  });

  test('in a small pool everyone hears everyone, and alone nobody', () => {
    for (const own of ['a', 'b', 'c']) {
      const others = ['a', 'b', 'c'].filter((node) => node !== own);
      expect(tableOf(own, ['a', 'b', 'c']).neighbours().sort()).toEqual(others);
    }
    expect(tableOf('a', ['a']).neighbours()).toEqual([]);
    expect(tableOf('stranger', ['a', 'b']).neighbours()).toEqual([]);
  });
});

describe('silence', () => {
  test('is that of a neighbour that was heard', async () => {
    table.heard('b');
    await clock.advance(19_000);
    expect(table.silent()).toEqual([]);
    await clock.advance(2_000);
    expect(table.silent()).toEqual(['b']);
    table.heard('b');
    expect(table.silent()).toEqual([]);
  });

  test('is also that of one that was heard before this start, and not of one that never was', async () => {
    const identity = new PeerIdentity({ authorityPem: authority.certificatePem, pool: 'east' });
    table = new MemberTable({ own: 'a', identity, remembered: ['b', 'gone'], clock });
    table.setMembers([]);
    await clock.advance(60_000);
    table.setMembers(['a', 'b', 'c'].map((node) => ({ node, addresses: [] })));
    expect(table.silent()).toEqual([]);
    expect(table.everHeard()).toEqual(['b']);
    await clock.advance(30_000);
    expect(table.silent()).toEqual(['b']);
  });

  test('does not count for time in which this machine stood still', async () => {
    table.heard('b');
    await clock.advance(300_000);
    table.forgive(300_000);
    expect(table.silent()).toEqual([]);
  });

  test('of a member that left the pool is forgotten', async () => {
    table.heard('b');
    await clock.advance(30_000);
    table.setMembers([{ node: 'a', addresses: [] }]);
    expect(table.silent()).toEqual([]);
  });
});

describe('statements', () => {
  test('count when the member itself signed them, the newest of them', () => {
    const say = (change: Partial<Statement>) => signStatement(statement(change), credentials);
    const addressAfter = (...statements: SignedStatement[]) => {
      table.learn(messageOf(...statements));
      return table.pod('b', 'web')?.addresses[0];
    };
    expect(addressAfter(say({ sequence: 5, pods: pods('10.0.1.1') }))).toBe('10.0.1.1');
    expect(addressAfter(say({ sequence: 4, pods: pods('10.0.1.2') }))).toBe('10.0.1.1');
    expect(addressAfter(say({ sequence: 6, pods: pods('10.0.1.3') }))).toBe('10.0.1.3');
    expect(addressAfter(say({ epoch: 2, sequence: 1, pods: pods('10.0.1.4') }))).toBe('10.0.1.4');
  });

  test('that somebody else signed, changed or made up don’t count', async () => {
    const honest = signStatement(statement({ pods: pods('10.0.1.1') }), credentials);
    const ofC = await credentialsOf('c');
    const { keyPem } = await credentialsOf('b');
    const forged: SignedStatement[] = [
      { ...honest, text: honest.text.replace('10.0.1.1', '10.0.1.9') },
      signStatement(statement({ pods: pods('10.0.1.9') }), ofC),
      signStatement(statement({ pods: pods('10.0.1.9') }), {
        certificatePem: credentials.certificatePem,
        keyPem,
      }),
      { ...honest, certificatePem: 'none' },
      signStatement({ ...statement(), pods: [{ uid: 1 }] } as never, credentials),
    ];
    expect(table.learn(messageOf(...forged)).changed).toEqual([]);
    expect(table.learn(messageOf(honest)).changed).toEqual(['b']);
  });

  test('are sent to those that lack them, and not to whom nothing is known of', () => {
    table.learn(messageOf(signStatement(statement({ sequence: 5 }), credentials)));
    expect(table.messageFor(undefined)).toMatchObject({
      digest: { b: { epoch: 1, sequence: 5 } },
      statements: [],
    });
    expect(table.messageFor({}).statements).toHaveLength(1);
    expect(table.messageFor({ b: { epoch: 1, sequence: 4 } }).statements).toHaveLength(1);
    expect(table.messageFor({ b: { epoch: 1, sequence: 5 } }).statements).toHaveLength(0);
  });

  test('of those that are no members are not taken', async () => {
    const stranger = signStatement(statement({ node: 'd' }), await credentialsOf('d'));
    expect(table.learn(messageOf(stranger)).changed).toEqual([]);
  });
});

describe('the leader', () => {
  const say = async (node: string, change: Partial<Statement> = {}) => {
    const said = statement({ node, ...change });
    const signed = signStatement(said, await credentialsOf(node));
    if (node === 'a') table.say(said, signed);
    else table.learn(messageOf(signed));
  };

  const cases: readonly (readonly [string, Record<string, Partial<Statement>>, string])[] = [
    ['is the first by name of those alike', { a: {}, b: {}, c: {} }, 'a'],
    ['has a link, where somebody has', { a: { isLinked: false }, b: {}, c: {} }, 'b'],
    ['hears the most', { a: { silent: ['c'] }, b: {}, c: {} }, 'b'],
  ];
  test.each(cases)('%s', async (_, said, leader) => {
    for (const [node, change] of Object.entries(said)) await say(node, change);
    expect(table.leader()).toBe(leader);
  });

  test('is not one that has fallen silent', async () => {
    table = tableOf('b', ['a', 'b', 'c']);
    await say('c');
    const ofA = signStatement(statement({ node: 'a' }), await credentialsOf('a'));
    table.learn(messageOf(ofA));
    table.heard('a');
    expect(table.leader()).toBe('a');
    await clock.advance(30_000);
    expect(table.leader()).toBe('c');
  });
});
