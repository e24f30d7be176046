import { ApiError, type CertificateSigningRequest, notFound } from '@skerry/api';
import { FakeClock, eventually } from '@skerry/base/testing';
import type { ApiClient } from '@skerry/client';
import { createCertificateAuthority, generatePrivateKey } from '@skerry/pki';
import { describe, expect, test } from 'vitest';
import { requestNodeCertificate, resolvePool } from '#join/node-certificate.ts';

type Status = CertificateSigningRequest['status'];

/** A center that answers the request with this status. */
function answering(status: Status | (() => Status)): ApiClient {
  const requests = {
    create: () => Promise.resolve({}),
    get: async () => ({ metadata: { name: 'r' }, status: typeof status === 'function' ? status() : status }),
  };
  // Only what a joining machine asks of a client.
  return { resource: () => requests } as unknown as ApiClient;
}

const ask = (client: ApiClient, clock = new FakeClock()) =>
  requestNodeCertificate(client, { nodeName: 'a', clock });
const ended = (type: string, reason: string, message?: string): Status => ({
  conditions: [{ type, status: 'True', reason, message }],
});

test.each([
  [ended('Denied', 'NodeExists', 'x'), 'node-exists', /^A node named a is already exist in the cluster/],
  [ended('Denied', 'TokenUsedUp', 'used for 1 of 1'), 'token-expired', /^TOKEN_EXPIRED: used for 1 of 1/],
  [ended('Denied', 'PoolMissing', 'the pool is gone'), 'certificate-denied', /the pool is gone/],
  [ended('Denied', 'KubectlDeny'), 'certificate-denied', /KubectlDeny/],
  [ended('Failed', 'SignerValidationFailure', 'bad usage'), 'certificate-failed', /bad usage/],
])('a request that ended as %j says %s', async (status, code, message) => {
  await expect(ask(answering(status))).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
  });
});

test('a request that nobody answers ends after two minutes, naming where to look', async () => {
  const clock = new FakeClock();
  let failure: unknown;
  void ask(answering(undefined), clock).catch((error: unknown) => {
    failure = error;
  });
  await eventually(async () => {
    await clock.advance(2_000);
    expect(failure).toMatchObject({
      code: 'certificate-timeout',
      message: expect.stringContaining('kubectl describe csr node-csr-'),
    });
  });
  expect(clock.pendingTimers).toBe(0);
});

test('a certificate for another key is not taken', async () => {
  const clock = new FakeClock();
  const authority = await createCertificateAuthority({ commonName: 'ca', clock });
  const { certificatePem } = await authority.issueClientCertificate({
    user: 'system:node:a',
    keyPem: await generatePrivateKey(),
  });
  const certificate = Buffer.from(certificatePem).toString('base64');
  await expect(ask(answering({ certificate }))).rejects.toMatchObject({ code: 'certificate-failed' });
});

test('a token that ends while one waits is told as such', async () => {
  const client = answering(() => {
    throw new ApiError('Unauthorized', 'Unauthorized');
  });
  await expect(ask(client)).rejects.toMatchObject({ code: 'token-expired' });
});

describe('the pool of a joining machine', () => {
  /** A center with pool `x`, and a token bound to `bound`. */
  const center = (bound?: string): ApiClient =>
    ({
      request: () =>
        Promise.resolve({ status: { userInfo: { extra: bound ? { 'skerry.io/pool': [bound] } : {} } } }),
      resource: () => ({
        get: (name: string) =>
          name === 'x'
            ? Promise.resolve({})
            : Promise.reject(notFound({ group: '', resource: 'nodepools' }, name)),
      }),
    }) as unknown as ApiClient;

  test.each<[string | undefined, string | undefined, string | undefined]>([
    [undefined, undefined, undefined],
    [undefined, 'x', 'x'],
    ['x', undefined, 'x'],
    ['x', 'x', 'x'],
  ])('with a token for %s and --pool %s is %s', async (bound, asked, pool) => {
    expect(await resolvePool(center(bound), asked)).toBe(pool);
  });

  test.each<[string | undefined, string | undefined, string]>([
    ['x', 'y', 'pool-not-allowed'],
    [undefined, 'y', 'pool-not-found'],
    ['y', undefined, 'pool-not-found'],
  ])('with a token for %s and --pool %s is refused: %s', async (bound, asked, code) => {
    await expect(resolvePool(center(bound), asked)).rejects.toMatchObject({ code });
  });
});
