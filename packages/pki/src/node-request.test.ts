import { FakeClock } from '@skerry/base/testing';
import { describe, expect, test } from 'vitest';
import { createCertificateAuthority } from '#certificate-authority.ts';
import {
  type CertificateRequest,
  createCertificateRequest,
  parseCertificateRequest,
} from '#certificate-request.ts';
import { describeCertificate } from '#certificate.ts';
import { generatePrivateKey } from '#key.ts';
import {
  type NodeRequestFacts,
  decideNodeRequest,
  ownerOfGroups,
  poolOfGroups,
  recordTokenUse,
  signForSigner,
  signers,
  tokenUses,
} from '#node-request.ts';

const encode = (data: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
  );

const request: CertificateRequest = {
  commonName: 'system:node:a',
  organizations: ['system:nodes'],
  dnsNames: [],
  ipAddresses: [],
  emailAddresses: [],
  uris: [],
  publicKey: new Uint8Array(),
  publicKeyHash: '',
};
const machine = { username: 'system:bootstrap:abcdef', groups: ['system:bootstrappers'] };
const usages = ['digital signature', 'client auth'];
const facts: NodeRequestFacts = {
  signerName: signers.node,
  usages,
  requester: machine,
  request,
  nodeExists: false,
  tokenData: {},
};

describe('a request for a node', () => {
  test.each<[string, Partial<NodeRequestFacts>, object]>([
    ['of a new machine', {}, { kind: 'approve', node: 'a', countUse: false }],
    [
      'with a token bound to a pool',
      { requester: { ...machine, extra: { 'skerry.io/pool': ['x'] } }, poolExists: true },
      { kind: 'approve', pool: 'x' },
    ],
    [
      'for a pool that is missing',
      { requester: { ...machine, extra: { 'skerry.io/pool': ['x'] } }, poolExists: false },
      { kind: 'deny', reason: 'PoolMissing' },
    ],
    [
      'for a name that is taken',
      { nodeExists: true },
      { kind: 'deny', reason: 'NodeExists', message: 'a node named a already exists in the cluster' },
    ],
    ['for a name that another machine is about to take', { nameReserved: true }, { kind: 'deny' }],
    [
      'of the node itself',
      {
        nodeExists: true,
        requester: { username: 'system:node:a', groups: ['system:nodes', 'skerry.io:pool:y'] },
      },
      { kind: 'approve', node: 'a', pool: 'y', countUse: false },
    ],
    [
      'of another node',
      { requester: { username: 'system:node:b', groups: ['system:nodes'] } },
      { kind: 'ignore' },
    ],
    [
      'of the node itself past the end of its certificate, for its key',
      {
        nodeExists: true,
        requester: {
          username: 'system:node:a',
          groups: ['skerry.io:ended-nodes', 'skerry.io:pool:y'],
          extra: { 'skerry.io/certificate-key': [request.publicKeyHash] },
        },
      },
      { kind: 'approve', node: 'a', pool: 'y', countUse: false },
    ],
    [
      'past the end of its certificate for another key',
      {
        nodeExists: true,
        requester: {
          username: 'system:node:a',
          groups: ['skerry.io:ended-nodes'],
          extra: { 'skerry.io/certificate-key': ['sha256:00'] },
        },
      },
      { kind: 'deny', reason: 'KeyDiffers' },
    ],
    [
      'past the end of its certificate of a node that is gone',
      {
        requester: {
          username: 'system:node:a',
          groups: ['skerry.io:ended-nodes'],
          extra: { 'skerry.io/certificate-key': [request.publicKeyHash] },
        },
      },
      { kind: 'deny', reason: 'NodeGone' },
    ],
    [
      'of another node past the end of its certificate',
      { nodeExists: true, requester: { username: 'system:node:b', groups: ['skerry.io:ended-nodes'] } },
      { kind: 'ignore' },
    ],
    ['of a person', { requester: { username: 'alice', groups: [] } }, { kind: 'ignore' }],
    ['with a token that is gone', { tokenData: undefined }, { kind: 'deny', reason: 'TokenGone' }],
    [
      'with a use left',
      { tokenData: encode({ uses: '2', 'used-by': 'b' }) },
      { kind: 'approve', countUse: true },
    ],
    [
      'that was counted already',
      { tokenData: encode({ uses: '2', 'used-by': 'b,a' }) },
      { kind: 'approve', countUse: false },
    ],
    [
      'without a use left',
      { tokenData: encode({ uses: '2', 'used-by': 'b,c' }) },
      { kind: 'deny', reason: 'TokenUsedUp' },
    ],
    ['with an unreadable limit', { tokenData: encode({ uses: 'many' }) }, { kind: 'deny' }],
    ['of another signer', { signerName: signers.nodeServing }, { kind: 'ignore' }],
    ['with another usage', { usages: ['client auth', 'server auth'] }, { kind: 'ignore' }],
    ['without the usage', { usages: ['digital signature'] }, { kind: 'ignore' }],
    ['without signing', { usages: ['client auth'] }, { kind: 'ignore' }],
    ['with an RSA key', { usages: [...usages, 'key encipherment'] }, { kind: 'approve' }],
    [
      'of a node that is deleted',
      { requester: { username: 'system:node:a', groups: ['system:nodes'] } },
      { kind: 'deny', reason: 'NodeGone' },
    ],
    ...['A', 'a_b', '-a', 'a..b', 'a/b', 'a'.repeat(254)].map((name): [string, object, object] => [
      `for the name ${name.slice(0, 10)}`,
      { request: { ...request, commonName: `system:node:${name}` } },
      { kind: 'deny', reason: 'NodeNameInvalid' },
    ]),
    [
      'with one group more',
      { request: { ...request, organizations: ['system:nodes', 'system:masters'] } },
      { kind: 'ignore' },
    ],
    ['with a host name', { request: { ...request, dnsNames: ['a'] } }, { kind: 'ignore' }],
    ['for an empty name', { request: { ...request, commonName: 'system:node:' } }, { kind: 'ignore' }],
  ])('%s', (_what, changes, expected) => {
    expect(decideNodeRequest({ ...facts, ...changes })).toMatchObject(expected);
  });

  test('is counted once for each node', () => {
    const once = recordTokenUse(encode({ uses: '3' }), 'a');
    expect(tokenUses(recordTokenUse(recordTokenUse(once, 'b'), 'a'))).toEqual({
      uses: 3,
      usedBy: ['a', 'b'],
    });
  });
});

describe('signing', () => {
  const sign = async (
    subject: { user: string; groups: string[]; dnsNames?: string[] },
    of: {
      signerName: string;
      usages: string[];
      extra?: Record<string, string[]>;
      groups?: string[];
      seconds?: number;
    },
  ) => {
    const clock = new FakeClock();
    const authority = await createCertificateAuthority({ commonName: 'ca', clock });
    const requestPem = await createCertificateRequest({ ...subject, keyPem: await generatePrivateKey() });
    const pem = await signForSigner(authority, {
      signerName: of.signerName,
      usages: of.usages,
      requestPem,
      request: await parseCertificateRequest(requestPem),
      requester: { username: 'u', groups: of.groups ?? [], extra: of.extra },
      expirationSeconds: of.seconds,
    });
    const described = pem === undefined ? undefined : describeCertificate(pem);
    return described && { ...described, seconds: (described.notAfterMs - clock.now()) / 1_000 };
  };
  const node = { user: 'system:node:a', groups: ['system:nodes'] };

  test('puts the pool of the token into the certificate, and into the next one', async () => {
    const first = await sign(node, { signerName: signers.node, usages, extra: { 'skerry.io/pool': ['x'] } });
    expect(poolOfGroups(first?.organizations ?? [])).toBe('x');
    expect(first).toMatchObject({ commonName: 'system:node:a', seconds: 365 * 24 * 3_600 });
    const second = await sign(node, {
      signerName: signers.node,
      usages,
      groups: first?.organizations as string[],
    });
    expect(second?.organizations).toEqual(['system:nodes', 'skerry.io:pool:x']);
  });

  test('puts the owner of the token there too', async () => {
    const extra = { 'skerry.io/pool': ['x'], 'skerry.io/owner': ['retail'] };
    const first = await sign(node, { signerName: signers.node, usages, extra });
    expect(ownerOfGroups(first?.organizations ?? [])).toBe('retail');
    const groups = first?.organizations as string[];
    const second = await sign(node, { signerName: signers.node, usages, groups });
    expect(second?.organizations).toEqual(['system:nodes', 'skerry.io:pool:x', 'skerry.io:owner:retail']);
  });

  test('gives the time asked for, within ten minutes and a year', async () => {
    const seconds = async (asked: number) =>
      (await sign(node, { signerName: signers.node, usages, seconds: asked }))?.seconds;
    expect(await seconds(7_200)).toBe(7_200);
    expect(await seconds(1)).toBe(600);
    expect(await seconds(1e9)).toBe(365 * 24 * 3_600);
  });

  test('refuses what the signer does not allow and leaves other signers alone', async () => {
    const masters = { user: 'me', groups: ['system:masters'] };
    await expect(sign(masters, { signerName: signers.client, usages })).rejects.toThrow('system:masters');
    await expect(sign(masters, { signerName: signers.node, usages })).rejects.toThrow(
      'subject organization is not system:nodes',
    );
    const serving = { signerName: signers.nodeServing, usages: ['server auth', 'digital signature'] };
    await expect(sign(node, serving)).rejects.toThrow('DNS or IP subjectAltName is required');
    const odd = { user: 'system:node:A_b', groups: ['system:nodes'] };
    await expect(sign(odd, { signerName: signers.node, usages })).rejects.toThrow('RFC 1123');
    expect(await sign({ ...node, dnsNames: ['a'] }, serving)).toMatchObject({ dnsNames: ['a'] });
    expect(await sign(node, { signerName: 'example.com/own', usages })).toBeUndefined();
  });
});
