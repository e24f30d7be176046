/**
 * What a machine's kernel should have, so that its pods reach those of the other machines of their pool: pure.
 *
 * A machine on the same link layer is the next hop of a plain route. Another one is reached over a VXLAN device, whose
 * neighbours and forwarding entries follow from the pod ranges: nothing is learned from packets, and nobody who sends some
 * can redirect others. What lies in the cluster's range and is no peer's is refused at once, so that a pod that asks for
 * one in another pool is told so instead of waiting, and its packets don't leak to whatever the default route leads to.
 */
import type { PoolMember, PoolNetworkStatus } from '@skerry/api';
import {
  crossingDevice,
  crossingMac,
  crossingNextHop,
  crossingNextHopMac,
  crossingPort,
  processAddress,
  processPort,
} from '#crossing/crossing-device.ts';
import type { CrossingWay } from '#crossing/crossing.ts';
import { crossingId } from '#crossing/packets.ts';
import type { Link, Route } from '#kernel/links.ts';
import { baseAddress, isIpv4, tunnelMac } from '#fabric/ranges.ts';

export const tunnelDevice = 'skerry-vxlan';
export const tunnelId = 5_363;
/** Flannel's, which firewalls between machines know. */
export const tunnelPort = 8_472;
/** Outer Ethernet, IPv4 and UDP headers, and VXLAN's own. */
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
  readonly address: string;
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
      readonly gateway: string;
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
}

export interface MachineFacts {
  readonly nodeName: string;
  readonly links: readonly Link[];
  /** How the kernel would send to the peers' addresses. */
  readonly ways: ReadonlyMap<string, Route>;
  /** How pods of other pools are reached now. */
  readonly crossingWays: readonly CrossingWay[];
}

const nothing: FabricPlan = { tunnels: [], routes: [], podMtu: undefined };

export function planFabric(network: PoolNetworkStatus | undefined, facts: MachineFacts): FabricPlan {
  const own = network?.members.find(({ node }) => node === facts.nodeName);
  const ownRange = own && rangeOf(own);
  const local = own && addressOf(own);
  if (network?.provider !== 'skerry' || !ownRange || !local) return nothing;
  const uplink = facts.links.find(({ addr_info: held }) => held.some((address) => address.local === local));
  const uplinkMtu = uplink?.mtu ?? mtuDefault;
  const mtu = Math.max(mtuMin, network.routing === 'host-gw' ? uplinkMtu : uplinkMtu - tunnelOverheadBytes);
  const peers = peersOf(network, facts);
  const tunnelled = peers.filter(({ way }) => way === undefined);
  const source = baseAddress(ownRange);
  const isGateway = network.crossings?.some(({ gateways }) => gateways.includes(facts.nodeName));
  return {
    tunnels: [
      {
        device: tunnelDevice,
        id: tunnelId,
        port: tunnelPort,
        local,
        mac: tunnelMac(ownRange),
        address: source,
        mtu: Math.max(mtuMin, uplinkMtu - tunnelOverheadBytes),
        neighbours: tunnelled.map(({ range }) => ({ address: baseAddress(range), mac: tunnelMac(range) })),
        forwarding: tunnelled.map(({ range, address }) => ({ mac: tunnelMac(range), remote: address })),
      },
      ...(isGateway ? [crossingTunnel(source, uplinkMtu)] : []),
    ],
    routes: [
      ...peers.map((peer) => routeTo(peer.range, peer)),
      ...facts.crossingWays.flatMap(({ ranges, gateway }) => {
        if (gateway === undefined) return [];
        const peer = peers.find(({ node }) => node === gateway);
        if (gateway !== facts.nodeName && !peer) return [];
        return ranges.filter(isIpv4).map((range) => ({ ...routeTo(range, peer), source }));
      }),
      ...network.clusterCIDRs
        .filter(isIpv4)
        .map((destination): PlannedRoute => ({ type: 'unreachable', destination })),
    ],
    podMtu: mtu,
  };
}

/** Its far end is this process: see `KernelPort`. */
function crossingTunnel(address: string, mtu: number): Tunnel {
  return {
    device: crossingDevice,
    id: crossingId,
    port: crossingPort,
    local: '127.0.0.1',
    mac: crossingMac,
    address,
    mtu,
    neighbours: [{ address: crossingNextHop, mac: crossingNextHopMac }],
    forwarding: [{ mac: crossingNextHopMac, remote: processAddress, port: processPort }],
  };
}

interface Peer {
  readonly node: string;
  readonly range: string;
  readonly address: string;
  /** The device whose link layer the machine shares; undefined where it is reached through the tunnel. */
  readonly way: string | undefined;
}

function peersOf(network: PoolNetworkStatus, { nodeName, ways }: MachineFacts): Peer[] {
  return network.members.flatMap((member): Peer[] => {
    const range = rangeOf(member);
    const address = addressOf(member);
    if (member.node === nodeName || !range || !address) return [];
    const way = ways.get(address);
    const isNear = way !== undefined && way.gateway === undefined && way.dev !== undefined;
    if (network.routing === 'vxlan' || !isNear) {
      // Without a tunnel a far machine can't be reached: no route says so at once.
      return network.routing === 'host-gw' ? [] : [{ node: member.node, range, address, way: undefined }];
    }
    return [{ node: member.node, range, address, way: way.dev }];
  });
}

/** Through another machine; without one, out of the pool. */
function routeTo(destination: string, peer: Peer | undefined): PlannedRoute & { type: 'via' } {
  if (!peer)
    return { type: 'via', destination, gateway: crossingNextHop, device: crossingDevice, onlink: true };
  const { range, address, way } = peer;
  return way === undefined
    ? { type: 'via', destination, gateway: baseAddress(range), device: tunnelDevice, onlink: true }
    : { type: 'via', destination, gateway: address, device: way, onlink: false };
}

function rangeOf({ podCIDRs }: PoolMember): string | undefined {
  return podCIDRs.find(isIpv4);
}

export function addressOf({ addresses }: PoolMember): string | undefined {
  return addresses.find(isIpv4);
}
