import { X509Certificate } from 'node:crypto';
import type { CertificateSigningRequest } from '@skerry/api';
import { createCertificateAuthority } from '@skerry/pki';
import { systemClock } from '@skerry/base';
import { expect, test } from 'vitest';
import { endOfRequest } from '#certificates/request-expiry.ts';

const hour = 3_600_000;
const created = Date.parse('2026-01-01T00:00:00Z');
const at = (ms: number) => new Date(ms).toISOString();

const request = (status: CertificateSigningRequest['status']): CertificateSigningRequest => ({
  metadata: { name: 'r', creationTimestamp: at(created) },
  spec: { request: '', signerName: 'example.com/own', usages: [] },
  status,
});
const decided = (type: string, hours: number) => ({
  type,
  status: 'True',
  lastUpdateTime: at(created + hours * hour),
});
const hoursKept = (status: CertificateSigningRequest['status']) =>
  (endOfRequest(request(status), created) - created) / hour;

test.each<[string, CertificateSigningRequest['status'], number]>([
  ['nobody decided', {}, 24],
  ['denied after 20 hours', { conditions: [decided('Denied', 20)] }, 21],
  ['approved after 20 hours, not signed', { conditions: [decided('Approved', 20)] }, 44],
  ['approved after 20 hours, signed', { conditions: [decided('Approved', 20)], certificate: 'eA==' }, 21],
  ['failed after its approval', { conditions: [decided('Approved', 1), decided('Failed', 2)] }, 3],
  ['noted by others', { conditions: [decided('Other', 1)] }, Infinity],
])('%s', (_, status, hours) => {
  expect(hoursKept(status)).toBe(hours);
});

test('a request goes with its certificate', async () => {
  const authority = await createCertificateAuthority({
    commonName: 'x',
    clock: systemClock,
    validityMs: hour,
  });
  const certificate = Buffer.from(authority.certificatePem).toString('base64');
  const conditions = [{ ...decided('Approved', 0), lastUpdateTime: '2999-01-01T00:00:00Z' }];
  const end = Date.parse(new X509Certificate(authority.certificatePem).validTo);
  expect(endOfRequest(request({ conditions, certificate }), created)).toBe(end);
});
