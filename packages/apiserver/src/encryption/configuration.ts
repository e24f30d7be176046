/**
 * Reads an EncryptionConfiguration (apiserver.config.k8s.io/v1), as `--encryption-provider-config` names it.
 * https://kubernetes.io/docs/reference/config-api/apiserver-config.v1/#apiserver-config-k8s-io-v1-EncryptionConfiguration
 */
import { ConfigurationFile, type Field } from '#configuration-file.ts';
import { openCbc, openGcm, sealCbc, sealGcm } from '#encryption/aes.ts';
import { openSecretbox, sealSecretbox, secretboxKeyBytes } from '#encryption/secretbox.ts';
import { durationMs } from '#http/request-timeout.ts';
import type { EncryptionRule } from '#encryption/storage-encryption.ts';
import { identity, type Provider } from '#encryption/transformer.ts';

type Cipher = 'aesgcm' | 'aescbc' | 'secretbox';

const aesKeySizes = [16, 24, 32];
const keySizes: Readonly<Record<Cipher, readonly number[]>> = {
  aesgcm: aesKeySizes,
  aescbc: aesKeySizes,
  secretbox: [secretboxKeyBytes],
};
const reserved = new Set(['apiserveripinfo', 'serviceipallocations', 'servicenodeportallocations']);

/** A KMS v2 plugin as a configuration names it. */
export interface KmsSettings {
  readonly name: string;
  /** Path of its socket. */
  readonly socket: string;
  readonly timeoutMs: number;
}

export type ConnectKms = (settings: KmsSettings) => Provider;

/** Fails with `config-invalid`, which names every bad field and never a key. Plugins are connected to once all is well. */
export function parseEncryptionConfiguration(
  text: string,
  source: string,
  connectKms?: ConnectKms,
): EncryptionRule[] {
  const file = new ConfigurationFile(text, source, {
    apiVersions: ['apiserver.config.k8s.io/v1'],
    kind: 'EncryptionConfiguration',
  });
  const { root } = file;
  root.allow('apiVersion', 'kind', 'resources');
  const rules = root.list('resources');
  if (rules.length === 0) root.at('resources').required('at least one resources is required');
  const plugins = new Map<string, KmsSettings>();
  const parsed = rules.map((rule) => parseRule(rule, plugins));
  refuseMasked(root, parsed);
  if (plugins.size > 0 && !connectKms) root.at('resources').fault('this server reaches no KMS plugins');
  file.finish();
  const connected = new Map(
    [...plugins].map(([name, settings]) => [name, connectKms?.(settings) ?? identity]),
  );
  return parsed.map(({ resources, providers }) => ({
    resources,
    providers: providers.map((each) => (typeof each === 'string' ? connected.get(each)! : each)),
  }));
}

interface ParsedRule {
  readonly resources: readonly string[];
  /** A plugin is told by its name. */
  readonly providers: readonly (Provider | string)[];
}

type Plugins = Map<string, KmsSettings>;

function parseRule(rule: Field, plugins: Plugins): ParsedRule {
  rule.allow('resources', 'providers');
  const resources = rule.strings('resources');
  const named = rule.at('resources');
  if (resources.length === 0) named.required(`at least one ${named.path} is required`);
  checkOverlap(named, resources);
  resources.forEach((resource, index) => checkResource(named.at(index), resource));
  const providers = rule.list('providers');
  const at = rule.at('providers');
  if (providers.length === 0) at.required(`at least one ${at.path} is required`);
  return { resources, providers: providers.flatMap((provider) => parseProvider(provider, plugins)) };
}

function parseProvider(field: Field, plugins: Plugins): (Provider | string)[] {
  field.allow('aesgcm', 'aescbc', 'secretbox', 'kms', 'identity');
  const names = field.keys();
  if (names.length === 0) {
    field.invalid(
      {},
      'provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity',
    );
  }
  if (names.length > 1) {
    field.invalid(
      names,
      'more than one provider specified in a single element, should split into different list elements',
    );
  }
  const [name] = names;
  if (name === 'identity') return [identity];
  if (name === 'kms') return parseKms(field.at(name), plugins);
  if (name !== 'aesgcm' && name !== 'aescbc' && name !== 'secretbox') return [];
  const provider = field.at(name);
  provider.allow('keys');
  const keys = provider.list('keys');
  if (keys.length === 0) provider.at('keys').required('at least one keys is required');
  return keys.flatMap((key) => parseKey(key, name));
}

const kmsTimeoutMs = 3_000;

function parseKms(kms: Field, plugins: Plugins): string[] {
  kms.allow('apiVersion', 'name', 'cachesize', 'endpoint', 'timeout');
  const apiVersion = kms.string('apiVersion') ?? 'v1';
  const name = kms.string('name') ?? '';
  if (apiVersion === 'v1') {
    kms
      .at('apiVersion')
      .invalid(
        apiVersion,
        'KMSv1 is deprecated and will only receive security updates going forward. Use KMSv2 instead',
      );
  } else if (apiVersion !== 'v2') {
    const why = `unsupported apiVersion ${apiVersion} for KMS provider, only v1 and v2 are supported`;
    kms.at('apiVersion').invalid(apiVersion, why);
  }
  if (!name) kms.at('name').required('name is a mandatory field for a provider');
  else if (name.includes(':'))
    kms.at('name').invalid(name, `invalid KMS provider name ${name}, must not contain ':'`);
  else if (plugins.has(name))
    kms.at('name').invalid(name, `duplicate KMS provider name ${name}, names must be unique`);
  const timeout = kms.string('timeout');
  const timeoutMs = timeout === undefined ? kmsTimeoutMs : millisecondsOf(timeout);
  if (timeoutMs === undefined || timeoutMs <= 0)
    kms.at('timeout').invalid(timeout, 'timeout should be a positive value');
  if (kms.at('cachesize').value !== undefined)
    kms.at('cachesize').invalid(kms.at('cachesize').value, 'cachesize is not supported in v2');
  const socket = socketOf(kms);
  if (!name || socket === undefined) return [];
  if (!plugins.has(name)) plugins.set(name, { name, socket, timeoutMs: timeoutMs ?? kmsTimeoutMs });
  return [name];
}

function socketOf(kms: Field): string | undefined {
  const endpoint = kms.string('endpoint') ?? '';
  const field = kms.at('endpoint');
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(endpoint)?.[1]?.toLowerCase() ?? '';
  const why = !endpoint
    ? 'endpoint is a mandatory field for a kms'
    : /\p{Cc}/u.test(endpoint)
      ? `invalid endpoint for kms provider, error: parse ${JSON.stringify(endpoint)}: net/url: invalid control character in URL`
      : scheme !== 'unix'
        ? `unsupported scheme ${JSON.stringify(scheme)} for KMS provider, only unix is supported`
        : undefined;
  if (why) {
    field.invalid(endpoint, why);
    return undefined;
  }
  // `unix:///path`, and `unix:///@name` for a socket without a file.
  const path = endpoint.slice(scheme.length + 1).replace(/^\/\//, '');
  return path.startsWith('/@') ? `\0${path.slice(2)}` : path;
}

function millisecondsOf(text: string): number | undefined {
  try {
    return durationMs(text);
  } catch {
    return undefined;
  }
}

function parseKey(key: Field, cipher: Cipher): Provider[] {
  key.allow('name', 'secret');
  const name = key.string('name');
  const text = key.string('secret');
  const field = key.at('secret');
  if (!name) key.at('name').required('name is a mandatory field for a key');
  if (!text) field.required('secret is a mandatory field for a key');
  if (!name || !text) return [];
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) {
    field.invalid('REDACTED', 'secrets must be base64 encoded');
    return [];
  }
  const secret = Buffer.from(text, 'base64');
  if (!keySizes[cipher].includes(secret.length)) {
    field.invalid(
      'REDACTED',
      `secret is not of the expected length, got ${secret.length}, expected one of [${keySizes[cipher].join(' ')}]`,
    );
    return [];
  }
  return [{ prefix: `k8s:enc:${cipher}:v1:${name}:`, ...ciphers[cipher](secret) }];
}

const ciphers: Readonly<Record<Cipher, (secret: Buffer) => Omit<Provider, 'prefix'>>> = {
  aesgcm: (secret) => ({
    seal: (at, plain) => sealGcm(secret, plain, Buffer.from(at)),
    open: (at, sealed) => openGcm(secret, sealed, Buffer.from(at)),
  }),
  aescbc: (secret) => ({
    seal: (_at, plain) => sealCbc(secret, plain),
    open: (_at, sealed) => openCbc(secret, sealed),
  }),
  secretbox: (secret) => ({
    seal: (_at, plain) => sealSecretbox(secret, plain),
    open: (_at, sealed) => openSecretbox(secret, sealed),
  }),
};

function checkOverlap(field: Field, resources: readonly string[]): void {
  if (new Set(resources).size < resources.length) {
    field.invalid(resources, 'the same resource cannot be specified multiple times');
  }
  const groups = resources.map(groupOf);
  const overlaps = resources.some(
    (resource, index) =>
      resources.length > 1 &&
      (resource === '*.*' ||
        (resource.startsWith('*') &&
          groups.some((group, other) => other !== index && group === groups[index]))),
  );
  if (overlaps) {
    field.invalid(
      resources,
      "using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked",
    );
  }
}

function checkResource(field: Field, resource: string): void {
  const group = groupOf(resource);
  const why =
    resource.toLowerCase() !== resource
      ? 'resource name should not contain capital letters'
      : resource === '*'
        ? "use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources"
        : reserved.has(resource)
          ? 'resources which do not have REST API/s cannot be encrypted'
          : group === 'events.k8s.io'
            ? "'*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file"
            : group === 'extensions'
              ? "'extensions' group has been removed and cannot be used for encryption"
              : group === '*' && resource !== '*.*'
                ? 'encrypting the same resource across groups is not supported'
                : undefined;
  if (why) field.invalid(resource, why);
}

/** What an earlier rule takes for its whole group, or for all, a later one can't have. */
function refuseMasked(root: Field, rules: readonly ParsedRule[]): void {
  const seen = new Set<string>();
  rules.forEach(({ resources }, index) => {
    for (const resource of resources) {
      const masking = [`*.${groupOf(resource)}`, '*.*'].find((each) => seen.has(each));
      if (masking) {
        root
          .at('resources')
          .at(index)
          .fault(`resource ${JSON.stringify(resource)} is masked by earlier rule ${JSON.stringify(masking)}`);
      }
    }
    for (const resource of resources) seen.add(resource);
  });
}

function groupOf(resource: string): string {
  const dot = resource.indexOf('.');
  return dot < 0 ? '' : resource.slice(dot + 1);
}
