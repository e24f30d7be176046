/**
 * Traffic with other pools, on one machine of a pool that may have some. Every machine knows the gateways of its pool and
 * routes the other pool's pods through the first one that is well, and stays with it while it is. On a gateway the kernel
 * hands packets to this process, which seals them for a gateway of the other pool and sends them over the link; packets that
 * come are opened and given to the kernel. Only pod addresses pass, in both directions: what else the machines' networks
 * have in common doesn't meet. Where both kernels have WireGuard they seal by themselves, and this process relays alone. What
 * is sealed goes over the link, or directly where one of two gateways can be reached from the other (`direct/`).
 */
import { describeError, sleep, type Clock, type Logger, type Service } from '@skerry/base';
import type { PoolCrossing, PoolNetworkStatus } from '@skerry/api';
import { AddressRanges } from '#crossing/address-ranges.ts';
import { DirectWays } from '#crossing/direct/direct-ways.ts';
import { directBatchBytes } from '#crossing/direct/probe.ts';
import { GatewayHealth } from '#crossing/gateway-health.ts';
import { loadGatewayKey, wireGuardKey, type GatewayKey } from '#crossing/gateway-key.ts';
import { KernelPort } from '#crossing/kernel-port.ts';
import { destinationOf, PacketBatch, packetsOf, sourceOf } from '#crossing/packets.ts';
import { SealedPeer } from '#crossing/sealed-peer.ts';
import { WireGuardDevices } from '#crossing/wireguard/wireguard-device.ts';
import { wireGuardMessage } from '#crossing/wireguard/wireguard-peer.ts';
import { WireGuardTunnels } from '#crossing/wireguard/wireguard-tunnels.ts';
import { runProgram } from '#kernel/run-program.ts';

/** The way to gateways of other pools; the link's. */
export interface Relay {
  readonly isOpen: boolean;
  handle(handlers: {
    readonly onDatagram: (from: string, datagram: Buffer) => void;
    readonly onGone: (node: string) => void;
    readonly onChange: (isOpen: boolean) => void;
  }): void;
  send(to: string, datagram: Buffer): void;
}

export interface CrossingOptions {
  readonly nodeName: string;
  readonly stateDirectory: string;
  readonly relay: Relay;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  /** Makes known to the center what others need of this machine as a gateway; may be asked again with the same. */
  readonly publishGateway: (gateway: {
    /** Half of the machine's key. */
    readonly publicKey: string;
    readonly hasWireGuard: boolean;
  }) => Promise<void>;
  /** The kernel's. */
  readonly wireGuard?: WireGuardDevices;
  /** Ways to other pools have changed. */
  readonly onChange: () => void;
}

/** How this machine sends to the pods of another pool. */
export interface CrossingWay {
  readonly ranges: readonly string[];
  /** Of the same pool; the machine itself where it is a gateway that is well, undefined while none is. */
  readonly gateway: string | undefined;
  /** Where the machine itself is the gateway, and the kernel seals: the device that does. */
  readonly device?: string;
}

export interface Crossing extends Service {
  follow(status: PoolNetworkStatus): void;
  ways(): CrossingWay[];
}

interface RemotePool {
  readonly crossing: PoolCrossing;
  readonly ranges: AddressRanges;
  readonly peers: readonly { readonly node: string; readonly peer: SealedPeer }[];
  readonly batch: PacketBatch;
  /** The gateway that packets go through now. */
  current: SealedPeer | undefined;
}

const askMs = 1_000;
const tickMs = 250;
/** Sealing and sending cost by the message more than by the byte. */
const gatherMs = 1;
const publishRetryMs = 5_000;

export function createCrossing(options: CrossingOptions): Crossing {
  const { nodeName, relay, clock, log, random } = options;
  const chosen = new Map<string, string>();
  let status: PoolNetworkStatus | undefined;
  let own = new AddressRanges([]);
  let key: GatewayKey | undefined;
  let pools: readonly RemotePool[] = [];
  let peersByNode = new Map<string, SealedPeer>();
  let port: KernelPort | undefined;
  let flushing = false;
  let flushedMs = -gatherMs;
  let wake: (() => void) | undefined;
  let again = false;
  /** Whether the kernel has it: undefined until that was tried. */
  let hasWireGuard: boolean | undefined;
  let devicesNow = '';

  const { wireGuard = new WireGuardDevices({ directory: options.stateDirectory, run: runProgram }) } =
    options;
  const tunnels = new WireGuardTunnels({
    devices: wireGuard,
    send,
    batchBytesMax,
    clock,
    log,
  });
  const direct = new DirectWays({ onMessage: receive, onChange: () => options.onChange(), clock, log });
  const health = new GatewayHealth({
    clock,
    log,
    hasWay: () => isWell(),
    onChange: () => options.onChange(),
  });
  relay.handle({
    onDatagram: receive,
    onGone(node) {
      if (direct.isUp(node)) return;
      peersByNode.get(node)?.gone();
      tunnels.gone(node);
    },
    onChange: () => options.onChange(),
  });

  return { name: 'crossing', run, follow, ways };

  function receive(from: string, message: Buffer): void {
    if (message[0] === wireGuardMessage) tunnels.receive(from, message);
    else peersByNode.get(from)?.receive(message);
  }

  function send(node: string, message: Buffer): void {
    if (!direct.send(node, message)) relay.send(node, message);
  }

  function batchBytesMax(node: string): number {
    return direct.isUp(node) ? directBatchBytes : PacketBatch.bytesMax;
  }

  function follow(next: PoolNetworkStatus): void {
    status = next;
    own = new AddressRanges(next.members.flatMap(({ podCIDRs }) => podCIDRs));
    look();
  }

  function look(): void {
    again = true;
    wake?.();
  }

  function crossings(): readonly PoolCrossing[] {
    return status?.provider === 'skerry' ? (status.crossings ?? []) : [];
  }

  function isGateway(): boolean {
    return crossings().some(({ gateways }) => gateways.includes(nodeName));
  }

  function isWell(): boolean {
    return port !== undefined && (relay.isOpen || direct.hasWay);
  }

  function ways(): CrossingWay[] {
    return crossings().map(({ pool, ranges, gateways, peerGateways }) => {
      const gateway = choose(pool, gateways);
      const device =
        gateway === nodeName ? tunnels.deviceTo(peerGateways.map(({ node }) => node)) : undefined;
      return { ranges, gateway, ...(device === undefined ? {} : { device }) };
    });
  }

  /** The one that it was while it is well: a gateway that comes back doesn't disturb what goes on through another. */
  function choose(pool: string, gateways: readonly string[]): string | undefined {
    const well = gateways.filter((node) => {
      if (node === nodeName) return isWell();
      const address = addressOfNode(node);
      return address !== undefined && health.isWell(address);
    });
    if (well.includes(nodeName)) return nodeName;
    const before = chosen.get(pool);
    const gateway = before && well.includes(before) ? before : well[0];
    if (gateway) chosen.set(pool, gateway);
    return gateway;
  }

  function addressOfNode(node: string): string | undefined {
    return status?.members
      .find((member) => member.node === node)
      ?.addresses.find((each) => !each.includes(':'));
  }

  async function run(signal: AbortSignal): Promise<void> {
    await wireGuard
      .removeAll()
      .catch((error: unknown) =>
        log.debug('WireGuard devices not looked for', { error: describeError(error) }),
      );
    try {
      await Promise.all([keep(signal), publish(signal)]);
    } finally {
      port?.close();
      port = undefined;
      health.close();
      direct.close();
      await tunnels.close();
    }
  }

  /** Opens and closes what the crossings of the pool ask for, and keeps gateways and peers asked. */
  async function keep(signal: AbortSignal): Promise<void> {
    let healthAddress: string | undefined;
    let askedMs = -askMs;
    while (!signal.aborted) {
      if (crossings().length === 0) {
        if (healthAddress !== undefined) health.close();
        healthAddress = undefined;
        closeGateway();
        direct.close();
        await tunnels.close();
        await woken(signal, undefined);
        continue;
      }
      const address = addressOfNode(nodeName);
      if (address !== healthAddress) {
        health.close();
        if (address !== undefined) await health.open(address);
        healthAddress = address;
      }
      if (isGateway()) await openGateway();
      else closeGateway();
      if (clock.monotonic() - askedMs >= askMs) {
        askedMs = clock.monotonic();
        const others = new Set(
          crossings().flatMap(({ gateways }) => gateways.filter((node) => node !== nodeName)),
        );
        health.ask([...others].flatMap((node) => addressOfNode(node) ?? []));
      }
      for (const peer of peersByNode.values()) peer.tick();
      await keepDirect();
      await keepTunnels();
      await woken(signal, tickMs);
    }
  }

  async function keepDirect(): Promise<void> {
    if (!key) return;
    const peers = crossings().flatMap(({ gateways, peerGateways }) =>
      gateways.includes(nodeName) ? peerGateways : [],
    );
    const own = status?.members.find(({ node }) => node === nodeName)?.gatewayEndpoint;
    await direct.update(key, peers.length > 0 ? own : undefined, peers);
    direct.tick();
  }

  async function keepTunnels(): Promise<void> {
    if (key && hasWireGuard) {
      const wanted = crossings().flatMap(({ gateways, peerGateways, ranges }) =>
        gateways.includes(nodeName)
          ? peerGateways.flatMap(({ node, publicKey, wireGuard: has }) =>
              has ? [{ node, publicKey, ranges }] : [],
            )
          : [],
      );
      await tunnels.update(wireGuardKey(key), wanted);
      tunnels.tick();
    }
    const devices = JSON.stringify(ways().map(({ device }) => device));
    if (devices !== devicesNow) options.onChange();
    devicesNow = devices;
  }

  function woken(signal: AbortSignal, afterMs: number | undefined): Promise<void> {
    const until = new AbortController();
    wake = () => until.abort();
    if (again) until.abort();
    again = false;
    const both = AbortSignal.any([signal, until.signal]);
    if (afterMs === undefined)
      return new Promise((resolve) => {
        if (both.aborted) resolve();
        else both.addEventListener('abort', () => resolve(), { once: true });
      });
    return sleep(clock, afterMs, both).catch(() => undefined);
  }

  async function publish(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (crossings().length > 0) {
        try {
          key ??= await loadGatewayKey(options.stateDirectory);
          hasWireGuard ??= await tryWireGuard();
          await options.publishGateway({ publicKey: key.publicBytes.toString('base64'), hasWireGuard });
          look();
          return;
        } catch (error) {
          log.warn('gateway key not published', { error: describeError(error) });
        }
      }
      await sleep(clock, publishRetryMs, signal).catch(() => undefined);
    }
  }

  async function tryWireGuard(): Promise<boolean> {
    const fault = await wireGuard.fault();
    log.info('WireGuard', fault === undefined ? { used: true } : { used: false, because: fault });
    return fault === undefined;
  }

  async function openGateway(): Promise<void> {
    if (!key) return;
    if (!port) {
      const opening = new KernelPort({ log });
      await opening.open(take);
      port = opening;
      options.onChange();
    }
    updatePools(key);
  }

  function closeGateway(): void {
    if (!port) return;
    port.close();
    port = undefined;
    pools = [];
    peersByNode = new Map();
    options.onChange();
  }

  /** Peers that stay keep their sessions. */
  function updatePools(ownKey: GatewayKey): void {
    const wanted = crossings().filter(({ gateways }) => gateways.includes(nodeName));
    if (
      wanted.length === pools.length &&
      wanted.every((crossing, index) => crossing === pools[index]?.crossing)
    )
      return;
    const former = new Map(peersByNode);
    const keysBefore = new Map(
      pools.flatMap(({ crossing }) => crossing.peerGateways.map(({ node, publicKey }) => [node, publicKey])),
    );
    peersByNode = new Map();
    pools = wanted.map((crossing): RemotePool => {
      const pool: RemotePool = {
        crossing,
        ranges: new AddressRanges(crossing.ranges),
        batch: new PacketBatch(),
        current: undefined,
        peers: crossing.peerGateways.flatMap(({ node, publicKey }) => {
          const kept = keysBefore.get(node) === publicKey ? former.get(node) : undefined;
          const peer = kept ?? createPeer(ownKey, node, publicKey);
          peersByNode.set(node, peer);
          return [{ node, peer }];
        }),
      };
      return pool;
    });
  }

  function createPeer(ownKey: GatewayKey, node: string, publicKey: string): SealedPeer {
    return new SealedPeer({
      parties: { own: ownKey, peer: Buffer.from(publicKey, 'base64') },
      send: (message) => send(node, message),
      onPlain: (plain) => deliver(node, plain),
      onDown(waiting) {
        const pool = poolOf(node);
        if (!pool || pool.peers.every(({ peer }) => peer.isDown)) return;
        for (const message of waiting) sendThrough(pool, message);
      },
      clock,
      random,
    });
  }

  /** From the kernel. A packet on its own goes at once; under traffic those of a millisecond go together. */
  function take(packet: Buffer): void {
    const destination = destinationOf(packet);
    if (!own.has(sourceOf(packet))) return;
    const pool = pools.find(({ ranges }) => ranges.has(destination));
    if (!pool) return;
    if (!pool.batch.hasRoomFor(packet, batchBytesMax(currentNode(pool)))) flush(pool);
    pool.batch.add(packet);
    if (flushing) return;
    flushing = true;
    const flushAll = () => {
      flushing = false;
      flushedMs = clock.monotonic();
      for (const each of pools) flush(each);
    };
    if (clock.monotonic() - flushedMs > gatherMs) setImmediate(flushAll);
    else clock.after(gatherMs, flushAll);
  }

  function flush(pool: RemotePool): void {
    if (!pool.batch.isEmpty) sendThrough(pool, pool.batch.take());
  }

  /** One that is well is kept: another would be asked first for a session, and packets wait. */
  function sendThrough(pool: RemotePool, message: Buffer): void {
    if (!pool.current || pool.current.isDown)
      pool.current = pool.peers.find(({ peer }) => !peer.isDown)?.peer;
    pool.current?.send(message);
  }

  function currentNode({ peers, current }: RemotePool): string {
    return peers.find(({ peer }) => peer === current)?.node ?? '';
  }

  function poolOf(node: string): RemotePool | undefined {
    return pools.find(({ peers }) => peers.some((each) => each.node === node));
  }

  /** From a gateway of another pool: only what its pool's pods say to pods of this one. */
  function deliver(node: string, plain: Buffer): void {
    const pool = pools.find(({ crossing }) => crossing.peerGateways.some((gateway) => gateway.node === node));
    if (!pool) return;
    for (const packet of packetsOf(plain))
      if (pool.ranges.has(sourceOf(packet)) && own.has(destinationOf(packet))) port?.send(packet);
  }
}
