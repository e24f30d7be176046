import { FakeClock, recordingLogger } from '@skerry/base/testing';
import { describe, expect, test } from 'vitest';
import type { KmsPlugin, WrappedKey } from '#encryption/kms-plugin.ts';
import { KmsProvider } from '#encryption/kms-provider.ts';
import { StorageEncryption } from '#encryption/storage-encryption.ts';

const at = '/kmsreg/secrets/default/s1';
/** Written by kube-apiserver 1.36.3 with a plugin that wraps as this one does. */
const ofUpstream =
  'azhzOmVuYzprbXM6djI6c2FtcGxlOgqEAqQncBjvJMxCbU5S2yRDSxOiEO6YOgnHrujFfrAeT4QiLZQC6vOX3E3OM9A2ZkD3o8TBkl5lA3bDNdHXLwpXkldZpDPJNGfim7LHq2t3qMlg6xftWIKC4h5WR2kFy+ywxivXJ/iXX5nAMk2jvYuc5rG6To6F7IZjNRCVOPAYEPNfa03iwO0xRxLsWWvPZ1vn6QBNNGyo/CkKNOhX9Cq6LSQGI4N/FMu/nosbZ2Hhdfi23v78jto1JelWE1KUruJSXPw0wgpLHk4S6lBudEjEsDRkyoiZgiMJaKItg9mdYaGpgQJPQrTIv+vt0THg0nCH7DQXwz5yEFozg91ryPC/P/n+zXMaEgVrZXktMRogVhFA/EPwUXM5kijU01LxEWeZE/ZD5O+FDLGReY79xUIiGAoPa2V5LnBsdWdpbi50ZXN0EgVrZXktMSgB';

const mixed = (bytes: Uint8Array) => bytes.map((byte) => byte ^ 0x5a);

function plugin() {
  const state = {
    keyId: 'key-1',
    /** What it names its key when it wraps; the same unless told. */
    wrapsAs: undefined as string | undefined,
    healthz: 'ok',
    down: false,
    unwraps: 0,
    closed: false,
  };
  const up = <T>(value: T) =>
    state.down ? Promise.reject(new Error('socket closed')) : Promise.resolve(value);
  const made: KmsPlugin = {
    status: () => up({ version: 'v2', healthz: state.healthz, keyId: state.keyId }),
    encrypt: (plain) => {
      const keyId = state.wrapsAs ?? state.keyId;
      return up<WrappedKey>({
        ciphertext: mixed(plain),
        keyId,
        annotations: new Map([['key.plugin.test', Buffer.from(keyId)]]),
      });
    },
    decrypt({ ciphertext }) {
      state.unwraps++;
      return up(mixed(ciphertext));
    },
    close: () => void (state.closed = true),
  };
  return { state, made };
}

function provider() {
  const clock = new FakeClock();
  const { state, made } = plugin();
  const changes: string[] = [];
  const log = recordingLogger();
  const kms = new KmsProvider({
    name: 'sample',
    plugin: made,
    clock,
    log,
    onChange: () => changes.push(state.keyId),
  });
  return { kms, clock, state, changes, log };
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const plain = Buffer.from('{"kind":"Secret"}');

describe('a KMS v2 provider', () => {
  test('opens what kube-apiserver sealed, once the plugin has unwrapped its seed', async () => {
    const { kms, state } = provider();
    const stored = Buffer.from(ofUpstream, 'base64').subarray(kms.prefix.length);
    expect(() => kms.open(at, stored)).toThrow('failed to decrypt DEK');
    await kms.prepare(stored);
    expect(kms.prepare(stored)).toBeUndefined();
    expect(text(kms.open(at, stored))).toContain('Opaque');
    expect(state.unwraps).toBe(1);
    expect(() => kms.open(`${at}2`, stored)).toThrow('message authentication failed');
  });

  test('seals under a key of its own for each value, without asking the plugin', async () => {
    const { kms, state } = provider();
    await kms.start();
    const one = kms.seal(at, plain);
    expect(text(one)).not.toContain('Secret');
    expect(text(kms.open(at, one))).toBe(text(plain));
    expect(text(kms.seal(at, plain))).not.toBe(text(one));
    expect(kms.prepare(one)).toBeUndefined();
    expect(kms.stale(one)).toBe(false);
    expect(state.unwraps).toBe(0);
  });

  test('has a new seed wrapped when the plugin has another key, and says so', async () => {
    const { kms, state, changes } = provider();
    await kms.start();
    const before = kms.seal(at, plain);
    await kms.check();
    expect(changes).toEqual([]);
    state.keyId = 'key-2';
    await kms.check();
    expect(changes).toEqual(['key-2']);
    expect(kms.stale(before)).toBe(true);
    expect(kms.stale(kms.seal(at, plain))).toBe(false);
    expect(text(kms.open(at, before))).toBe(text(plain));
  });

  test('keeps its seed when the plugin wraps under another key than it says it has', async () => {
    const { kms, state } = provider();
    await kms.start();
    const before = kms.seal(at, plain);
    state.keyId = 'key-2';
    state.wrapsAs = 'key-3';
    await kms.check();
    expect(kms.fault).toContain('failed to rotate DEK');
    expect(kms.stale(before)).toBe(false);
  });

  test('seals for three minutes after the plugin was last well, and opens on', async () => {
    const { kms, clock, state, log } = provider();
    await kms.start();
    const before = kms.seal(at, plain);
    state.healthz = 'no disk';
    await clock.advance(170_000);
    await kms.check();
    await kms.check();
    expect(kms.fault).toBe(
      'kmsv2 Provider sample is not healthy, error: got unexpected healthz status: no disk',
    );
    expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
    kms.seal(at, plain);
    await clock.advance(11_000);
    expect(() => kms.seal(at, plain)).toThrow(/^encryptedDEKSource with keyID hash "sha256:.*" expired at /);
    expect(text(kms.open(at, before))).toBe(text(plain));
    state.healthz = 'ok';
    await kms.check();
    kms.seal(at, plain);
    expect(kms.fault).toBeUndefined();
  });

  test('asks again for what was refused once the plugin is well', async () => {
    const { kms, clock, state, changes } = provider();
    state.down = true;
    const stored = Buffer.from(ofUpstream, 'base64').subarray(kms.prefix.length);
    const asking = kms.prepare(stored);
    for (let tries = 0; tries < 3; tries++) await clock.advance(1_000);
    await asking;
    expect(() => kms.open(at, stored)).toThrow('failed to decrypt DEK, error: socket closed');
    expect(kms.prepare(stored)).toBeUndefined();
    state.down = false;
    await kms.check();
    expect(changes).toHaveLength(1);
    await kms.prepare(stored);
    expect(text(kms.open(at, stored))).toContain('Opaque');
  });

  test('does not start without a plugin', async () => {
    const { kms, clock, state } = provider();
    state.down = true;
    const starting = expect(kms.start()).rejects.toThrow(
      'failed to perform status section of the healthz check for KMS Provider sample, error: socket closed',
    );
    for (let seconds = 0; seconds < 35; seconds++) await clock.advance(1_000);
    await starting;
    expect(() => kms.seal(at, plain)).toThrow('has no key yet');
  });

  test('is asked by the storage for what lies under it', async () => {
    const { kms } = provider();
    const encryption = new StorageEncryption({ rules: [{ resources: ['secrets'], providers: [kms] }] });
    const { open } = encryption.transformerFor({ group: '', resource: 'secrets' });
    const value = Buffer.from(ofUpstream, 'base64');
    expect(encryption.prepare([{ value: plain }])).toBeUndefined();
    await encryption.prepare([{ value }, { value }]);
    expect(encryption.prepare([{ value }])).toBeUndefined();
    expect(open(at, value).stale).toBe(true);
  });
});
