/**
 * What a machine's kernel should have, so that its pods reach those of the other machines of their pool: pure.
 *
 * A machine on the same link layer is the next hop of a plain route. Another one is reached over a VXLAN device, whose
 * neighbours and forwarding entries follow from the pod ranges: nothing is learned from packets, and nobody who sends some
 * can redirect others. Both families of pods' addresses travel in the same tunnels, between the machines' IPv4 addresses. What lies in the cluster's range and is no peer's is refused at once, so that a pod that asks for
 * one in another pool is told so instead of waiting, and its packets don't leak to whatever the default route leads to.
 */
import type { PoolMember, PoolNetworkStatus } from '@skerry/api';
import {
  crossingDevice,
  crossingMac,
  crossingNextHops,
  crossingNextHopMac,
  crossingPort,
  processAddress,
  processPort,
} from '#crossing/crossing-device.ts';
import type { CrossingWay } from '#crossing/crossing.ts';
import { crossingId } from '#crossing/packets.ts';
import type { Link, Route } from '#kernel/links.ts';
import {
  baseAddress,
  families,
  familyOf,
  isIpv4,
  tunnelHop,
  tunnelMac,
  type Family,
} from '#fabric/ranges.ts';

export const tunnelDevice = 'skerry-vxlan';
export const tunnelId = 5_363;
/** Flannel's, which firewalls between machines know. */
export const tunnelPort = 8_472;
/** The inner Ethernet header, the outer IPv4 and UDP headers, and VXLAN's own. */
const tunnelOverheadBytes = 50;
const mtuDefault = 1_500;
/** What a link of IPv6 must carry, and less is no use to pods. */
const mtuMin = 1_280;

/** A VXLAN device that learns nothing: who is behind it is said here. */
export interface Tunnel {
  readonly device: string;
  readonly id: number;
  readonly port: number;
  /** The address that packets leave from. */
  readonly local: string;
  readonly mac: string;
  /** One of each family. */
  readonly addresses: readonly string[];
  readonly mtu: number;
  readonly neighbours: readonly Neighbour[];
  readonly forwarding: readonly Forwarding[];
}

export interface Neighbour {
  readonly address: string;
  readonly mac: string;
}

export interface Forwarding {
  readonly mac: string;
  readonly remote: string;
  /** The tunnel's unless given. */
  readonly port?: number;
}

export type PlannedRoute =
  | {
      readonly type: 'via';
      readonly destination: string;
      /** The next hop; none beyond a device that knows by itself. */
      readonly gateway?: string;
      readonly device: string;
      readonly onlink: boolean;
      /** What the machine itself sends from; the device's address unless given. */
      readonly source?: string;
    }
  | { readonly type: 'unreachable'; readonly destination: string };

export interface FabricPlan {
  readonly tunnels: readonly Tunnel[];
  readonly routes: readonly PlannedRoute[];
  /** Of the pods' links. */
  readonly podMtu: number | undefined;
  /** Of the whole pool: what may cross to others, and come from them. */
  readonly poolRanges: readonly string[];
}

export interface MachineFacts {
  readonly nodeName: string;
  readonly links: readonly Link[];
  /** How the kernel would send to the peers' addresses. */
  readonly ways: ReadonlyMap<string, Route>;
  /** How pods of other pools are reached now. */
  readonly crossingWays: readonly CrossingWay[];
  /** Where it has none, its pods have IPv4 addresses alone. */
  readonly hasIpv6: boolean;
}

export const nothing: FabricPlan = { tunnels: [], routes: [], podMtu: undefined, poolRanges: [] };

export function planFabric(network: PoolNetworkStatus | undefined, facts: MachineFacts): FabricPlan {
  const own = network?.members.find(({ node }) => node === facts.nodeName);
  const local = own && addressOf(own);
  const mac = own && macOf(own);
  if (network?.provider !== 'skerry' || !mac || !local) return nothing;
  const here = families.filter((family) => family === 4 || facts.hasIpv6);
  const isHere = (range: string) => here.includes(familyOf(range));
  const uplink = facts.links.find(({ addr_info: held }) => held.some((address) => address.local === local));
  const uplinkMtu = uplink?.mtu ?? mtuDefault;
  const mtu = Math.max(mtuMin, network.routing === 'host-gw' ? uplinkMtu : uplinkMtu - tunnelOverheadBytes);
  const peers = here.flatMap((family) => peersOf(network, facts, family));
  const tunnelled = peers.filter(({ gateway }) => gateway === undefined);
  const ownRanges = own.podCIDRs.filter(isHere);
  const sources = ownRanges.map(baseAddress);
  const isGateway = network.crossings?.some(({ gateways }) => gateways.includes(facts.nodeName));
  return {
    tunnels: [
      {
        device: tunnelDevice,
        id: tunnelId,
        port: tunnelPort,
        local,
        mac,
        addresses: sources,
        mtu: Math.max(mtuMin, uplinkMtu - tunnelOverheadBytes),
        neighbours: tunnelled.map(({ hop, mac: of }) => ({ address: hop, mac: of })),
        forwarding: forwardingTo(tunnelled),
      },
      ...(isGateway ? [crossingTunnel(sources, uplinkMtu)] : []),
    ],
    routes: [
      ...peers.map((peer) => routeTo(peer.range, peer)),
      ...facts.crossingWays.flatMap((way) =>
        way.ranges.filter(isHere).flatMap((range) => crossingRoute(range, way, { facts, peers, sources })),
      ),
      ...network.clusterCIDRs
        .filter(isHere)
        .map((destination): PlannedRoute => ({ type: 'unreachable', destination })),
    ],
    podMtu: mtu,
    poolRanges: network.members.flatMap(({ podCIDRs }) => podCIDRs).filter(isHere),
  };
}

/** Its far end is this process: see `KernelPort`. */
function crossingTunnel(addresses: readonly string[], mtu: number): Tunnel {
  return {
    device: crossingDevice,
    id: crossingId,
    port: crossingPort,
    local: '127.0.0.1',
    mac: crossingMac,
    addresses,
    mtu,
    neighbours: addresses.map((address) => ({
      address: crossingNextHops[familyOf(address)],
      mac: crossingNextHopMac,
    })),
    forwarding: [{ mac: crossingNextHopMac, remote: processAddress, port: processPort }],
  };
}

/** A machine, for one family of pods' addresses. */
interface Peer {
  readonly node: string;
  readonly range: string;
  /** Its end of the tunnel: where it is on the link layer, and the next hop that means it. */
  readonly mac: string;
  readonly hop: string;
  /** Where tunnels to it end. */
  readonly remote: string;
  /** Its address on a link layer that this machine shares, and the device; undefined where it is reached through the tunnel. */
  readonly gateway: { readonly address: string; readonly device: string } | undefined;
}

function peersOf(network: PoolNetworkStatus, { nodeName, ways }: MachineFacts, family: Family): Peer[] {
  return network.members.flatMap((member): Peer[] => {
    const range = member.podCIDRs.find((each) => familyOf(each) === family);
    const remote = addressOf(member);
    const mac = macOf(member);
    const hop = hopOf(member, family);
    if (member.node === nodeName || !range || !remote || !mac || !hop) return [];
    const address = member.addresses.find((each) => familyOf(each) === family);
    const way = address === undefined ? undefined : ways.get(address);
    const isNear = way !== undefined && way.gateway === undefined && way.dev !== undefined;
    const peer = { node: member.node, range, mac, hop, remote };
    if (network.routing !== 'vxlan' && isNear && address !== undefined && way.dev !== undefined)
      return [{ ...peer, gateway: { address, device: way.dev } }];
    // Without a tunnel a far machine can't be reached: no route says so at once.
    return network.routing === 'host-gw' ? [] : [{ ...peer, gateway: undefined }];
  });
}

/** One entry per machine, whatever families its pods have. */
function forwardingTo(peers: readonly Peer[]): Forwarding[] {
  return [...new Map(peers.map(({ mac, remote }) => [mac, { mac, remote }])).values()];
}

/** Through a machine of the pool, or from this one, if it is the gateway, out of the pool. */
function crossingRoute(
  range: string,
  { gateway, device }: CrossingWay,
  {
    facts,
    peers,
    sources,
  }: {
    readonly facts: MachineFacts;
    readonly peers: readonly Peer[];
    readonly sources: readonly string[];
  },
): PlannedRoute[] {
  const isOfFamily = (each: string) => familyOf(each) === familyOf(range);
  const peer = peers.find(({ node, range: of }) => node === gateway && isOfFamily(of));
  const source = sources.find(isOfFamily);
  if (gateway === undefined || source === undefined || (gateway !== facts.nodeName && !peer)) return [];
  if (device !== undefined) return [{ type: 'via', destination: range, device, onlink: false, source }];
  return [{ ...routeTo(range, peer), source }];
}

/** Through another machine; without one, out of the pool. */
function routeTo(destination: string, peer: Peer | undefined): PlannedRoute & { type: 'via' } {
  if (!peer) {
    const gateway = crossingNextHops[familyOf(destination)];
    return { type: 'via', destination, gateway, device: crossingDevice, onlink: true };
  }
  const { hop, gateway } = peer;
  return gateway === undefined
    ? { type: 'via', destination, gateway: hop, device: tunnelDevice, onlink: true }
    : { type: 'via', destination, gateway: gateway.address, device: gateway.device, onlink: false };
}

function macOf({ podCIDRs }: PoolMember): string | undefined {
  const range = podCIDRs.find(isIpv4);
  return range === undefined ? undefined : tunnelMac(range);
}

function hopOf({ podCIDRs }: PoolMember, family: Family): string | undefined {
  const range = podCIDRs.find(isIpv4);
  if (range === undefined) return undefined;
  return family === 4 ? baseAddress(range) : tunnelHop(range);
}

/** Where tunnels end. */
export function addressOf({ addresses }: PoolMember): string | undefined {
  return addresses.find(isIpv4);
}
