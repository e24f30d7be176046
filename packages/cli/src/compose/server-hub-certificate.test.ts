import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '@skerry/base/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { serverHubCertificate } from './server-hub-certificate.ts';

let directory: string;
let clock: FakeClock;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'skerry-hub-certificate-'));
  clock = new FakeClock();
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

const at = (...addresses: string[]) => serverHubCertificate({ directory, addresses, clock });

test('is made once, for the addresses and for the names of the API in a cluster', async () => {
  const made = await at('127.0.0.1');
  const certificate = new X509Certificate(made.certificatePem);
  expect(certificate.verify(new X509Certificate(made.authorityPem ?? '').publicKey)).toBe(true);
  expect([certificate.checkIP('127.0.0.1'), certificate.checkHost('kubernetes.default.svc')]).toEqual([
    '127.0.0.1',
    'kubernetes.default.svc',
  ]);
  expect(await at('127.0.0.1')).toEqual(made);
});

test('is made anew for another address, and before it ends, by the same authority', async () => {
  const first = await at('127.0.0.1');
  const second = await at('127.0.0.1', '169.254.20.1');
  expect(new X509Certificate(second.certificatePem).checkIP('169.254.20.1')).toBe('169.254.20.1');
  clock.jump(300 * 24 * 3_600_000);
  const third = await at('127.0.0.1', '169.254.20.1');
  expect(third.certificatePem).not.toBe(second.certificatePem);
  expect([second.authorityPem, third.authorityPem]).toEqual([first.authorityPem, first.authorityPem]);
});

test('is the one that its owner names, as it is now', async () => {
  const [certFile, keyFile] = ['tls.crt', 'tls.key'].map((name) => join(directory, name)) as [string, string];
  const read = () =>
    serverHubCertificate({ directory, addresses: ['::1'], given: { certFile, keyFile }, clock });
  await expect(read()).rejects.toMatchObject({ code: 'hub-certificate-unreadable' });
  writeFileSync(keyFile, 'key');
  for (const text of ['first', 'renewed']) {
    writeFileSync(certFile, text);
    expect(await read()).toEqual({ certificatePem: text, keyPem: 'key' });
  }
});
