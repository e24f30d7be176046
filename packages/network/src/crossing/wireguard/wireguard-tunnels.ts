/**
 * The WireGuard devices of a gateway, one for each gateway of other pools that has WireGuard too, with the UDP ports that stand
 * for those. A machine whose kernel has none, or that lacks `wg`, has no tunnels, and its packets are sealed by this program.
 */
import { createSocket, type Socket } from 'node:dgram';
import { describeError, type Clock, type Logger } from '@skerry/base';
import { devicePrefix, type WireGuardDevices } from '#crossing/wireguard/wireguard-device.ts';
import { WireGuardPeer } from '#crossing/wireguard/wireguard-peer.ts';

export interface WireGuardTunnelsOptions {
  readonly devices: WireGuardDevices;
  /** To the other gateway. */
  readonly send: (node: string, message: Buffer) => void;
  /** How much may go in one message to a gateway now. */
  readonly batchBytesMax: (node: string) => number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What is wanted of a tunnel. */
export interface WantedTunnel {
  readonly node: string;
  readonly publicKey: string;
  readonly ranges: readonly string[];
}

interface Tunnel {
  readonly device: string;
  readonly peer: WireGuardPeer;
  readonly socket: Socket;
  settings: string;
}

const bufferBytes = 4 * 1024 * 1024;
/** A gateway has eight peers in each pool. */
const tunnelsMax = 256;
const retryMs = 5_000;

export class WireGuardTunnels {
  readonly #options: WireGuardTunnelsOptions;
  readonly #tunnels = new Map<string, Tunnel>();
  /** Those that could not be had, by node: why, and when. */
  readonly #failed = new Map<string, { readonly why: string; readonly atMs: number }>();

  constructor(options: WireGuardTunnelsOptions) {
    this.#options = options;
  }

  /** Brings devices to what is wanted. One that can't be had is said, and tried again some seconds later. */
  async update(privateKey: string, wanted: readonly WantedTunnel[]): Promise<void> {
    const { clock, log } = this.#options;
    const nodes = new Set(wanted.map(({ node }) => node));
    for (const [node, tunnel] of this.#tunnels) if (!nodes.has(node)) await this.#close(node, tunnel);
    for (const node of this.#failed.keys()) if (!nodes.has(node)) this.#failed.delete(node);
    for (const each of wanted.slice(0, tunnelsMax)) {
      const failed = this.#failed.get(each.node);
      if (failed && clock.monotonic() - failed.atMs < retryMs) continue;
      try {
        await this.#bring(privateKey, each);
        this.#failed.delete(each.node);
      } catch (error) {
        const why = describeError(error);
        if (why !== failed?.why) log.warn('no WireGuard tunnel', { peer: each.node, error: why });
        this.#failed.set(each.node, { why, atMs: clock.monotonic() });
      }
    }
  }

  async #bring(privateKey: string, wanted: WantedTunnel): Promise<void> {
    const { devices } = this.#options;
    const tunnel = this.#tunnels.get(wanted.node) ?? (await this.#open(wanted.node, privateKey, wanted));
    const settings = JSON.stringify(wanted);
    if (tunnel.settings === settings) return;
    await devices.set(tunnel.device, settingsOf(privateKey, wanted, tunnel.socket.address().port));
    tunnel.settings = settings;
  }

  /** The device of the first of these gateways that is well. */
  deviceTo(nodes: readonly string[]): string | undefined {
    for (const node of nodes) {
      const tunnel = this.#tunnels.get(node);
      if (tunnel && !tunnel.peer.isDown) return tunnel.device;
    }
    return undefined;
  }

  receive(node: string, message: Buffer): void {
    this.#tunnels.get(node)?.peer.receive(message);
  }

  gone(node: string): void {
    this.#tunnels.get(node)?.peer.gone();
  }

  tick(): void {
    for (const { peer } of this.#tunnels.values()) peer.tick();
  }

  async close(): Promise<void> {
    for (const [node, tunnel] of this.#tunnels) await this.#close(node, tunnel);
  }

  async #open(node: string, privateKey: string, wanted: WantedTunnel): Promise<Tunnel> {
    const { devices, send, batchBytesMax, clock, log } = this.#options;
    const device = this.#freeName();
    const socket = await bound();
    try {
      await devices.add(device);
      await devices.set(device, settingsOf(privateKey, wanted, socket.address().port));
      const port = await devices.listenPort(device);
      const peer = new WireGuardPeer({
        send: (message) => send(node, message),
        batchBytesMax: () => batchBytesMax(node),
        deliver: (datagram) => socket.send(datagram, port, '127.0.0.1', ignore),
        clock,
      });
      // Others on this machine could fill the line; what they say the far kernel would not take.
      socket.on('message', (datagram, from) => {
        if (from.port === port) peer.take(datagram);
      });
      socket.on('error', (error) => log.debug('WireGuard socket', { error: describeError(error) }));
      const tunnel = { device, peer, socket, settings: JSON.stringify(wanted) };
      this.#tunnels.set(node, tunnel);
      log.info('WireGuard tunnel', { device, peer: node });
      return tunnel;
    } catch (error) {
      socket.close();
      await devices.remove(device).catch(() => undefined);
      throw error;
    }
  }

  async #close(node: string, { device, socket }: Tunnel): Promise<void> {
    this.#tunnels.delete(node);
    socket.close();
    // Gone already, perhaps, by somebody's hand.
    await this.#options.devices.remove(device).catch(() => undefined);
  }

  #freeName(): string {
    const taken = new Set([...this.#tunnels.values()].map(({ device }) => device));
    for (let index = 0; ; index++)
      if (!taken.has(`${devicePrefix}${index}`)) return `${devicePrefix}${index}`;
  }
}

function settingsOf(privateKey: string, { publicKey, ranges }: WantedTunnel, port: number) {
  return { privateKey, peer: { publicKey, port, ranges } };
}

function ignore(): void {
  // What finds no room is lost, as on any network.
}

async function bound(): Promise<Socket> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, '127.0.0.1', () => {
      socket.off('error', reject);
      resolve();
    });
  });
  try {
    socket.setRecvBufferSize(bufferBytes);
    socket.setSendBufferSize(bufferBytes);
  } catch {
    // What the system grants is enough for less traffic.
  }
  return socket;
}
