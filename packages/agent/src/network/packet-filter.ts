/**
 * Keeps the packet rules of this node's pods in the kernel: see `pod-rules.ts` for what they are. Each pod says which
 * ports of the node it wants when it has an address, and takes them back when it ends; what was said is kept in a file,
 * so that an agent that starts again breaks no port of a pod that ran on. Changes made while one is being carried out
 * are carried out together after it.
 */
import { isIP } from 'node:net';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Logger } from '@skerry/base';
import { describeError } from '@skerry/base';
import { runCommand } from '#machine/command.ts';
import { podRules, podRulesRemoval, type HostPort } from '#network/pod-rules.ts';

export interface PacketFilterOptions {
  readonly bridge: string;
  /** Path of the network namespace that the bridge is in; this process's own where absent. */
  readonly networkNamespace?: string;
  /** Where host ports are remembered. */
  readonly stateFile: string;
  readonly log: Logger;
  /** Gives a script to the kernel; `nft` unless told. */
  readonly load?: (script: string) => Promise<void>;
}

/** What a pod asks of it. */
export interface HostPorts {
  /** Pods that have some, or had some when the last agent ended: those that are gone by now are to be unset. */
  readonly podUids: readonly string[];
  /** Resolves when the kernel has them; rejects when it does not take them. */
  set(podUid: string, ports: readonly HostPort[]): Promise<void>;
}

/** For pods without a network of this node's own. */
export const noHostPorts: HostPorts = { podUids: [], set: async () => undefined };

export class PacketFilter implements HostPorts {
  readonly #options: PacketFilterOptions;
  readonly #ports = new Map<string, readonly HostPort[]>();
  #podCidrs: readonly string[] = [];
  #unmasqueraded: readonly string[] = [];
  #loaded = '';
  #work: Promise<void> = Promise.resolve();

  private constructor(options: PacketFilterOptions) {
    this.#options = options;
  }

  static async open(options: PacketFilterOptions): Promise<PacketFilter> {
    const filter = new PacketFilter(options);
    const text = await readFile(options.stateFile, 'utf8').catch(() => '{}');
    for (const [uid, ports] of Object.entries(parseState(text))) filter.#ports.set(uid, ports);
    return filter;
  }

  get podUids(): readonly string[] {
    return [...this.#ports.keys()];
  }

  set(podUid: string, ports: readonly HostPort[]): Promise<void> {
    const known = this.#ports.get(podUid) ?? [];
    if (JSON.stringify(known) === JSON.stringify(ports)) {
      if (ports.length === 0) return Promise.resolve();
      // Remembered from before a reboot, perhaps, when there was another bridge of that name.
      if (this.#isLoaded()) return this.#routeLoopback();
    }
    if (ports.length === 0) this.#ports.delete(podUid);
    else this.#ports.set(podUid, ports);
    return this.#schedule();
  }

  /**
   * The ranges that the node's pods have their addresses from, and those that they go to under them: as before where none
   * are given. Asking again with the same costs nothing.
   */
  setPodCidrs(podCidrs: readonly string[], unmasqueraded?: readonly string[]): Promise<void> {
    this.#podCidrs = podCidrs;
    this.#unmasqueraded = unmasqueraded ?? this.#unmasqueraded;
    return this.#isLoaded() ? Promise.resolve() : this.#schedule();
  }

  /** Takes the rules away, and loads none until there is a range again: pods have another network, or none. */
  async withdraw(): Promise<void> {
    this.#podCidrs = [];
    if (this.#loaded === podRulesRemoval()) return;
    const { networkNamespace, load = (text: string) => loadRules(text, networkNamespace) } = this.#options;
    const turn = this.#work.then(async () => {
      if (this.#podCidrs.length > 0) return;
      await load(podRulesRemoval());
      this.#loaded = podRulesRemoval();
    });
    this.#work = turn.catch(() => undefined);
    await turn;
  }

  #script(): string {
    const hostPorts = [...this.#ports.values()].flat();
    return podRules({
      podCidrs: this.#podCidrs,
      unmasqueraded: this.#unmasqueraded,
      bridge: this.#options.bridge,
      hostPorts,
    });
  }

  #isLoaded(): boolean {
    return this.#loaded === this.#script();
  }

  #schedule(): Promise<void> {
    const turn = this.#work.then(() => this.#apply());
    this.#work = turn.catch(() => undefined);
    return turn;
  }

  async #apply(): Promise<void> {
    const script = this.#script();
    if (script === this.#loaded || this.#podCidrs.length === 0) return;
    const { networkNamespace, log } = this.#options;
    const { load = (text: string) => loadRules(text, networkNamespace) } = this.#options;
    await this.#remember();
    await load(script);
    if (this.#ports.size > 0) await this.#routeLoopback();
    this.#loaded = script;
    log.info('packet rules loaded', {
      podCidrs: this.#podCidrs.join(','),
      podsWithHostPorts: this.#ports.size,
    });
  }

  async #remember(): Promise<void> {
    const { stateFile } = this.#options;
    await mkdir(dirname(stateFile), { recursive: true });
    await writeFile(`${stateFile}.new`, JSON.stringify(Object.fromEntries(this.#ports)));
    await rename(`${stateFile}.new`, stateFile);
  }

  /** Lets the node itself reach host ports at 127.0.0.1. */
  async #routeLoopback(): Promise<void> {
    const { bridge, log, networkNamespace } = this.#options;
    const setting = `net.ipv4.conf.${bridge}.route_localnet=1`;
    await runInside(networkNamespace, ['sysctl', '-qw', setting]).catch((error: unknown) =>
      log.warn('host ports do not work at 127.0.0.1', { error: describeError(error) }),
    );
  }
}

/** Takes away what `PacketFilter` and the runtime's plugins made in this network namespace. */
export async function removePodNetwork({
  bridge,
  configFile,
}: {
  bridge: string;
  configFile: string;
}): Promise<void> {
  const isOurs = await readFile(configFile, 'utf8').then(
    () => true,
    () => false,
  );
  // Others make bridges of the same name.
  if (!isOurs) return;
  await loadRules(podRulesRemoval());
  const links = await runCommand('ip', ['-o', 'link', 'show', 'type', 'bridge']);
  if (new RegExp(`^\\d+: ${bridge}:`, 'm').test(links)) await runCommand('ip', ['link', 'delete', bridge]);
  await rm(configFile, { force: true });
}

async function loadRules(script: string, networkNamespace?: string): Promise<void> {
  await runInside(networkNamespace, ['nft', '-f', '-'], script);
}

async function runInside(
  networkNamespace: string | undefined,
  command: readonly string[],
  input?: string,
): Promise<void> {
  const entering = networkNamespace === undefined ? [] : ['nsenter', `--net=${networkNamespace}`, '--'];
  const [program = '', ...args] = [...entering, ...command];
  await runCommand(program, args, { input });
}

/** What can't be read is forgotten: pods say again what they want. */
function parseState(text: string): Record<string, HostPort[]> {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== 'object' || parsed === null) return {};
    const entries = Object.entries(parsed as Record<string, unknown>);
    return Object.fromEntries(
      entries.map(([uid, ports]) => [uid, Array.isArray(ports) ? ports.filter(isHostPort) : []]),
    );
  } catch {
    return {};
  }
}

function isHostPort(value: unknown): value is HostPort {
  if (typeof value !== 'object' || value === null) return false;
  const { protocol, hostPort, podAddress, podPort, hostAddress } = value as Partial<
    Record<keyof HostPort, unknown>
  >;
  const isAddress = (text: unknown) => typeof text === 'string' && isIP(text) !== 0;
  return (
    ['tcp', 'udp', 'sctp'].includes(String(protocol)) &&
    Number.isInteger(hostPort) &&
    Number.isInteger(podPort) &&
    isAddress(podAddress) &&
    (hostAddress === undefined || isAddress(hostAddress))
  );
}
