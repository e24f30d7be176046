import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestServer } from '@skerry/apiserver/testing';
import { FakeClock, recordingLogger } from '@skerry/base/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { startSamplePlugin, type SamplePlugin } from '#kms/sample-plugin.ts';
import { openEncryption } from './storage-encryption.ts';
import { serverConfigDefaults } from './server-config.ts';

const key = `/registry/core/secrets/default/s`;
const aesgcm = `aesgcm: { keys: [{ name: k, secret: ${Buffer.alloc(32, 1).toString('base64')} }] }`;

let folder: string;
let path: string;
const open: { close(): unknown }[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'skerry-encryption-'));
  path = join(folder, 'encryption.yaml');
});

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
  await rm(folder, { recursive: true });
});

async function plugin(name = 'kms.sock', keyId?: string): Promise<SamplePlugin> {
  const started = await startSamplePlugin(join(folder, name), keyId);
  open.push(started);
  return started;
}

const kms = (name = 'sample', socket = 'kms.sock') =>
  `kms: { apiVersion: v2, name: ${name}, endpoint: "unix://${join(folder, socket)}", timeout: 1s }`;

const write = (...providers: string[]) =>
  writeFile(
    path,
    `apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n- resources: [secrets]\n  providers:\n${providers.map((each) => `  - ${each}\n`).join('')}`,
  );

async function started() {
  const clock = new FakeClock();
  const log = recordingLogger();
  const config = {
    ...serverConfigDefaults,
    encryptionProviderConfig: path,
    encryptionProviderConfigAutomaticReload: true,
  };
  const parts = await openEncryption({ config, valueKeys: [] }, { clock, log });
  const server = await startTestServer({ encryption: parts.encryption });
  const stop = new AbortController();
  const running = parts.run(() => server.server.reseal(), stop.signal);
  open.push({
    async close() {
      stop.abort();
      await running;
      await server.close();
      parts.close();
    },
  });
  const created = await fetch(`${server.url}/api/v1/namespaces/default/secrets`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ metadata: { name: 's' }, stringData: { a: 'b' } }),
  });
  expect(created.status).toBe(201);
  const stored = async () => Buffer.from((await server.store.get(key))!.value).toString('latin1');
  const errors = () => log.lines.filter(({ level }) => level === 'error').map(({ message }) => message);
  const health = async () => (await fetch(`${server.url}/readyz/kms-providers`)).status;
  return { clock, stored, errors, health, parts };
}

describe('a KMS plugin', () => {
  test('seals what is stored, and again when it has another key', async () => {
    const sample = await plugin();
    await write(kms(), 'identity: {}');
    const { clock, stored, health } = await started();
    expect(await stored()).toMatch(/^k8s:enc:kms:v2:sample:/);
    expect(await stored()).toContain('key-1');
    expect(sample.calls).toEqual(['Status', 'Encrypt']);
    sample.keyId = 'key-2';
    await clock.advance(60_000);
    await vi.waitFor(async () => expect(await stored()).toContain('key-2'));
    sample.healthz = 'no';
    await clock.advance(60_000);
    await vi.waitFor(async () => expect(await health()).toBe(500));
  });

  test('that is not there fails the start', async () => {
    const clock = new FakeClock();
    await write(kms());
    const config = { ...serverConfigDefaults, encryptionProviderConfig: path };
    const opening = openEncryption({ config, valueKeys: [] }, { clock, log: recordingLogger() });
    const refused = expect(opening).rejects.toMatchObject({ code: 'kms-unreachable' });
    const moving = setInterval(() => void clock.advance(10_000), 20);
    await refused;
    clearInterval(moving);
  }, 30_000);
});

describe('a configuration that is followed', () => {
  test('holds from the next look on, and what lies in the store is sealed by it', async () => {
    await write('identity: {}');
    const { clock, stored, errors } = await started();
    expect(await stored()).toMatch(/^\{/);
    await write(aesgcm, 'identity: {}');
    await clock.advance(60_000);
    await vi.waitFor(async () => expect(await stored()).toMatch(/^k8s:enc:aesgcm:v1:k:/));
    await plugin();
    await write(kms(), aesgcm, 'identity: {}');
    await clock.advance(60_000);
    await vi.waitFor(async () => expect(await stored()).toMatch(/^k8s:enc:kms:v2:sample:/));
    expect(errors()).toEqual([]);
  });

  test('and is wrong changes nothing, and is told once', async () => {
    await write(aesgcm);
    const { clock, errors, parts } = await started();
    await writeFile(path, 'kind: [');
    await clock.advance(60_000);
    await clock.advance(60_000);
    expect(errors()).toEqual(['encryption configuration not reloaded']);
    await rm(path);
    await clock.advance(60_000);
    await clock.advance(60_000);
    expect(errors()).toHaveLength(2);
    const { seal } = parts.encryption.transformerFor({ group: '', resource: 'secrets' });
    expect(Buffer.from(seal(key, Buffer.from('{}'))).toString('latin1')).toMatch(/^k8s:enc:aesgcm/);
  });
});
