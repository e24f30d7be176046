import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '@skerry/base/testing';
import { loadKubeconfig } from '@skerry/client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type DataDirectory, dataDirectory, lockDataDirectory } from '#data-directory.ts';
import { rotateKey } from './key-rotation.ts';
import { openInstallation, prepareInstallation } from './installation.ts';

describe('an installation', () => {
  let data: DataDirectory;
  const clock = new FakeClock();

  beforeEach(async () => {
    data = dataDirectory(await mkdtemp(join(tmpdir(), 'skerry-installation-')));
  });

  afterEach(() => rm(data.path, { recursive: true }));

  const prepare = (flags = {}) => prepareInstallation(data, { flags, clock });

  test('prepared twice keeps authority, keys and credentials', async () => {
    const first = await prepare();
    const second = await prepare();
    expect(second.authority.certificatePem).toBe(first.authority.certificatePem);
    expect(second.serverCertificate).toEqual(first.serverCertificate);
    expect(second.serviceAccountKey.keyId).toBe(first.serviceAccountKey.keyId);
    expect(second.componentTokens).toEqual(first.componentTokens);
  });

  test("'s server certificate has the advertised names, and is issued again when one is added", async () => {
    const before = await prepare();
    const after = await prepare({ advertise: ['center.example.com', '198.18.0.1'] });
    expect(after.serverCertificate.certificatePem).not.toBe(before.serverCertificate.certificatePem);
    const certificate = new X509Certificate(after.serverCertificate.certificatePem);
    for (const name of ['localhost', 'kubernetes.default.svc', 'center.example.com']) {
      expect(certificate.checkHost(name), name).toBe(name);
    }
    for (const address of ['127.0.0.1', '10.96.0.1', '198.18.0.1']) {
      expect(certificate.checkIP(address), address).toBe(address);
    }
  });

  test('keeps its configuration for later starts without flags', async () => {
    await prepare({ port: 7443, clusterName: 'far' });
    expect((await openInstallation(data, clock)).config).toMatchObject({ port: 7443, clusterName: 'far' });
  });

  test('forgets the flags of a start that failed, but for ranges that its store may hold', async () => {
    await prepare({ port: 7443 });
    const mistyped = {
      port: 7444,
      auditPolicyFile: '/no/such/policy',
      clusterCidr: '10.12.0.0/16,fd00:1::/56',
    };
    await (await prepare(mistyped)).takeBackFlags();
    const { config } = await prepare();
    expect(config).toMatchObject({ port: 7443, clusterCidr: mistyped.clusterCidr });
    expect(config.auditPolicyFile).toBeUndefined();
  });

  test('refuses another pod range once it has one', async () => {
    await prepare({ clusterCidr: '10.12.0.0/16' });
    await expect(prepare({ clusterCidr: '10.13.0.0/16' })).rejects.toMatchObject({
      code: 'config-immutable',
    });
  });

  test('names a half-written configuration, and leaves it as it is', async () => {
    await prepare();
    const file = join(data.server, 'config.json');
    await writeFile(file, '{"clusterName": "def');
    await expect(prepare()).rejects.toThrow(file);
    expect(await readFile(file, 'utf8')).toBe('{"clusterName": "def');
  });

  test("'s kubeconfig and keys are for their owner alone", async () => {
    await prepare();
    for (const file of [
      data.adminKubeconfig,
      join(data.pki, 'ca.key'),
      join(data.pki, 'secrets.keys'),
      join(data.run, 'controllers-token'),
    ]) {
      expect(((await stat(file)).mode & 0o777).toString(8), file).toBe('600');
    }
    expect(((await stat(data.run)).mode & 0o777).toString(8)).toBe('700');
  });

  test("'s kubeconfig leads to its port with a certificate of system:masters", async () => {
    await prepare({ port: 7443 });
    const context = await loadKubeconfig(data.adminKubeconfig);
    expect(context.server).toBe('https://127.0.0.1:7443');
    expect(new X509Certificate(context.clientCertificate ?? '').subject).toContain('O=system:masters');
  });

  test('with a new key for secrets has it first, and the old one behind', async () => {
    const before = await prepare();
    await rotateKey(data, 'secrets');
    const after = await prepare();
    expect(after.valueKeys).toHaveLength(2);
    expect(after.valueKeys[1]).toEqual(before.valueKeys[0]);
  });

  test('with a new key for tokens still accepts the old one', async () => {
    const before = await prepare();
    await rotateKey(data, 'service-accounts');
    const after = await prepare();
    expect(after.serviceAccountKey.keyId).not.toBe(before.serviceAccountKey.keyId);
    expect(after.formerServiceAccountKeys.map(({ keyId }) => keyId)).toEqual([
      before.serviceAccountKey.keyId,
    ]);
  });

  test('has no keys to change where there is none', async () => {
    await expect(rotateKey(data, 'secrets')).rejects.toMatchObject({ code: 'server-not-here' });
  });

  test('keeps the path of a configuration file until it is set empty', async () => {
    await prepare({ encryptionProviderConfig: 'here/enc.yaml' });
    const { config } = await prepare();
    expect(config.encryptionProviderConfig).toBe(join(process.cwd(), 'here/enc.yaml'));
    expect((await prepare({ encryptionProviderConfig: '' })).config.encryptionProviderConfig).toBeUndefined();
    expect((await prepare()).config.encryptionProviderConfig).toBeUndefined();
  });

  test('names the field of a scheduler configuration that is wrong', async () => {
    const path = join(data.path, 'scheduler.yaml');
    await writeFile(
      path,
      'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\nprofile: []\n',
    );
    await expect(prepare({ schedulerConfig: path })).rejects.toMatchObject({
      code: 'config-invalid',
      message: `${path}: configuration: unknown field "profile"`,
    });
  });

  test('is not opened where there is none', async () => {
    await expect(openInstallation(data, clock)).rejects.toMatchObject({ code: 'server-not-here' });
  });

  test("'s folder has one owner at a time, and is free again when that one ends", async () => {
    await prepare();
    const lock = lockDataDirectory(data, 'skerry server');
    expect(() => lockDataDirectory(data, 'skerry server')).toThrow('in use by another skerry');
    lock.release();
    lockDataDirectory(data, 'skerry server').release();
  });
});
