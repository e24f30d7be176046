/**
 * Which nodes or zones an endpoint is meant for, as the Service asks: near its clients (`trafficDistribution`), or shared
 * out over the zones by their CPUs (`service.kubernetes.io/topology-mode: Auto`). Free of I/O.
 * Rules: https://kubernetes.io/docs/concepts/services-networking/topology-aware-routing/
 */
import {
  parseQuantity,
  quantityMilliValue,
  type Endpoint,
  type EndpointHints,
  type Node,
  type Service,
} from '@skerry/api';
import type { EndpointGroup } from '#core/endpoint-slice/service-endpoints.ts';

const topologyModeAnnotation = 'service.kubernetes.io/topology-mode';
const olderAnnotation = 'service.kubernetes.io/topology-aware-hints';
const zoneLabel = 'topology.kubernetes.io/zone';
/** By how much an endpoint of a zone may have more clients than one of another. */
const overloadMax = 0.2;

/** Why no hints could be given, in the words of the event that says so; or that they could. */
export type HintsOutcome =
  | { readonly kind: 'none asked' }
  | { readonly kind: 'given' }
  | { readonly kind: 'refused'; readonly message: string };

export function isAutoTopology({ metadata: { annotations = {} }, spec }: Service): boolean {
  if (spec?.trafficDistribution) return false;
  const mode = annotations[topologyModeAnnotation] ?? annotations[olderAnnotation];
  return mode === 'Auto' || mode === 'auto';
}

/** Puts hints into the endpoints of one Service and one address family. */
export function addHints(
  service: Service,
  groups: readonly EndpointGroup[],
  nodes: readonly Node[],
): HintsOutcome {
  const endpoints = groups.flatMap((group) => group.endpoints).filter(({ conditions }) => conditions?.ready);
  const distribution = service.spec?.trafficDistribution;
  if (distribution) {
    for (const endpoint of endpoints) addCloseHint(endpoint, distribution);
    return { kind: 'none asked' };
  }
  if (!isAutoTopology(service)) return { kind: 'none asked' };
  const shares = zoneShares(nodes);
  const refusal = refusalOf(endpoints, shares);
  if (refusal) return { kind: 'refused', message: refusal };
  shareOut(endpoints, shares);
  return { kind: 'given' };
}

function addCloseHint(endpoint: Endpoint, distribution: string): void {
  const { zone, nodeName } = endpoint;
  const isByNode = distribution === 'PreferSameNode';
  const isKnown = isByNode || distribution === 'PreferClose' || distribution === 'PreferSameZone';
  if (!isKnown) return;
  const hints: EndpointHints = {
    ...(isByNode && nodeName ? { forNodes: [{ name: nodeName }] } : {}),
    ...(zone ? { forZones: [{ name: zone }] } : {}),
  };
  if (Object.keys(hints).length > 0) endpoint.hints = hints;
}

/** Each zone's part of the CPUs of all nodes that work; empty where that can't be said. */
function zoneShares(nodes: readonly Node[]): Map<string, number> {
  const cpus = new Map<string, number>();
  for (const { metadata, status } of nodes) {
    const isExcluded =
      metadata.labels?.['node-role.kubernetes.io/control-plane'] !== undefined ||
      metadata.labels?.['node-role.kubernetes.io/master'] !== undefined;
    const isReady = status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True');
    if (isExcluded || !isReady) continue;
    const zone = metadata.labels?.[zoneLabel];
    const cpu = quantityMilliValue(parseQuantity(status?.allocatable?.['cpu'] ?? '0'));
    if (!zone || cpu === 0) return new Map();
    cpus.set(zone, (cpus.get(zone) ?? 0) + cpu);
  }
  const total = [...cpus.values()].reduce((sum, cpu) => sum + cpu, 0);
  return cpus.size < 2 ? new Map() : new Map([...cpus].map(([zone, cpu]) => [zone, cpu / total]));
}

function refusalOf(endpoints: readonly Endpoint[], shares: ReadonlyMap<string, number>): string | undefined {
  const counts = `(${endpoints.length} endpoints, ${shares.size} zones)`;
  if (shares.size === 0)
    return 'Insufficient Node information: allocatable CPU or zone not specified on one or more nodes';
  if (endpoints.length < shares.size) return `Insufficient number of endpoints ${counts}`;
  const needed = [...shares.values()].reduce((sum, share) => sum + minimumOf(share, endpoints.length), 0);
  if (needed > endpoints.length)
    return `Unable to allocate minimum required endpoints to each zone without exceeding overload threshold ${counts}`;
  if (endpoints.some(({ zone }) => !zone)) return 'One or more endpoints do not have a zone specified';
  return undefined;
}

/** Endpoints stay in their zone, except as many as zones with too few need of those with too many. */
function shareOut(endpoints: readonly Endpoint[], shares: ReadonlyMap<string, number>): void {
  const counts = new Map<string, number>();
  for (const { zone = '' } of endpoints) counts.set(zone, (counts.get(zone) ?? 0) + 1);
  const surplus = new Map<string, number>();
  for (const zone of new Set([...shares.keys(), ...counts.keys()])) {
    const share = shares.get(zone);
    const desired =
      share === undefined ? 0 : Math.max(share * endpoints.length, minimumOf(share, endpoints.length));
    surplus.set(zone, (counts.get(zone) ?? 0) - desired);
  }
  const moves = movesOf(surplus);
  for (const endpoint of endpoints) {
    const given = moves.get(endpoint.zone ?? '')?.pop();
    endpoint.hints = { forZones: [{ name: given ?? endpoint.zone ?? '' }] };
  }
}

/** For each zone that has too many, the zones that get one of them. */
function movesOf(surplus: Map<string, number>): Map<string, string[]> {
  const moves = new Map<string, string[]>();
  const sorted = () => [...surplus].toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  // Every round moves one endpoint, so that there are no more rounds than endpoints.
  for (;;) {
    const ranked = sorted();
    const [giver, tooMany] = ranked[0] ?? ['', 0];
    const [taker, tooFew] = ranked.at(-1) ?? ['', 0];
    const isDone = (tooMany < 1 && -tooFew < 1) || tooMany < 0.5 || -tooFew < 0.5;
    if (isDone) return moves;
    moves.set(giver, [...(moves.get(giver) ?? []), taker]);
    surplus.set(giver, tooMany - 1);
    surplus.set(taker, tooFew + 1);
  }
}

function minimumOf(share: number, endpoints: number): number {
  return Math.ceil((share * endpoints) / (1 + overloadMax));
}
