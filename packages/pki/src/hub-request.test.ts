import { systemClock } from '@skerry/base';
import { expect, test } from 'vitest';
import { createCertificateAuthority } from '#certificate-authority.ts';
import { createCertificateRequest, parseCertificateRequest } from '#certificate-request.ts';
import { describeCertificate } from '#certificate.ts';
import { generatePrivateKey } from '#key.ts';
import { decideHubRequest, hubAddress, hubDnsNames, signers, signForSigner } from '#node-request.ts';

const usages = ['digital signature', 'server auth'];
const node = { username: 'system:node:a', groups: ['system:nodes', 'system:authenticated'] };
const good = {
  user: 'system:node:a',
  groups: ['system:nodes'],
  dnsNames: hubDnsNames,
  ipAddresses: [hubAddress, '127.0.0.1', '10.96.0.1'],
};

async function pemOf(changes: Partial<typeof good>): Promise<string> {
  return createCertificateRequest({ ...good, ...changes, keyPem: await generatePrivateKey() });
}

test.each([
  ['the node itself, for the names of hubs', {}, {}, 'approve'],
  ['another node', {}, { requester: { ...node, username: 'system:node:b' } }, 'NotThisNode'],
  [
    'a token that joins',
    {},
    { requester: { username: 'x', groups: ['system:bootstrappers'] } },
    'NotThisNode',
  ],
  ['one who only calls itself so', {}, { requester: { ...node, groups: [] } }, 'NotThisNode'],
  ['a node that was deleted', {}, { nodeExists: false }, 'NodeGone'],
  ['another name', { dnsNames: ['kubernetes', 'console.example'] }, {}, 'NotAHub'],
  ['an address of its own', { ipAddresses: [hubAddress, '192.168.0.10'] }, {}, 'NotAHub'],
  ['no address', { ipAddresses: [] }, {}, 'NotAHub'],
  ['more groups', { groups: ['system:nodes', 'system:masters'] }, {}, 'NotAHub'],
  ['the use of a client', {}, { usages: ['digital signature', 'client auth'] }, 'NotAHub'],
])('a hub’s certificate for %s', async (_, changes, facts, expected) => {
  const request = await parseCertificateRequest(await pemOf(changes));
  const decision = decideHubRequest({
    usages,
    requester: node,
    request,
    nodeExists: true,
    serviceAddresses: ['10.96.0.1'],
    ...facts,
  });
  expect(decision.kind === 'deny' ? decision.reason : decision.kind).toBe(expected);
});

test('it is signed for serving alone, and for the names of hubs even where somebody approved more', async () => {
  const authority = await createCertificateAuthority({ commonName: 'ca', clock: systemClock });
  const sign = async (changes: Partial<typeof good>) => {
    const requestPem = await pemOf(changes);
    const request = await parseCertificateRequest(requestPem);
    const facts = { signerName: signers.hubServing, usages, requestPem, request, requester: node };
    return signForSigner(authority, facts);
  };
  const { dnsNames, organizations } = describeCertificate((await sign({})) ?? '');
  expect([...dnsNames].sort()).toEqual([...hubDnsNames].sort());
  expect(organizations).toEqual(['system:nodes']);
  await expect(sign({ dnsNames: ['console.example'] })).rejects.toThrow('not a name of a hub');
});
