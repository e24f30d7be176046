/** What the proxy needs to know of a Service, read once from the API's object and its slices. */
import { isIP, isIPv4 } from 'node:net';
import type { Endpoint, EndpointSlice, Service } from '@skerry/api';

export type Protocol = 'tcp' | 'udp' | 'sctp';
export type Family = 'ip' | 'ip6';

/** One port of a Service, in one address family. */
export interface ServicePort {
  readonly namespace: string;
  readonly service: string;
  readonly name: string;
  readonly family: Family;
  readonly protocol: Protocol;
  readonly port: number;
  readonly clusterIp: string;
  readonly nodePort: number | undefined;
  readonly externalIps: readonly string[];
  readonly loadBalancerIps: readonly string[];
  /** Those among them that are of this pool's range, and so no machine's own address. */
  readonly placedIps: readonly string[];
  /** Who may reach the load balancer's addresses; everyone where undefined. */
  readonly sourceRanges: readonly string[] | undefined;
  /** How long a client stays with its endpoint after its last connection; undefined without affinity. */
  readonly affinitySeconds: number | undefined;
  readonly internalPolicy: TrafficPolicy;
  readonly externalPolicy: TrafficPolicy;
  readonly topology: Topology;
}

export type TrafficPolicy = 'Cluster' | 'Local';
/** Where endpoints must be, as `openyurt.io/topologyKeys` says. */
export type Topology = 'node' | 'pool' | 'anywhere';

export interface ServiceEndpoint {
  readonly address: string;
  readonly port: number;
  readonly isReady: boolean;
  readonly isServing: boolean;
  readonly isTerminating: boolean;
  readonly nodeName: string | undefined;
  /** Where its pod is, as its slice says; `anywhere` for endpoints that somebody wrote by hand and knows the way to. */
  readonly place: { readonly pool: string | undefined } | 'anywhere';
  readonly zoneHints: readonly string[];
  readonly nodeHints: readonly string[];
}

export const poolLabel = 'apps.openyurt.io/nodepool';
export const serviceNameLabel = 'kubernetes.io/service-name';
const managedByLabel = 'endpointslice.kubernetes.io/managed-by';
const sliceController = 'endpointslice-controller.k8s.io';
export const topologyKeysAnnotation = 'openyurt.io/topologyKeys';
export const listenAnnotation = 'nodeport.openyurt.io/listen';
export const placementAnnotation = 'network.skerry.io/load-balancer';

const protocols: Readonly<Record<string, Protocol>> = { TCP: 'tcp', UDP: 'udp', SCTP: 'sctp' };

export function familyOf(address: string): Family {
  return isIPv4(address) ? 'ip' : 'ip6';
}

/** Those of a Service that the proxy has anything to do with: one that has an address. */
export function servicePortsOf(
  service: Service,
  { pool }: { readonly pool: string | undefined },
): ServicePort[] {
  const { spec = {}, metadata } = service;
  if (spec.type === 'ExternalName' || !spec.clusterIP || spec.clusterIP === 'None') return [];
  const clusterIps = spec.clusterIPs?.length ? spec.clusterIPs : [spec.clusterIP];
  const withNodePorts = (spec.type === 'NodePort' || spec.type === 'LoadBalancer') && listens(service, pool);
  const external = spec.type === 'LoadBalancer' ? loadBalancerIpsOf(service, pool) : [];
  const placed = new Set(placementsIn(service, pool).map(({ address }) => address));
  const affinity =
    spec.sessionAffinity === 'ClientIP'
      ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800)
      : undefined;
  return clusterIps.filter(isAddress).flatMap((clusterIp) => {
    const family = familyOf(clusterIp);
    const own = (addresses: readonly string[]) =>
      [...new Set(addresses)].filter((address) => isAddress(address) && familyOf(address) === family);
    const ranges = (spec.loadBalancerSourceRanges ?? []).map((range) => range.trim()).filter(isRange);
    return (spec.ports ?? []).flatMap(({ name = '', protocol = 'TCP', port, nodePort }): ServicePort[] => {
      const known = protocols[protocol];
      if (!known) return [];
      return [
        {
          namespace: metadata.namespace ?? '',
          service: metadata.name ?? '',
          name,
          family,
          protocol: known,
          port,
          clusterIp,
          nodePort: withNodePorts && nodePort ? nodePort : undefined,
          externalIps: own(spec.externalIPs ?? []),
          loadBalancerIps: own(external),
          placedIps: own(external.filter((address) => placed.has(address))),
          sourceRanges: spec.loadBalancerSourceRanges?.length
            ? ranges.filter((range) => familyOf(range.split('/')[0] ?? '') === family)
            : undefined,
          affinitySeconds: affinity,
          internalPolicy: spec.internalTrafficPolicy === 'Local' ? 'Local' : 'Cluster',
          externalPolicy: spec.externalTrafficPolicy === 'Local' ? 'Local' : 'Cluster',
          topology: topologyOf(service),
        },
      ];
    });
  });
}

/** Endpoints of one port, each address once: slices that follow each other may both name it for a moment. */
export function endpointsOf(port: ServicePort, slices: readonly EndpointSlice[]): ServiceEndpoint[] {
  const addressType = port.family === 'ip' ? 'IPv4' : 'IPv6';
  const found = new Map<string, ServiceEndpoint>();
  for (const slice of slices) {
    if (slice.addressType !== addressType) continue;
    const place = placeOf(slice);
    for (const { name = '', protocol = 'TCP', port: number } of slice.ports ?? []) {
      if (name !== port.name || protocols[protocol] !== port.protocol || !number) continue;
      for (const endpoint of slice.endpoints ?? []) {
        const view = endpointView(endpoint, { port: number, place });
        if (!view || familyOf(view.address) !== port.family) continue;
        const key = `${view.address} ${view.port}`;
        if (!found.get(key)?.isReady) found.set(key, view);
      }
    }
  }
  return [...found.values()];
}

function placeOf({ metadata: { labels = {} } }: EndpointSlice): ServiceEndpoint['place'] {
  const pool = labels[poolLabel] || undefined;
  return pool !== undefined || labels[managedByLabel] === sliceController ? { pool } : 'anywhere';
}

function endpointView(
  { addresses, conditions, nodeName, hints }: Endpoint,
  { port, place }: Pick<ServiceEndpoint, 'port' | 'place'>,
): ServiceEndpoint | undefined {
  const [address] = addresses;
  if (!address || !isAddress(address)) return undefined;
  const isReady = conditions?.ready ?? true;
  return {
    address,
    port,
    isReady,
    isServing: conditions?.serving ?? isReady,
    isTerminating: conditions?.terminating ?? false,
    nodeName,
    place,
    zoneHints: (hints?.forZones ?? []).map(({ name }) => name),
    nodeHints: (hints?.forNodes ?? []).map(({ name }) => name),
  };
}

/** https://openyurt.io/docs/user-manuals/network/service-topology */
function topologyOf({ metadata }: Service): Topology {
  switch (metadata.annotations?.[topologyKeysAnnotation]) {
    case 'kubernetes.io/hostname':
      return 'node';
    case 'openyurt.io/nodepool':
    case 'kubernetes.io/zone':
      return 'pool';
    default:
      return 'anywhere';
  }
}

/** Whether node ports are open on nodes of a pool: `*` is every pool, `-name` all but that one. */
function listens({ metadata }: Service, pool: string | undefined): boolean {
  const text = metadata.annotations?.[listenAnnotation]?.trim();
  if (!text) return true;
  const entries = text.split(',').map((entry) => entry.trim());
  if (pool && entries.includes(`-${pool}`)) return false;
  return entries.includes('*') || (pool !== undefined && entries.includes(pool));
}

/** Those that lead here: an address of one pool's network may be another machine's in another pool. */
function loadBalancerIpsOf(service: Service, pool: string | undefined): string[] {
  const { status, metadata } = service;
  const placements = parsePlacements(metadata.annotations?.[placementAnnotation]);
  const elsewhere = new Set(placements.filter((one) => one.pool !== pool).map(({ address }) => address));
  const here = new Set(placementsIn(service, pool).map(({ address }) => address));
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, ipMode }) =>
    ip && ipMode !== 'Proxy' && (here.has(ip) || !elsewhere.has(ip)) ? [ip] : [],
  );
}

function placementsIn({ metadata }: Service, pool: string | undefined): Placement[] {
  return parsePlacements(metadata.annotations?.[placementAnnotation]).filter((one) => one.pool === pool);
}

/** An address of a load balancer, the pool whose network it is of, and the node that answers for it there. */
export interface Placement {
  readonly pool: string;
  readonly address: string;
  readonly node?: string;
}

/** What the center wrote; what can't be read names nothing. */
export function parsePlacements(text: string | undefined): Placement[] {
  if (!text) return [];
  try {
    const parsed: unknown = JSON.parse(text);
    return Array.isArray(parsed) ? parsed.filter(isPlacement) : [];
  } catch {
    return [];
  }
}

function isPlacement(value: unknown): value is Placement {
  if (typeof value !== 'object' || value === null) return false;
  const { pool, address, node } = value as Partial<Record<keyof Placement, unknown>>;
  return (
    typeof pool === 'string' &&
    typeof address === 'string' &&
    isAddress(address) &&
    (node === undefined || typeof node === 'string')
  );
}

/** A scope (`fe80::1%eth0`) is no part of an address that a Service may have. */
function isAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.includes('%');
}

function isRange(text: string): boolean {
  const [address = '', bits = '', ...rest] = text.split('/');
  if (rest.length > 0 || !isAddress(address) || !/^\d{1,3}$/.test(bits)) return false;
  return Number(bits) <= (isIPv4(address) ? 32 : 128);
}
