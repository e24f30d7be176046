/**
 * Where a machine finds its center, also after that has moved. The center says its address in `kube-public/cluster-info`; a machine
 * that has a link reads it, and remembers it beside the one that it uses. Once the one it uses leads nowhere, it tries the other;
 * where it finds the center, which TLS proves, is its address from then on, in its own configuration too.
 *
 * So the center can get another address without any machine joining again, as long as both lead to it for a while.
 */
import type { ConfigMap } from '@skerry/api';
import { describeError, isRecord, sleep, type Clock, type Logger, type Service } from '@skerry/base';
import { resources, type ApiClient } from '@skerry/client';
import { parse } from 'yaml';
import { type AgentConfig, replaceAgentConfig } from './agent-config.ts';
import { type CenterAddress, parseAddress } from './cluster-info.ts';

export interface CenterAddressesOptions {
  readonly config: AgentConfig;
  readonly dataDirectory: string;
  /** What outlives a restart; nothing does where absent. */
  readonly vault: () =>
    | { get(key: string): string | undefined; set(key: string, text: string): void }
    | undefined;
  readonly log: Logger;
}

const vaultKey = 'center-address';

export class CenterAddresses {
  readonly #options: CenterAddressesOptions;
  #used: CenterAddress;

  constructor(options: CenterAddressesOptions) {
    this.#options = options;
    this.#used = parseAddress(options.config.server);
  }

  /** The one that led to the center last. */
  get used(): CenterAddress {
    return this.#used;
  }

  /** What the center says its address is. What is none is not kept. */
  announce(text: string): void {
    const { vault, log } = this.#options;
    if (addressIn(text) && vault()?.get(vaultKey) !== text) {
      vault()?.set(vaultKey, text);
      log.info('center says its address', { address: text });
    }
  }

  /** Opens a connection to the first address that leads to the center. Rejects with what the one in use said. */
  async connect<T>(open: (address: CenterAddress) => Promise<T>): Promise<T> {
    const announced = addressIn(this.#options.vault()?.get(vaultKey) ?? '');
    try {
      return await open(this.#used);
    } catch (error) {
      if (!announced || announced.text === this.#used.text) throw error;
      const opened = await open(announced).catch(() => {
        throw error;
      });
      await this.#use(announced);
      return opened;
    }
  }

  async #use(address: CenterAddress): Promise<void> {
    const { config, dataDirectory, log } = this.#options;
    log.info('center has moved', { from: this.#used.text, to: address.text });
    this.#used = address;
    await replaceAgentConfig(dataDirectory, { ...config, server: address.text }).catch((error: unknown) =>
      log.warn('address of the center not kept', { error: describeError(error) }),
    );
  }
}

/** A center that nobody gave an address says that of itself, which leads nowhere from other machines. */
const loopback = /^(127\.|::1$|localhost$)/;

function addressIn(text: string): CenterAddress | undefined {
  try {
    const address = text === '' ? undefined : parseAddress(text);
    return address && !loopback.test(address.host) ? address : undefined;
  } catch {
    return undefined;
  }
}

const readEveryMs = 6 * 3_600_000;
const lookEveryMs = 10_000;

/** Reads what the center says, on each new link, and a few times a day. */
export function followCenterAddress(options: {
  readonly addresses: CenterAddresses;
  readonly client: ApiClient;
  /** Since when the present link has been up; undefined while there is none. */
  readonly linkedSinceMs: () => number | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}): Service {
  const { addresses, client, linkedSinceMs, clock, log } = options;
  return {
    name: 'address of the center',
    async run(signal) {
      let read: { readonly linkMs: number; readonly atMs: number } | undefined;
      while (!signal.aborted) {
        const linkMs = linkedSinceMs();
        const isDue = linkMs !== read?.linkMs || clock.monotonic() - (read?.atMs ?? 0) > readEveryMs;
        if (linkMs !== undefined && isDue) {
          try {
            const info = await client
              .resource<ConfigMap>(resources.configMaps)
              .get('cluster-info', { namespace: 'kube-public' });
            const server = serverIn(info);
            if (server !== undefined) addresses.announce(server);
            read = { linkMs, atMs: clock.monotonic() };
          } catch (error) {
            log.debug('address of the center not read', { error: describeError(error) });
          }
        }
        await sleep(clock, lookEveryMs, signal).catch(() => undefined);
      }
    },
  };
}

function serverIn({ data }: ConfigMap): string | undefined {
  try {
    const kubeconfig: unknown = parse(data?.['kubeconfig'] ?? '');
    const clusters = isRecord(kubeconfig) ? kubeconfig['clusters'] : undefined;
    const [first] = Array.isArray(clusters) ? clusters : [];
    const cluster: unknown = isRecord(first) ? first['cluster'] : undefined;
    const server = isRecord(cluster) ? cluster['server'] : undefined;
    return typeof server === 'string' ? server : undefined;
  } catch {
    return undefined;
  }
}
