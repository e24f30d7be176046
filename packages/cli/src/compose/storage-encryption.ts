/**
 * What the database keeps sealed: as the named configuration has it, else Secrets under the installation's keys. The
 * configuration's file may be followed while the server runs: what it says is checked, and its plugins asked, before it
 * holds; a file that is wrong changes nothing.
 */
import {
  type KmsSettings,
  KmsProvider,
  parseEncryptionConfiguration,
  StorageEncryption,
} from '@skerry/apiserver';
import { type MetricRegistry, type Clock, describeError, type Logger, SkerryError } from '@skerry/base';
import type { connectKmsPlugin } from '#kms/kms-client.ts';
import { readConfigurationFile } from './configuration-file.ts';
import { followFile } from './follow-file.ts';
import type { Installation } from './installation.ts';
import { Reloads } from './reloads.ts';

const fileFlag = '--encryption-provider-config';

export interface EncryptionParts {
  readonly encryption: StorageEncryption;
  measure(metrics: MetricRegistry): void;
  /** Follows plugins and file until the signal; `reseal` is called when values are to be sealed or read anew. */
  run(reseal: () => Promise<void>, signal: AbortSignal): Promise<void>;
  close(): void;
}

/** Fails with `config-invalid`, and with `kms-unreachable` where a plugin gives no key. */
export async function openEncryption(
  { config, valueKeys }: Pick<Installation, 'config' | 'valueKeys'>,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): Promise<EncryptionParts> {
  const path = config.encryptionProviderConfig;
  if (path === undefined) {
    return {
      encryption: new StorageEncryption({ keys: valueKeys }),
      measure: () => undefined,
      run: () => Promise.resolve(),
      close: () => undefined,
    };
  }
  let changed = () => undefined as void;
  // gRPC is large, and few centers seal by a plugin.
  const { connectKmsPlugin: connectPlugin } = await import('#kms/kms-client.ts');
  const plugins = new Plugins({ clock, log, connectPlugin, onChange: () => changed() });
  const text = readConfigurationFile(path, fileFlag);
  const rules = await plugins.take((connect) => parseEncryptionConfiguration(text, path, connect));
  const followed = config.encryptionProviderConfigAutomaticReload === true;
  const encryption = new StorageEncryption({
    keys: valueKeys,
    rules,
    ...(followed || plugins.current.length > 0 ? { faults: () => plugins.faults } : {}),
  });
  const reloads = new Reloads();
  return {
    encryption,
    measure(metrics) {
      if (!followed) return;
      reloads.measure(metrics, {
        name: 'apiserver_encryption_config_controller_automatic_reloads_total',
        help: 'Reloads of the encryption configuration, by how they went.',
      });
    },
    async run(reseal, signal) {
      const again = () => {
        reseal().catch((error: unknown) =>
          log.warn('values not sealed anew', { error: describeError(error) }),
        );
      };
      changed = again;
      plugins.watch(signal);
      if (!followed) return;
      await followFile(
        { path, flag: fileFlag, text, clock, signal },
        async (next) => {
          encryption.replace(
            await plugins.take((connect) => parseEncryptionConfiguration(next, path, connect)),
          );
          reloads.succeeded();
          log.info('encryption configuration reloaded', { path });
          again();
        },
        (error) => {
          reloads.failed();
          log.error('encryption configuration not reloaded', { path, error: describeError(error) });
        },
      );
    },
    close: () => plugins.close(),
  };
}

interface Held {
  readonly provider: KmsProvider;
  readonly stop: AbortController;
}

type Connect = (settings: KmsSettings) => KmsProvider;

interface PluginParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly connectPlugin: typeof connectKmsPlugin;
  readonly onChange: () => void;
}

/** The plugins of the configuration that holds. One that stays the same over a reload keeps its keys. */
class Plugins {
  readonly #parts: PluginParts;
  #held = new Map<string, Held>();
  readonly #watched = new WeakSet<KmsProvider>();
  #signal: AbortSignal | undefined;

  constructor(parts: PluginParts) {
    this.#parts = parts;
  }

  get current(): readonly KmsProvider[] {
    return [...this.#held.values()].map(({ provider }) => provider);
  }

  get faults(): string[] {
    return this.current.flatMap(({ fault }) => fault ?? []);
  }

  /** Those that `parse` connects to take the place of the ones before, once each of them has given a key. */
  async take<T>(parse: (connect: Connect) => T): Promise<T> {
    const next: Map<string, Held> = new Map();
    try {
      const parsed = parse((settings) => {
        const id = JSON.stringify(settings);
        const held = this.#held.get(id) ?? { provider: this.#connect(settings), stop: new AbortController() };
        next.set(id, held);
        return held.provider;
      });
      await Promise.all(
        [...next].map(async ([id, { provider }]) => {
          if (!this.#held.has(id)) await this.#start(provider);
        }),
      );
      const before = this.#held;
      this.#held = next;
      endAll(before, next);
      if (this.#signal) this.watch(this.#signal);
      return parsed;
    } catch (error) {
      endAll(next, this.#held);
      throw error;
    }
  }

  /** Asks each of them, from now on, how it is. */
  watch(signal: AbortSignal): void {
    this.#signal = signal;
    for (const { provider, stop } of this.#held.values()) {
      if (this.#watched.has(provider)) continue;
      this.#watched.add(provider);
      void provider.run(AbortSignal.any([signal, stop.signal]));
    }
  }

  close(): void {
    endAll(this.#held, new Map());
  }

  #connect(settings: KmsSettings): KmsProvider {
    const { connectPlugin, ...parts } = this.#parts;
    return new KmsProvider({ name: settings.name, plugin: connectPlugin(settings), ...parts });
  }

  async #start(provider: KmsProvider): Promise<void> {
    try {
      await provider.start();
    } catch (cause) {
      throw new SkerryError(
        'kms-unreachable',
        `the KMS plugin ${provider.name} gives no key (${describeError(cause)}); see that it runs, and that its socket is the endpoint of the configuration`,
        { cause },
      );
    }
  }
}

function endAll(held: ReadonlyMap<string, Held>, kept: ReadonlyMap<string, unknown>): void {
  for (const [id, { provider, stop }] of held) {
    if (kept.has(id)) continue;
    stop.abort();
    provider.close();
  }
}
