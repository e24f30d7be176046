import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '@skerry/base/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createCertificateAuthority } from '#certificate-authority.ts';
import { describeCertificate } from '#certificate.ts';
import { writeFileAtomically } from '#file.ts';
import {
  loadKeyPair,
  loadOrCreateCertificateAuthority,
  loadOrCreateServiceAccountKey,
  loadOrIssue,
} from '#key-store.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-keys-'));
});
afterEach(() => rm(directory, { recursive: true }));

test('an authority is made once and kept, its key readable by its owner alone', async () => {
  const options = { directory: join(directory, 'pki'), name: 'ca', commonName: 'c', clock: new FakeClock() };
  const first = await loadOrCreateCertificateAuthority(options);
  const second = await loadOrCreateCertificateAuthority(options);
  expect(second.publicKeyHash).toBe(first.publicKeyHash);
  expect((await stat(join(directory, 'pki'))).mode & 0o777).toBe(0o700);
  expect((await stat(join(directory, 'pki', 'ca.key'))).mode & 0o777).toBe(0o600);
  expect((await readdir(join(directory, 'pki'))).sort()).toEqual(['ca.crt', 'ca.key']);
});

test('a certificate without its key is an error that names the file, not a new authority', async () => {
  const options = { directory, name: 'ca', commonName: 'c', clock: new FakeClock() };
  await loadOrCreateCertificateAuthority(options);
  await rm(join(directory, 'ca.key'));
  await expect(loadOrCreateCertificateAuthority(options)).rejects.toThrow(/ca\.crt is there but its key/);
});

test('a service account key is made once and names itself the same way', async () => {
  const first = await loadOrCreateServiceAccountKey(directory);
  const second = await loadOrCreateServiceAccountKey(directory);
  expect(second.keyId).toBe(first.keyId);
  expect(first.publicJwk).toMatchObject({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' });
  expect(first.publicJwk).not.toHaveProperty('d');
  expect((await stat(join(directory, 'sa.key'))).mode & 0o777).toBe(0o600);
});

test('a certificate is issued again when it nears its end or no longer fits, and else kept', async () => {
  const clock = new FakeClock();
  const authority = await createCertificateAuthority({ commonName: 'c', clock });
  let fits = true;
  const load = () =>
    loadOrIssue({
      directory,
      name: 'server',
      clock,
      renewBeforeMs: 1_000,
      fits: () => fits,
      issue: () => authority.issueServerCertificate({ dnsNames: ['a'], ipAddresses: [], validityMs: 10_000 }),
    });
  const fingerprintOf = (pem: string) => describeCertificate(pem).fingerprint;
  const first = fingerprintOf((await load()).certificatePem);
  expect(fingerprintOf((await load()).certificatePem)).toBe(first);
  await clock.advance(9_500);
  const second = fingerprintOf((await load()).certificatePem);
  expect(second).not.toBe(first);
  fits = false;
  expect(fingerprintOf((await load()).certificatePem)).not.toBe(second);
  expect(await loadKeyPair(directory, 'absent')).toBeUndefined();
});

test('a failed atomic write leaves the old content and no temporary file', async () => {
  const path = join(directory, 'f');
  await writeFileAtomically(path, 'old', { mode: 0o600 });
  await expect(writeFileAtomically(join(directory, 'none', 'f'), 'new')).rejects.toThrow();
  await expect(writeFileAtomically(directory, 'new')).rejects.toThrow();
  expect(await readFile(path, 'utf8')).toBe('old');
  expect(await readdir(directory)).toEqual(['f']);
});
