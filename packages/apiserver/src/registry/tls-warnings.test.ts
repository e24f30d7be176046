import { generateKeyPairSync } from 'node:crypto';
import { systemClock } from '@skerry/base';
import { createCertificateAuthority } from '@skerry/pki';
import { expect, test } from 'vitest';
import { tlsWarnings } from '#registry/tls-warnings.ts';

const secret = (certificate: string, key: string) => ({
  type: 'kubernetes.io/tls',
  data: {
    'tls.crt': Buffer.from(certificate).toString('base64'),
    'tls.key': Buffer.from(key).toString('base64'),
  },
});

const authority = await createCertificateAuthority({ commonName: 'test', clock: systemClock });
const pair = await authority.issueServerCertificate({ dnsNames: ['a'], ipAddresses: [] });
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
}) as string;

test('a pair that fits is no matter', () => {
  expect(tlsWarnings(secret(pair.certificatePem, pair.keyPem))).toEqual([]);
  expect(tlsWarnings({ type: 'Opaque', data: {} })).toEqual([]);
});

test.each([
  ['x', pair.keyPem, 'tls: failed to find any PEM data in certificate input'],
  [pair.certificatePem, 'x', 'tls: failed to find any PEM data in key input'],
  [
    pair.certificatePem,
    pair.certificatePem,
    'tls: found a certificate rather than a key in the PEM for the private key',
  ],
  [pair.certificatePem, other, 'tls: private key does not match public key'],
])('what does not fit is told', (certificate, key, warning) => {
  expect(tlsWarnings(secret(certificate, key))).toEqual([warning]);
});
