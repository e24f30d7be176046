/**
 * Ways to gateways of other pools that don't lead over the center, where one end can be reached from the other: UDP between
 * the two, for what goes over the relay otherwise, sealed as it is there. There is a socket only while a Node of these
 * gateways names an address (`network.skerry.io/gateway-endpoint`), at a port that others know where it is this one's.
 */
import { createSocket, type Socket } from 'node:dgram';
import { describeError, type Clock, type Logger } from '@skerry/base';
import { parseGatewayEndpoint } from '@skerry/api';
import { directPort } from '#crossing/crossing-device.ts';
import { DirectWay, type Address } from '#crossing/direct/direct-way.ts';
import { directMessageMax, directType, probeName, probeSecret, readProbe } from '#crossing/direct/probe.ts';
import type { GatewayKey } from '#crossing/gateway-key.ts';

export interface DirectWaysOptions {
  readonly onMessage: (from: string, message: Buffer) => void;
  /** A way has come up, or is no more. */
  readonly onChange: () => void;
  readonly clock: Clock;
  readonly log: Logger;
  /** That others know; a fixed one unless given. */
  readonly port?: number;
}

export interface DirectPeer {
  readonly node: string;
  readonly publicKey: string;
  readonly endpoint?: string;
}

interface Known {
  readonly settings: string;
  readonly name: string;
  readonly way: DirectWay;
}

type Family = 4 | 6;
const bufferBytes = 4 * 1024 * 1024;
const messageHead = Buffer.from([directType.message]);

export class DirectWays {
  readonly #options: DirectWaysOptions;
  readonly #ways = new Map<string, Known>();
  readonly #sockets = new Map<Family, { readonly socket: Socket; readonly isKnownPort: boolean }>();
  /** Said once until it works. */
  #fault = '';

  constructor(options: DirectWaysOptions) {
    this.#options = options;
  }

  /** Whether any gateway is reached directly. */
  get hasWay(): boolean {
    return [...this.#ways.values()].some(({ way }) => way.isUp);
  }

  isUp(node: string): boolean {
    return this.#ways.get(node)?.way.isUp ?? false;
  }

  /** Brings ways to what is wanted: `endpoint` is this gateway's own. */
  async update(key: GatewayKey, endpoint: string | undefined, peers: readonly DirectPeer[]): Promise<void> {
    const named = [endpoint, ...peers.map((peer) => peer.endpoint)].map(addressOf);
    const families = new Set(named.flatMap((address) => (address ? [familyOf(address)] : [])));
    await this.#bring(families, endpoint !== undefined);
    const wanted = families.size > 0 ? peers : [];
    const nodes = new Set(wanted.map(({ node }) => node));
    for (const node of this.#ways.keys()) if (!nodes.has(node)) this.#ways.delete(node);
    for (const peer of wanted) {
      const settings = JSON.stringify(peer);
      if (this.#ways.get(peer.node)?.settings === settings) continue;
      this.#ways.set(peer.node, this.#known(key, peer, settings));
    }
  }

  /** Whether it went this way: the relay's is open to all else. */
  send(node: string, message: Buffer): boolean {
    const address = this.#ways.get(node)?.way.use();
    const socket = address && this.#sockets.get(familyOf(address))?.socket;
    if (!address || !socket || message.length > directMessageMax) return false;
    socket.send([messageHead, message], address.port, address.host, ignore);
    return true;
  }

  tick(): void {
    for (const { way } of this.#ways.values()) way.tick();
  }

  close(): void {
    for (const { socket } of this.#sockets.values()) socket.close();
    this.#sockets.clear();
    this.#ways.clear();
  }

  /** Of a socket; for tests. */
  portOf(family: Family): number | undefined {
    return this.#sockets.get(family)?.socket.address().port;
  }

  #known(key: GatewayKey, { node, publicKey, endpoint }: DirectPeer, settings: string): Known {
    const { clock, log, onChange } = this.#options;
    const bytes = Buffer.from(publicKey, 'base64');
    const way: DirectWay = new DirectWay({
      secret: probeSecret(key, bytes),
      name: probeName(key.publicBytes),
      endpoint: addressOf(endpoint),
      send: (datagram, to) =>
        this.#sockets.get(familyOf(to))?.socket.send(datagram, to.port, to.host, ignore),
      onChange() {
        log.info(way.isUp ? 'gateway reached directly' : 'gateway reached over the center', { peer: node });
        onChange();
      },
      clock,
    });
    return { settings, name: probeName(bytes).toString('hex'), way };
  }

  async #bring(families: ReadonlySet<Family>, isKnownPort: boolean): Promise<void> {
    for (const [family, held] of this.#sockets) {
      if (families.has(family) && held.isKnownPort === isKnownPort) continue;
      held.socket.close();
      this.#sockets.delete(family);
    }
    for (const family of families) {
      if (this.#sockets.has(family)) continue;
      try {
        this.#sockets.set(family, { socket: await this.#bound(family, isKnownPort), isKnownPort });
        this.#fault = '';
      } catch (error) {
        const fault = describeError(error);
        if (fault !== this.#fault)
          this.#options.log.warn('no direct way to other gateways', { error: fault });
        this.#fault = fault;
      }
    }
  }

  async #bound(family: Family, isKnownPort: boolean): Promise<Socket> {
    const { port = directPort, log } = this.#options;
    const socket = createSocket(family === 4 ? { type: 'udp4' } : { type: 'udp6', ipv6Only: true });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', (error) => {
        socket.close();
        reject(error);
      });
      socket.bind(isKnownPort ? port : 0, resolve);
    });
    socket.removeAllListeners('error');
    socket.on('error', (error) => log.debug('direct socket', { error: describeError(error) }));
    socket.on('message', (datagram, { address, port: from }) =>
      this.#receive(datagram, { host: address, port: from }),
    );
    try {
      socket.setRecvBufferSize(bufferBytes);
      socket.setSendBufferSize(bufferBytes);
    } catch {
      // What the system grants is enough for less traffic.
    }
    return socket;
  }

  #receive(datagram: Buffer, from: Address): void {
    if (datagram[0] === directType.message) {
      for (const [node, { way }] of this.#ways)
        if (way.mayComeFrom(from)) return this.#options.onMessage(node, datagram.subarray(1));
      return;
    }
    const probe = readProbe(datagram);
    const name = probe?.name.toString('hex');
    for (const known of this.#ways.values())
      if (probe && known.name === name) known.way.receive(probe, datagram, from);
  }
}

function addressOf(endpoint: string | undefined): Address | undefined {
  return endpoint === undefined ? undefined : parseGatewayEndpoint(endpoint);
}

function familyOf({ host }: Address): Family {
  return host.includes(':') ? 6 : 4;
}

function ignore(): void {
  // What finds no room or no way is lost, as on any network; that nothing answers is seen.
}
