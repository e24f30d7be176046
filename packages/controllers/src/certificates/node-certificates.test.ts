import { X509Certificate } from 'node:crypto';
import type { CertificateSigningRequest, Node, Secret, Service } from '@skerry/api';
import { resources } from '@skerry/client';
import {
  bootstrapExtra,
  bootstrapSecretName,
  bootstrapSecretType,
  createCertificateAuthority,
  createCertificateRequest,
  generatePrivateKey,
  hubAddress,
  hubDnsNames,
  signers,
} from '@skerry/pki';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createCertificateController } from '#certificates/node-certificates.ts';
import { createTokenCleaner } from '#certificates/token-cleaner.ts';
import { createHarness } from '#testing/harness.ts';
import type { Harness } from '#testing/harness.ts';

let cluster: Harness;
beforeEach(async () => {
  cluster = createHarness();
  const authority = await createCertificateAuthority({ commonName: 'test', clock: cluster.clock });
  const controller = createCertificateController(cluster.context, { authority });
  await cluster.start(...(controller ? [controller] : []), createTokenCleaner(cluster.context));
});
afterEach(async () => {
  await cluster.stop();
  expect(cluster.errors()).toEqual([]);
});

const base64 = (text: string) => Buffer.from(text).toString('base64');

function addToken(data: Record<string, string> = {}) {
  cluster.client.seed<Secret>(resources.secrets, {
    metadata: { name: bootstrapSecretName('abcdef'), namespace: 'kube-system' },
    type: bootstrapSecretType,
    data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, base64(value)])),
  });
}

async function request(
  name: string,
  node: string,
  {
    keyPem = undefined as string | undefined,
    signerName = signers.node as string,
    groups = ['system:nodes'],
  } = {},
) {
  const pem = await createCertificateRequest({
    user: `system:node:${node}`,
    groups,
    keyPem: keyPem ?? (await generatePrivateKey()),
  });
  cluster.client.seed<CertificateSigningRequest>(resources.certificateSigningRequests, {
    metadata: { name },
    spec: {
      request: base64(pem),
      signerName,
      usages: ['digital signature', 'client auth'],
      username: 'system:bootstrap:abcdef',
      groups: ['system:bootstrappers'],
      extra: { [bootstrapExtra.tokenId]: ['abcdef'] },
    },
  });
  await settle();
}

/** Key work runs on other threads, which a clock that is moved does not wait for. */
async function settle() {
  for (let round = 0; round < 10; round++) {
    await cluster.clock.advance(10);
    await new Promise<void>((resolve) => setImmediate(resolve));
    await createCertificateRequest({ user: 'x', groups: [], keyPem: await generatePrivateKey() });
  }
}

const get = (name: string) =>
  cluster.client
    .all<CertificateSigningRequest>(resources.certificateSigningRequests)
    .find(({ metadata }) => metadata.name === name);
const conditionOf = (name: string) => get(name)?.status?.conditions?.[0];

test('a machine with a token gets a certificate for its node name', async () => {
  addToken();
  await request('one', 'n1');
  expect(conditionOf('one')).toMatchObject({ type: 'Approved', status: 'True', reason: 'AutoApproved' });
  const pem = Buffer.from(get('one')?.status?.certificate ?? '', 'base64');
  const { subject } = new X509Certificate(pem);
  expect(subject).toContain('CN=system:node:n1');
  expect(subject).toContain('O=system:nodes');
});

test('a name whose node exists, or is on its way, is not given to another machine', async () => {
  addToken();
  await request('first', 'n1');
  await request('thief', 'n1');
  expect(conditionOf('thief')).toMatchObject({ type: 'Denied', reason: 'NodeExists' });
  cluster.client.seed<Node>(resources.nodes, { metadata: { name: 'n1' } });
  await settle();
  await request('late', 'n1');
  expect(conditionOf('late')).toMatchObject({ type: 'Denied', reason: 'NodeExists' });
});

test('after its node was deleted a name can be had again at once', async () => {
  addToken();
  await request('first', 'n1');
  cluster.client.seed<Node>(resources.nodes, { metadata: { name: 'n1' } });
  await settle();
  cluster.client.remove(resources.nodes, { name: 'n1' });
  await request('second', 'n1');
  expect(conditionOf('second')).toMatchObject({ type: 'Approved' });
});

test('a token for one node is used up by the first', async () => {
  addToken({ uses: '1' });
  await request('one', 'n1');
  await request('two', 'n2');
  expect(conditionOf('one')).toMatchObject({ type: 'Approved' });
  expect(conditionOf('two')).toMatchObject({ type: 'Denied', reason: 'TokenUsedUp' });
});

test('requests of other signers and of other subjects wait for a person', async () => {
  addToken();
  await request('other', 'n1', { signerName: 'example.com/signer' });
  await request('admin', 'n1', { groups: ['system:masters'] });
  expect(get('other')?.status).toBeUndefined();
  expect(get('admin')?.status).toBeUndefined();
});

test('decided requests go after an hour, undecided ones after a day', async () => {
  addToken();
  await request('decided', 'n1');
  await request('open', 'n2', { signerName: 'example.com/signer' });
  await cluster.clock.advance(3_700_000);
  expect([get('decided'), get('open')?.metadata.name]).toEqual([undefined, 'open']);
  await cluster.clock.advance(24 * 3_600_000);
  expect(get('open')).toBeUndefined();
});

test('an expired bootstrap token goes when its time comes', async () => {
  addToken({ expiration: new Date(cluster.clock.now() + 60_000).toISOString() });
  await cluster.clock.advance(59_000);
  expect(cluster.client.all(resources.secrets)).toHaveLength(1);
  await cluster.clock.advance(2_000);
  expect(cluster.client.all(resources.secrets)).toHaveLength(0);
});

test('a hub gets a certificate as its node alone, for the addresses of hubs alone', async () => {
  cluster.client.seed<Node>(resources.nodes, { metadata: { name: 'n1' } });
  cluster.client.seed<Service>(resources.services, {
    metadata: { name: 'kubernetes', namespace: 'default' },
    spec: { clusterIPs: ['10.96.0.1'] },
  });
  const ask = async (name: string, username: string, ipAddresses: string[]) => {
    const pem = await createCertificateRequest({
      user: 'system:node:n1',
      groups: ['system:nodes'],
      keyPem: await generatePrivateKey(),
      dnsNames: hubDnsNames,
      ipAddresses,
    });
    cluster.client.seed<CertificateSigningRequest>(resources.certificateSigningRequests, {
      metadata: { name },
      spec: {
        request: base64(pem),
        signerName: signers.hubServing,
        usages: ['digital signature', 'server auth'],
        username,
        groups: ['system:nodes'],
      },
    });
    await settle();
  };
  await ask('own', 'system:node:n1', [hubAddress, '10.96.0.1']);
  await ask('other', 'system:node:n2', [hubAddress]);
  await ask('elsewhere', 'system:node:n1', ['10.96.0.2']);
  const certificate = new X509Certificate(Buffer.from(get('own')?.status?.certificate ?? '', 'base64'));
  expect(certificate.checkIP('10.96.0.1')).toBe('10.96.0.1');
  expect(certificate.checkHost('kubernetes.default.svc')).toBe('kubernetes.default.svc');
  expect(conditionOf('other')).toMatchObject({ type: 'Denied', reason: 'NotThisNode' });
  expect(conditionOf('elsewhere')).toMatchObject({ type: 'Denied', reason: 'NotAHub' });
});
