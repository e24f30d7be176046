/** Who asks: tokens of every shape, impersonation, certificate requests and join tokens. None of them lets anyone in. */
import { createHmac } from 'node:crypto';
import { SkerryError } from '@skerry/base';
import {
  createCertificateRequest,
  generatePrivateKey,
  parseCertificateRequest,
  parseJoinToken,
} from '@skerry/pki';
import * as fc from 'fast-check';
import { damage, damaged } from '../documents.ts';
import { expectHonest } from '../expectations.ts';
import { hostileScalars, hostileTexts, hostileValue, jsonText } from '../hostile-values.ts';
import { probe, type Probe } from '../probe.ts';
import { adminToken } from '../server-contract.ts';
import type { Target } from '../target.ts';

const plainText = fc
  .constantFrom(...hostileTexts)
  .map((text) => text.replace(/[^\x20-\x7e]/g, '?').slice(0, 5000));

const segment = (value: unknown) => Buffer.from(jsonText(value)).toString('base64url');
const header = fc.record(
  {
    alg: fc.constantFrom<unknown>('none', 'None', 'HS256', 'ES256', 'RS256', '', null, 1, [], '__proto__'),
    kid: fc.constantFrom<unknown>('', 'x', null, 1, {}, '../../etc/passwd', '__proto__'),
    typ: fc.constantFrom<unknown>('JWT', null),
    crit: fc.constantFrom<unknown>([], ['b64'], 'x'),
    jwk: fc.constantFrom<unknown>({ kty: 'oct', k: 'AA' }, null),
    jku: fc.constant('http://127.0.0.1:1/keys'),
  },
  { requiredKeys: ['alg'] },
);
const claims = fc.record(
  {
    iss: fc.constantFrom<unknown>('https://kubernetes.default.svc.cluster.local', 'x', null, []),
    sub: fc.constantFrom<unknown>('system:serviceaccount:default:default', 'system:masters', null),
    aud: fc.constantFrom<unknown>('https://kubernetes.default.svc.cluster.local', [], [null], {}),
    exp: fc.constantFrom<unknown>(4_102_444_800, 0, -1, '1', null, 1e308),
    nbf: fc.constantFrom<unknown>(0, 'x', 1e308),
    'kubernetes.io': hostileValue,
  },
  { requiredKeys: [] },
);
const jwt = fc
  .record({
    header,
    claims,
    end: fc.constantFrom('', '.', '.AA', '.AA.AA.AA', `.${'A'.repeat(9000)}`, '.!!', '.hmac'),
  })
  .map((parts) => {
    const signed = `${segment(parts.header)}.${segment(parts.claims)}`;
    const mac = createHmac('sha256', 'secret').update(signed).digest('base64url');
    return signed + (parts.end === '.hmac' ? `.${mac}` : parts.end);
  });
const token = fc.oneof(
  { weight: 3, arbitrary: jwt },
  { weight: 1, arbitrary: plainText },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      `${adminToken} `,
      adminToken.toUpperCase(),
      adminToken.slice(1),
      'abcdef.0123456789abcdef',
      '__proto__.0123456789abcdef',
      '......',
      'e30.e30.',
      'bnVsbA.bnVsbA.AA',
    ),
  },
);

const impersonation = fc.record(
  {
    'impersonate-user': plainText,
    'impersonate-group': plainText,
    'impersonate-uid': plainText,
    'impersonate-extra-a': plainText,
    'impersonate-extra-%2f': plainText,
    'impersonate-extra-__proto__': plainText,
  },
  { requiredKeys: [] },
);

const requestPem = await generatePrivateKey().then((keyPem) =>
  createCertificateRequest({
    user: 'system:node:x',
    groups: ['system:nodes'],
    keyPem,
    dnsNames: ['a.example.com'],
    ipAddresses: ['10.0.0.1'],
  }),
);
const der = Buffer.from(requestPem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
const pemOf = (bytes: Buffer) =>
  `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE REQUEST-----\n`;
const certificateRequest = fc.oneof(
  { weight: 4, arbitrary: fc.array(damage, { maxLength: 3 }).map((damages) => pemOf(damaged(der, damages))) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => pemOf(Buffer.from(bytes))) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '',
      requestPem + requestPem,
      requestPem.replaceAll('CERTIFICATE REQUEST', 'CERTIFICATE'),
      pemOf(Buffer.alloc(10_000, 0x30)),
      pemOf(Buffer.from([0x30, 0x84, 0xff, 0xff, 0xff, 0xff])),
      pemOf(Buffer.from([0x30, 0x80])),
      'x'.repeat(100_000),
    ),
  },
);

export const identity: readonly Probe[] = [
  probe('a token that nobody gave', token, async ({ client }, given) => {
    const answer = await client.call({
      path: '/api/v1/secrets',
      headers: { authorization: `Bearer ${given}` },
    });
    // Space around a token is none of it.
    if (given.trim() === adminToken) return;
    if (![401, 403, 431].includes(answer.status)) throw new Error(`it is answered ${answer.status}`);
    expectHonest(answer);
  }),
  probe(
    'a review of a token of any shape',
    fc.oneof(token, fc.constantFrom(...hostileScalars)),
    async ({ client }, given) => {
      const body = jsonText({ spec: { token: given, audiences: [given] } });
      const path = '/apis/authentication.k8s.io/v1/tokenreviews';
      expectHonest(
        await client.call({ method: 'POST', path, headers: { 'content-type': 'application/json' }, body }),
      );
    },
  ),
  probe('a user who acts as another', impersonation, async ({ client }, headers) => {
    expectHonest(await client.call({ path: '/api/v1/namespaces/default/configmaps', headers }));
  }),
  probe('a certificate request of odd bytes', certificateRequest, requested),
  probe('a join token of any text', fc.oneof(plainText, fc.string({ unit: 'binary' })), (_target, text) => {
    refusesWith(() => parseJoinToken(text));
    return Promise.resolve();
  }),
];

let requests = 0;

async function requested({ client }: Target, pem: string): Promise<void> {
  await parseCertificateRequest(pem).catch((error: unknown) => {
    if (!(error instanceof SkerryError)) throw error;
  });
  const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
  const name = `r${++requests}`;
  const spec = {
    request: Buffer.from(pem).toString('base64'),
    signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
    usages: ['client auth', 'digital signature'],
  };
  const headers = { 'content-type': 'application/json' };
  const made = await client.call({
    method: 'POST',
    path,
    headers,
    body: JSON.stringify({ metadata: { name }, spec }),
  });
  expectHonest(made);
  if (made.status !== 201) return;
  const approved = { status: { conditions: [{ type: 'Approved', status: 'True', reason: 'x' }] } };
  const patch = { method: 'PATCH', headers: { 'content-type': 'application/merge-patch+json' } };
  expectHonest(
    await client.call({ ...patch, path: `${path}/${name}/approval`, body: JSON.stringify(approved) }),
  );
  const certificate = { status: { certificate: Buffer.from(pem).toString('base64') } };
  expectHonest(
    await client.call({ ...patch, path: `${path}/${name}/status`, body: JSON.stringify(certificate) }),
  );
  expectHonest(await client.call({ method: 'DELETE', path: `${path}/${name}` }));
}

function refusesWith(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof SkerryError)) throw error;
  }
}
