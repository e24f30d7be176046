import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@skerry/base';
import { eventually, FakeClock } from '@skerry/base/testing';
import { loadKubeconfig } from '@skerry/client';
import { expect, test } from 'vitest';
import { dataDirectory } from '#data-directory.ts';
import { certificateReading, certificateUpkeep } from './certificate-upkeep.ts';
import { prepareInstallation, type RenewedCertificates } from './installation.ts';

const dayMs = 24 * 3_600_000;

test('a server that runs past the end of its certificates has renewed them before', async () => {
  const clock = new FakeClock();
  const data = dataDirectory(mkdtempSync(join(tmpdir(), 'skerry-upkeep-')));
  const installation = await prepareInstallation(data, { flags: {}, clock });
  const stop = new AbortController();
  const renewed: RenewedCertificates[] = [];
  const read: string[] = [];
  const upkeep = certificateUpkeep({
    installation,
    clock,
    log: silentLogger,
    onRenewed: (all) => renewed.push(all),
  });
  const reading = certificateReading({
    installation,
    clock,
    onRenewed: ({ certificatePem }) => read.push(certificatePem),
  });
  const running = [upkeep, reading].map((service) => service.run(stop.signal));
  const firstAdmin = (await loadKubeconfig(data.adminKubeconfig)).clientCertificate;
  await clock.advance(300 * dayMs);
  expect(renewed).toEqual([]);
  await clock.advance(10 * dayMs);
  // The files are written by threads that know nothing of the moved clock.
  await eventually(async () => {
    await clock.advance(dayMs);
    expect(renewed.length).toBeGreaterThan(0);
    expect(read).toHaveLength(1);
  });
  const [now] = renewed;
  const certificate = new X509Certificate(now?.serverCertificate.certificatePem ?? '');
  expect(Date.parse(certificate.validTo)).toBeGreaterThan(clock.now() + 300 * dayMs);
  expect(read[0]).toBe(now?.serverCertificate.certificatePem);
  const proxy = new X509Certificate(now?.frontProxy.clientCertificate.certificatePem ?? '');
  expect(Date.parse(proxy.validTo)).toBeGreaterThan(clock.now() + 300 * dayMs);
  await eventually(async () => {
    await clock.advance(dayMs / 4);
    expect((await loadKubeconfig(data.adminKubeconfig)).clientCertificate).not.toBe(firstAdmin);
  });
  stop.abort(new Error('done'));
  await Promise.all(running);
  rmSync(data.path, { recursive: true });
});
