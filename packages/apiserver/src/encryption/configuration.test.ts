import { describe, expect, test } from 'vitest';
import { parseEncryptionConfiguration } from '#encryption/configuration.ts';
import { identity } from '#encryption/transformer.ts';
import { StorageEncryption } from '#encryption/storage-encryption.ts';

const head = 'apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\n';
const key = (name: string, fill: number, bytes = 32) =>
  `{ name: ${name}, secret: ${Buffer.alloc(bytes, fill).toString('base64')} }`;
const rule = (resources: string, ...providers: string[]) =>
  `- resources: ${resources}\n  providers:\n${providers.map((each) => `  - ${each}\n`).join('')}`;
const parse = (...rules: string[]) =>
  parseEncryptionConfiguration(`${head}resources:\n${rules.join('')}`, 'file.yaml');

const secrets = { group: '', resource: 'secrets' };
const at = '/registry/core/secrets/default/s';
const plain = Buffer.from('{"kind":"Secret"}');
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');

describe('a configuration is refused', () => {
  test.each<[string, string, string]>([
    ['of another kind', 'apiVersion: v1\nkind: List\n', 'it holds v1, Kind=List, not'],
    ['that is no YAML', `${head}resources: [`, 'it is no YAML'],
    ['without rules', head, 'resources: Required value: at least one resources is required'],
    [
      'with a field that nobody reads',
      `${head}resources:\n${rule('[secrets]', 'identity: {}')}  provider: x\n`,
      'resources[0].provider: unknown field',
    ],
  ])('%s', (_what, file, fault) => {
    expect(() => parseEncryptionConfiguration(file, 'file.yaml')).toThrow(fault);
  });

  test.each<[string, string, string]>([
    ['without resources', rule('[]', 'identity: {}'), 'resources[0].resources: Required value'],
    ['with capitals', rule('[Secrets]', 'identity: {}'), 'resource name should not contain capital letters'],
    ['with a lone star', rule('["*"]', 'identity: {}'), "use '*.' to encrypt all the resources from core"],
    ['across groups', rule('["secrets.*"]', 'identity: {}'), 'across groups is not supported'],
    ['of a group that is gone', rule('[ingresses.extensions]', 'identity: {}'), "'extensions' group"],
    ['twice the same', rule('[secrets, secrets]', 'identity: {}'), 'cannot be specified multiple times'],
    ['with overlaps', rule('[secrets, "*."]', 'identity: {}'), 'using overlapping resources'],
    ['with an empty provider', rule('[secrets]', '{}'), 'provider does not contain any of the expected'],
    [
      'with two providers in one element',
      rule('[secrets]', `{ identity: {}, aesgcm: { keys: [${key('k', 1)}] } }`),
      'more than one provider specified in a single element',
    ],
    ['without keys', rule('[secrets]', 'aesgcm: { keys: [] }'), 'keys: Required value: at least one keys'],
    [
      'with a key of the wrong length',
      rule('[secrets]', `aescbc: { keys: [${key('k', 1, 5)}] }`),
      'keys[0].secret: Invalid value: "REDACTED": secret is not of the expected length, got 5, expected one of [16 24 32]',
    ],
    [
      'with a key that is no base64',
      rule('[secrets]', 'aescbc: { keys: [{ name: k, secret: "ä" }] }'),
      'secrets must be base64 encoded',
    ],
    [
      'with a secretbox key of the wrong length',
      rule('[secrets]', `secretbox: { keys: [${key('k', 1, 16)}] }`),
      'secret is not of the expected length, got 16, expected one of [32]',
    ],
  ])('%s', (_what, rules, fault) => {
    expect(() => parse(rules)).toThrow(fault);
  });

  const plugin = (...changed: object[]) =>
    changed.map((change) => {
      const settings = { apiVersion: 'v2', name: 'a', endpoint: 'unix:///a.sock', ...change };
      return rule('[secrets]', JSON.stringify({ kms: settings }));
    });

  test.each<[string, string[], string]>([
    ['of version 1', plugin({ apiVersion: 'v1' }), 'KMSv1 is deprecated'],
    ['of another version', plugin({ apiVersion: 'v3' }), 'unsupported apiVersion v3 for KMS provider'],
    ['without a name', plugin({ name: '' }), 'name is a mandatory field for a provider'],
    ['of such a name', plugin({ name: 'a:b' }), "invalid KMS provider name a:b, must not contain ':'"],
    ['twice the same', plugin({}, {}), 'duplicate KMS provider name a, names must be unique'],
    ['that never waits', plugin({ timeout: '0s' }), 'timeout should be a positive value'],
    ['with a cache', plugin({ cachesize: 5 }), 'cachesize is not supported in v2'],
    ['without an endpoint', plugin({ endpoint: '' }), 'endpoint is a mandatory field for a kms'],
    [
      'over the net',
      plugin({ endpoint: 'https://a' }),
      'unsupported scheme "https" for KMS provider, only unix is supported',
    ],
  ])('with a plugin %s', (_what, rules, fault) => {
    const text = `${head}resources:\n${rules.join('')}`;
    expect(() => parseEncryptionConfiguration(text, 'file.yaml', () => identity)).toThrow(fault);
  });

  test('where an earlier rule has taken the resource', () => {
    const later = rule('[configmaps]', 'identity: {}');
    expect(() => parse(rule('["*."]', 'identity: {}'), later)).toThrow(
      'resource "configmaps" is masked by earlier rule "*."',
    );
  });

  test('without telling its keys', () => {
    const secret = 'aGVsbG8gd29ybGQ=';
    const rules = rule('[secrets]', `aesgcm: { keys: [{ name: k, secret: ${secret} }] }`);
    expect(() => parse(rules)).toThrow(/^(?!.*aGVsbG8).*REDACTED/);
  });
});

describe('by a configuration', () => {
  const gcm = (name: string, fill: number) => `aesgcm: { keys: [${key(name, fill)}] }`;
  const cbc = (name: string, fill: number) => `aescbc: { keys: [${key(name, fill)}] }`;
  const transformer = (...providers: string[]) =>
    new StorageEncryption({ rules: parse(rule('[secrets]', ...providers)) }).transformerFor(secrets);

  test.each([
    ['aesgcm', gcm('one', 1), 'k8s:enc:aesgcm:v1:one:'],
    ['aescbc', cbc('one', 1), 'k8s:enc:aescbc:v1:one:'],
    ['secretbox', `secretbox: { keys: [${key('one', 1)}] }`, 'k8s:enc:secretbox:v1:one:'],
  ])('%s seals and opens', (_name, provider, prefix) => {
    const { seal, open } = transformer(provider);
    const sealed = seal(at, plain);
    expect(text(sealed).startsWith(prefix)).toBe(true);
    expect(text(sealed)).not.toContain('Secret');
    expect(text(open(at, sealed).value)).toBe(text(plain));
    expect(open(at, sealed).stale).toBe(false);
    expect(text(seal(at, plain))).not.toBe(text(sealed));
  });

  test('what an older key sealed opens, and is to be rewritten', () => {
    const before = transformer(gcm('old', 1)).seal(at, plain);
    const { open } = transformer(`aesgcm: { keys: [${key('new', 2)}, ${key('old', 1)}] }`);
    expect(open(at, before)).toMatchObject({ stale: true });
    expect(text(open(at, before).value)).toBe(text(plain));
  });

  test('what was plain opens where identity is named, and only there', () => {
    expect(transformer(gcm('k', 1), 'identity: {}').open(at, plain)).toMatchObject({ stale: true });
    expect(() => transformer(gcm('k', 1)).open(at, plain)).toThrow('no matching prefix found');
  });

  test('identity first brings plain values back', () => {
    const sealed = transformer(gcm('k', 1)).seal(at, plain);
    const { open, seal } = transformer('identity: {}', gcm('k', 1));
    expect(text(open(at, sealed).value)).toBe(text(plain));
    expect(text(seal(at, plain))).toBe(text(plain));
  });

  test('another key of the same name does not open', () => {
    const sealed = transformer(gcm('k', 1)).seal(at, plain);
    expect(() => transformer(gcm('k', 2)).open(at, sealed)).toThrow('cipher: message authentication failed');
  });

  test('a value moved to another key does not open', () => {
    const { seal, open } = transformer(gcm('k', 1));
    expect(() => open(`${at}2`, seal(at, plain))).toThrow('cipher: message authentication failed');
  });

  test.each([
    ['the resource itself', 'secrets', secrets, true],
    ['another resource', 'secrets', { group: '', resource: 'configmaps' }, false],
    ['its group', '"*.apps"', { group: 'apps', resource: 'deployments' }, true],
    ['the core group', '"*."', secrets, true],
    ['another group', '"*."', { group: 'apps', resource: 'deployments' }, false],
    ['everything', '"*.*"', { group: 'example.com', resource: 'things' }, true],
  ])('%s is sealed or not', (_what, named, resource, sealed) => {
    const encryption = new StorageEncryption({ rules: parse(rule(`[${named}]`, gcm('k', 1))) });
    expect(text(encryption.transformerFor(resource).seal(at, plain)).startsWith('k8s:enc:')).toBe(sealed);
  });
});

describe('the installation key', () => {
  const keys = [1, 2].map((fill) => ({ id: `key-${fill}`, secret: Buffer.alloc(32, fill) }));
  const [older, newest] = keys as [(typeof keys)[0], (typeof keys)[0]];

  test('seals Secrets and nothing else', () => {
    const encryption = new StorageEncryption({ keys: [newest] });
    const sealed = encryption.transformerFor(secrets).seal(at, plain);
    expect(text(sealed).startsWith('k8s:enc:skerry:v1:key-2:')).toBe(true);
    const other = encryption.transformerFor({ group: '', resource: 'configmaps' });
    expect(text(other.seal(at, plain))).toBe(text(plain));
  });

  test('opens what another process sealed under it, and what an older key sealed', () => {
    const sealed = new StorageEncryption({ keys: [older] }).transformerFor(secrets).seal(at, plain);
    const same = new StorageEncryption({ keys: [older] }).transformerFor(secrets);
    expect(same.open(at, sealed)).toMatchObject({ stale: false });
    const rotated = new StorageEncryption({ keys: [newest, older] }).transformerFor(secrets);
    expect(text(rotated.open(at, sealed).value)).toBe(text(plain));
    expect(rotated.open(at, sealed).stale).toBe(true);
    const lost = new StorageEncryption({ keys: [newest] }).transformerFor(secrets);
    expect(() => lost.open(at, sealed)).toThrow('no matching prefix found');
  });

  test('does not open a value that was moved or changed', () => {
    const { seal, open } = new StorageEncryption({ keys: [newest] }).transformerFor(secrets);
    const sealed = Buffer.from(seal(at, plain));
    expect(() => open(`${at}2`, sealed)).toThrow('message authentication failed');
    sealed.writeUInt8(sealed.readUInt8(sealed.length - 1) ^ 1, sealed.length - 1);
    expect(() => open(at, sealed)).toThrow('message authentication failed');
  });

  test('still opens its values once a configuration seals otherwise, to have them rewritten', () => {
    const before = new StorageEncryption({ keys: [newest] }).transformerFor(secrets).seal(at, plain);
    const rules = parse(rule('[secrets]', `aesgcm: { keys: [${key('k', 3)}] }`));
    const { open } = new StorageEncryption({ keys: [newest], rules }).transformerFor(secrets);
    expect(open(at, before)).toMatchObject({ stale: true });
  });
});
