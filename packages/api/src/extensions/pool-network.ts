/**
 * PoolNetworks of `network.skerry.io`: all that the machines of one pool have to know of each other to carry their pods'
 * packets. The center derives them from Nodes, NodePools and Crossings; each machine reads the one of its pool. A Node changes
 * with every report of its machine, so that following the Nodes of a pool would cost a thin link bytes all day for facts
 * that change once a month; here only those facts are.
 */
import type { ObjectMeta } from '#object.ts';
import { canonicalAddress, isIPv4, isIPv6 } from '#validation/addresses.ts';

export interface PoolNetwork {
  apiVersion?: string;
  kind?: string;
  /** Named after the pool. */
  metadata: ObjectMeta;
  status?: PoolNetworkStatus;
}

/** `auto`: plain routes to machines on the same link layer, VXLAN to others. */
export const routings = ['auto', 'host-gw', 'vxlan'] as const;
export type Routing = (typeof routings)[number];

export interface PoolNetworkStatus {
  /** Whose network pods have: ours, that of a CNI plugin which users bring along, or that of their host. */
  provider: 'skerry' | 'external' | 'host';
  routing: Routing;
  /** Ranges of all pods of the cluster. */
  clusterCIDRs: string[];
  members: PoolMember[];
  /** The pools that pods of this one may reach. */
  crossings?: PoolCrossing[];
  /** For a column of kubectl. */
  memberCount?: number;
}

export interface PoolMember {
  node: string;
  addresses: string[];
  podCIDRs: string[];
  /** Where gateways of other pools reach it directly: `203.0.113.7:8476`. */
  gatewayEndpoint?: string;
}

export interface PoolCrossing {
  /** The other pool. */
  pool: string;
  /** Ranges of its pods. */
  ranges: string[];
  /** Machines of this pool that pass packets on, the preferred one first. */
  gateways: string[];
  /**
   * Those of the other pool, with the public keys that packets are sealed for. `wireGuard`: its kernel seals by itself, where
   * this one's does too. `endpoint`: where it is reached without the center.
   */
  peerGateways: { node: string; publicKey: string; wireGuard?: boolean; endpoint?: string }[];
}

/** On a Node, by the machine itself: the public half of its X25519 key, in base64. */
export const gatewayKeyAnnotation = 'network.skerry.io/gateway-key';
/** On a Node, `true`: its kernel has WireGuard. */
export const wireGuardAnnotation = 'network.skerry.io/wireguard';

/** On a Node, by people: `203.0.113.7:8476` or `[2001:db8::7]:8476`, where gateways of other pools reach it. */
export const gatewayEndpointAnnotation = 'network.skerry.io/gateway-endpoint';

/** Undefined for what is no address with a port. */
export function parseGatewayEndpoint(text: string): { host: string; port: number } | undefined {
  const [, six, four, digits = ''] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text.trim()) ?? [];
  const port = Number(digits);
  if (port < 1 || port > 65_535) return undefined;
  if (four !== undefined && isIPv4(four)) return { host: four, port };
  return six !== undefined && isIPv6(six) ? { host: canonicalAddress(six), port } : undefined;
}

/** On a NodePool: forces one of `routings` instead of `auto`. */
export const routingAnnotation = 'network.skerry.io/routing';
/** On a NodePool: `external` where its machines have a CNI plugin that Skerry doesn't bring. */
export const providerAnnotation = 'network.skerry.io/provider';

/** In the ring of a pool's machines by name, each hears so many on either side of it: enough, and bounded in a pool of any size. */
export const ringReachMax = 8;

/** The next machines in the ring from one of them; none where it is not in it. */
export function poolSuccessors(sorted: readonly string[], node: string, step: 1 | -1): string[] {
  const { length } = sorted;
  const at = sorted.indexOf(node);
  if (at < 0) return [];
  return Array.from({ length: Math.min(ringReachMax, length - 1) }, (_, index) => {
    const place = (at + step * (index + 1) + length * ringReachMax) % length;
    return sorted[place] ?? node;
  });
}

/** The machines of a pool that hear a machine, and are heard by it. */
export function poolNeighbours(sorted: readonly string[], node: string): string[] {
  return [...new Set([...poolSuccessors(sorted, node, 1), ...poolSuccessors(sorted, node, -1)])];
}
