import { timeText } from '@skerry/api';
import { createHash, createHmac, randomBytes, randomUUID } from 'node:crypto';
import { type Clock, describeError, type Logger, sleep } from '@skerry/base';
import { openGcm, sealGcm } from '#encryption/aes.ts';
import type { KmsPlugin, KmsStatus, WrappedKey } from '#encryption/kms-plugin.ts';
import { decodeKmsValue, encodeKmsValue } from '#encryption/kms-value.ts';
import type { Provider } from '#encryption/transformer.ts';

/**
 * Seals by keys that a KMS v2 plugin guards, as kube-apiserver does and byte for byte as it writes them: the server makes a
 * seed and has the plugin wrap it; each value is sealed by AES-256-GCM under a key of its own, derived from seed and a
 * random `info` that stands before it, and the wrapped seed travels in each value.
 *
 * The plugin is asked for nothing while a value is sealed or opened: it is asked each minute whether it is well, wraps a new
 * seed when it has changed its key, and unwraps each seed once (`prepare`) before a value of it is opened. A seed that the
 * plugin has not stood by for three minutes seals nothing more.
 */
export interface KmsProviderOptions {
  readonly name: string;
  readonly plugin: KmsPlugin;
  readonly clock: Clock;
  readonly log: Logger;
  /** Values are to be read or sealed anew: the plugin changed its key, or unwraps again what it refused before. */
  readonly onChange: () => void;
}

const seedBytes = 32;
const infoBytes = 32;
const goodForMs = 3 * 60_000;
const askedEveryMs = { well: 60_000, unwell: 10_000 };
const startMs = 30_000;
const retryMs = 1_000;
const unwrapTries = 3;

const keyIdBytesMax = 1024;
const wrappedBytesMax = 1024;
const annotationsBytesMax = 32 * 1024;

interface Current {
  readonly seed: Buffer;
  readonly wrapped: WrappedKey;
  goodUntilMs: number;
}

export class KmsProvider implements Provider {
  readonly name: string;
  readonly prefix: string;
  readonly #options: KmsProviderOptions;
  /** By what they are wrapped as. */
  readonly #seeds = new Map<string, Buffer>();
  readonly #refused = new Map<string, string>();
  readonly #asking = new Map<string, Promise<void>>();
  #current: Current | undefined;
  #fault: string | undefined = 'not asked yet';

  constructor(options: KmsProviderOptions) {
    this.#options = options;
    this.name = options.name;
    this.prefix = `k8s:enc:kms:v2:${options.name}:`;
  }

  /** Why the plugin can't be relied on at present. */
  get fault(): string | undefined {
    return this.#fault;
  }

  seal(at: string, plain: Uint8Array): Uint8Array {
    const current = this.#current;
    if (!current) throw new Error(`KMS provider ${this.name} has no key yet: ${this.#fault ?? ''}`);
    const { clock } = this.#options;
    const overdueMs = clock.monotonic() - current.goodUntilMs;
    if (overdueMs > 0) {
      const now = clock.now();
      throw new Error(
        `encryptedDEKSource with keyID hash ${JSON.stringify(hashOf(current.wrapped.keyId))} expired at ${timeText(now - overdueMs)} (current time is ${timeText(now)})`,
      );
    }
    const info = randomBytes(infoBytes);
    const sealed = sealGcm(derived(current.seed, info), plain, Buffer.from(at));
    return encodeKmsValue({
      data: Buffer.concat([info, sealed]),
      wrapped: current.wrapped,
      source: 'seed',
    });
  }

  open(at: string, sealed: Uint8Array): Uint8Array {
    const { data, wrapped, source } = decodeKmsValue(sealed);
    const id = idOf(wrapped);
    const seed = this.#seeds.get(id);
    if (!seed)
      throw new Error(
        `failed to decrypt DEK, error: ${this.#refused.get(id) ?? 'its key has not been asked for'}`,
      );
    const bound = Buffer.from(at);
    if (source === 'key') return openGcm(seed, data, bound);
    return openGcm(derived(seed, data.subarray(0, infoBytes)), data.subarray(infoBytes), bound);
  }

  /** Whether a write would seal it by another key of the plugin. */
  stale(sealed: Uint8Array): boolean {
    return decodeKmsValue(sealed).wrapped.keyId !== this.#current?.wrapped.keyId;
  }

  /** Asks for what the value needs to be opened; undefined where that is known. Never rejects. */
  prepare(sealed: Uint8Array): Promise<void> | undefined {
    let wrapped: WrappedKey;
    try {
      wrapped = decodeKmsValue(sealed).wrapped;
    } catch {
      return undefined;
    }
    const id = idOf(wrapped);
    if (this.#seeds.has(id) || this.#refused.has(id)) return undefined;
    const known = this.#asking.get(id);
    if (known) return known;
    const asking = this.#unwrap(id, wrapped).finally(() => this.#asking.delete(id));
    this.#asking.set(id, asking);
    return asking;
  }

  /** Has a key to seal by when it resolves; rejects where the plugin gives none for half a minute. */
  async start(): Promise<void> {
    const { clock } = this.#options;
    const endMs = clock.monotonic() + startMs;
    for (;;) {
      await this.check();
      if (this.#current) return;
      if (clock.monotonic() >= endMs) throw new Error(this.#fault);
      await sleep(clock, retryMs);
    }
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(this.#options.clock, this.#fault ? askedEveryMs.unwell : askedEveryMs.well, signal).catch(
        () => undefined,
      );
      if (!signal.aborted) await this.check();
    }
  }

  /** Asks the plugin how it is, and has a new seed wrapped when its key is another. */
  async check(): Promise<void> {
    const { log, onChange } = this.#options;
    const before = { fault: this.#fault, keyId: this.#current?.wrapped.keyId };
    try {
      await this.#renew();
      this.#fault = undefined;
    } catch (error) {
      this.#fault = describeError(error);
      if (before.fault !== this.#fault)
        log.error('KMS provider fails', { provider: this.name, error: this.#fault });
      return;
    }
    const keyId = this.#current?.wrapped.keyId;
    const rotated = before.keyId !== undefined && before.keyId !== keyId;
    if (rotated) log.info('KMS provider has another key', { provider: this.name, keyId });
    const again = this.#refused.size > 0;
    this.#refused.clear();
    if (rotated || again) onChange();
  }

  close(): void {
    this.#options.plugin.close();
  }

  async #renew(): Promise<void> {
    const { plugin, clock } = this.#options;
    const askedMs = clock.monotonic();
    let status: KmsStatus;
    try {
      status = await plugin.status();
    } catch (cause) {
      throw new Error(
        `failed to perform status section of the healthz check for KMS Provider ${this.name}, error: ${describeError(cause)}`,
        { cause },
      );
    }
    const faults = faultsOf(status);
    if (faults.length > 0)
      throw new Error(`kmsv2 Provider ${this.name} is not healthy, error: ${faults.join(', ')}`);
    const goodUntilMs = askedMs + goodForMs;
    if (this.#current?.wrapped.keyId === status.keyId) {
      this.#current.goodUntilMs = goodUntilMs;
      return;
    }
    const seed = randomBytes(seedBytes);
    const wrapped = await plugin.encrypt(seed, randomUUID());
    checkWrapped(wrapped);
    if (wrapped.keyId !== status.keyId) {
      throw new Error(
        `failed to rotate DEK, statusKeyID=${JSON.stringify(status.keyId)}, encryptKeyID=${JSON.stringify(wrapped.keyId)}`,
      );
    }
    this.#seeds.set(idOf(wrapped), seed);
    this.#current = { seed, wrapped, goodUntilMs };
  }

  async #unwrap(id: string, wrapped: WrappedKey): Promise<void> {
    const { plugin, clock } = this.#options;
    for (let tries = 1; ; tries++) {
      try {
        const seed = Buffer.from(await plugin.decrypt(wrapped, randomUUID()));
        if (seed.length !== seedBytes) throw new Error(`invalid DEK source length ${seed.length}`);
        this.#seeds.set(id, seed);
        return;
      } catch (error) {
        if (tries < unwrapTries) await sleep(clock, retryMs);
        else {
          this.#refused.set(id, describeError(error));
          return;
        }
      }
    }
  }
}

function faultsOf({ healthz, version, keyId }: KmsStatus): string[] {
  const faults: string[] = [];
  if (healthz !== 'ok') faults.push(`got unexpected healthz status: ${healthz}`);
  if (version !== 'v2' && version !== 'v2beta1') faults.push(`expected KMSv2 API version v2, got ${version}`);
  if (!keyId || Buffer.byteLength(keyId) > keyIdBytesMax)
    faults.push(`expected KMSv2 KeyID to be set, got ${keyId.slice(0, keyIdBytesMax)}`);
  return faults;
}

function checkWrapped({ ciphertext, annotations }: WrappedKey): void {
  if (ciphertext.length === 0 || ciphertext.length > wrappedBytesMax)
    throw new Error(
      `encrypted DEK source is ${ciphertext.length} bytes, must be between 1 and ${wrappedBytesMax}`,
    );
  let bytes = 0;
  for (const [key, value] of annotations) bytes += Buffer.byteLength(key) + value.length;
  if (bytes > annotationsBytesMax)
    throw new Error(`total size of annotations is ${bytes}, must be at most ${annotationsBytesMax}`);
}

/** HKDF-Expand of RFC 5869 with SHA-256, of as many bytes as one round gives. */
function derived(seed: Uint8Array, info: Uint8Array): Buffer {
  return createHmac('sha256', seed).update(info).update(Buffer.of(1)).digest();
}

function idOf({ ciphertext, keyId, annotations }: WrappedKey): string {
  const hash = createHash('sha256');
  const add = (bytes: Uint8Array) => hash.update(`${bytes.length}:`).update(bytes);
  add(ciphertext);
  add(Buffer.from(keyId));
  for (const [key, value] of [...annotations].sort(([a], [b]) => (a < b ? -1 : 1))) {
    add(Buffer.from(key));
    add(value);
  }
  return hash.digest('base64');
}

function hashOf(keyId: string): string {
  return `sha256:${createHash('sha256').update(keyId).digest('hex')}`;
}
