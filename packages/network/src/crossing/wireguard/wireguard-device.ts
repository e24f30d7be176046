/**
 * WireGuard devices of the kernel, made with iproute2 and set with `wg` (wireguard-tools). There is one for each gateway of
 * another pool: a range of addresses belongs to one peer of a device alone, and two gateways of a pool have the same ranges, of
 * which the machine may send through one and hear from the other.
 *
 * The private key is in no argument: it is handed to `wg` in a file that root alone can read, beside the one that holds it anyway,
 * and which is gone when `wg` has read it. (By standard input it can't be: Node's is a socket, which `wg` can't open by name.)
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProgramResult } from '#kernel/run-program.ts';

/** Runs a program to its end, whatever its exit code. */
export type RunProgram = (program: string, args: readonly string[]) => Promise<ProgramResult>;

export const devicePrefix = 'skerry-wg';
const trialDevice = `${devicePrefix}-try`;
/**
 * Its packets go over loopback to this process, and over the link: no network on the way has a say. Those of pods are smaller, and
 * where the other pool's are smaller still its gateway says so.
 */
const mtu = 9_000;

export interface WireGuardSettings {
  readonly privateKey: string;
  readonly peer: {
    readonly publicKey: string;
    /** UDP port of this process on loopback that stands for it. */
    readonly port: number;
    /** What it may send from, and is sent to. */
    readonly ranges: readonly string[];
  };
}

export class WireGuardDevices {
  readonly #directory: string;
  readonly #run: RunProgram;

  /** The directory is root's alone. */
  constructor({ directory, run }: { readonly directory: string; readonly run: RunProgram }) {
    this.#directory = directory;
    this.#run = run;
  }

  /** Why this machine has none; undefined where it has. Tried, since a list of modules would not tell. */
  async fault(): Promise<string | undefined> {
    try {
      await this.#do('wg', ['--version']);
      await this.#do('ip', ['link', 'add', trialDevice, 'type', 'wireguard']);
      await this.#do('ip', ['link', 'delete', trialDevice]);
      return undefined;
    } catch (error) {
      return String(error instanceof Error ? error.message : error);
    }
  }

  async add(device: string): Promise<void> {
    await this.#do('ip', ['link', 'add', device, 'mtu', String(mtu), 'type', 'wireguard']);
    await this.#do('ip', ['link', 'set', device, 'up']);
  }

  /** What stays the same of it is not disturbed. */
  async set(device: string, settings: WireGuardSettings): Promise<void> {
    const file = join(this.#directory, `${device}.conf`);
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    try {
      await rm(file, { force: true });
      await writeFile(file, configOf(settings), { mode: 0o600, flag: 'wx' });
      await this.#do('wg', ['syncconf', device, file]);
    } finally {
      await rm(file, { force: true });
    }
  }

  /** UDP port at which the kernel takes what the peer sealed. */
  async listenPort(device: string): Promise<number> {
    const port = Number((await this.#do('wg', ['show', device, 'listen-port'])).trim());
    if (!Number.isInteger(port) || port <= 0) throw new Error(`wg show ${device} listen-port: ${port}`);
    return port;
  }

  async remove(device: string): Promise<void> {
    await this.#do('ip', ['link', 'delete', device]);
  }

  /** Those of an earlier run. */
  async removeAll(): Promise<void> {
    const text = await this.#do('ip', ['-j', 'link', 'show']);
    const links = JSON.parse(text.trim() || '[]') as { readonly ifname?: string }[];
    for (const { ifname = '' } of links) if (ifname.startsWith(devicePrefix)) await this.remove(ifname);
  }

  async #do(program: string, args: readonly string[]): Promise<string> {
    const { code, output, errors } = await this.#run(program, args);
    if (code === 0) return output;
    throw new Error(`${program} ${args.join(' ')}: ${errors.trim() || `exit ${code}`}`);
  }
}

/** https://man7.org/linux/man-pages/man8/wg.8.html#CONFIGURATION_FILE_FORMAT */
export function configOf({ privateKey, peer }: WireGuardSettings): string {
  return [
    '[Interface]',
    `PrivateKey = ${privateKey}`,
    '',
    '[Peer]',
    `PublicKey = ${peer.publicKey}`,
    `Endpoint = 127.0.0.1:${peer.port}`,
    `AllowedIPs = ${peer.ranges.join(', ')}`,
    // No address translation on the way forgets it: while there is nothing to say nothing is sent.
    'PersistentKeepalive = 0',
    '',
  ].join('\n');
}
