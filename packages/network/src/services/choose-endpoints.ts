/**
 * Which endpoints a node sends traffic of a Service to. Endpoints that can't be reached from here are as if they weren't;
 * then the rules are kube-proxy's: ready ones, those that topology hints give to this node or zone, and, where none is
 * ready, those that end but still serve.
 * https://kubernetes.io/docs/reference/networking/virtual-ips/
 */
import { unreachable } from '@skerry/base';
import type { ReachablePools } from '#reachable-pools.ts';
import type { ServiceEndpoint, ServicePort } from '#services/service-ports.ts';

/** What counts of the node that chooses. */
export interface NodeView {
  readonly name: string;
  readonly pool: string | undefined;
  readonly zone: string | undefined;
  /** Pools whose pods this node reaches, besides its own. */
  readonly reachablePools: Pick<ReachablePools, 'has'>;
}

export interface ChosenEndpoints {
  /** For traffic that may go anywhere. */
  readonly cluster: readonly ServiceEndpoint[];
  /** For traffic that must stay on the node. */
  readonly local: readonly ServiceEndpoint[];
  /** Whether any endpoint could take traffic if policies allowed it: what tells refusing from dropping. */
  readonly hasAny: boolean;
}

export function chooseEndpoints(
  port: ServicePort,
  all: readonly ServiceEndpoint[],
  node: NodeView,
): ChosenEndpoints {
  const usable = all.filter((endpoint) => isReachable(endpoint, node) && isWithin(port, endpoint, node));
  const ready = usable.filter(({ isReady }) => isReady);
  const draining = usable.filter((one) => !one.isReady && one.isServing && one.isTerminating);
  const isLocal = ({ nodeName }: ServiceEndpoint) => nodeName === node.name;
  const local = ready.some(isLocal) ? ready.filter(isLocal) : draining.filter(isLocal);
  return {
    cluster: ready.length > 0 ? byHints(ready, node) : draining,
    local,
    hasAny: ready.length + draining.length > 0,
  };
}

function isReachable({ nodeName, place, address }: ServiceEndpoint, node: NodeView): boolean {
  if (place === 'anywhere' || nodeName === node.name || place.pool === node.pool) return true;
  return place.pool !== undefined && node.reachablePools.has(place.pool, address);
}

/** A node outside of every pool is a pool of its own. */
function isWithin({ topology }: ServicePort, { nodeName, place }: ServiceEndpoint, node: NodeView): boolean {
  const pool = place === 'anywhere' ? undefined : place.pool;
  switch (topology) {
    case 'node':
      return nodeName === node.name;
    case 'pool':
      return nodeName === node.name || (node.pool !== undefined && pool === node.pool);
    case 'anywhere':
      return true;
    default:
      return unreachable(topology);
  }
}

/** Hints count only where every ready endpoint has some and one is for here. */
function byHints(ready: readonly ServiceEndpoint[], node: NodeView): readonly ServiceEndpoint[] {
  const forNode = ready.filter(({ nodeHints }) => nodeHints.includes(node.name));
  if (forNode.length > 0 && ready.every(({ nodeHints }) => nodeHints.length > 0)) return forNode;
  const { zone } = node;
  if (zone === undefined || !ready.every(({ zoneHints }) => zoneHints.length > 0)) return ready;
  const forZone = ready.filter(({ zoneHints }) => zoneHints.includes(zone));
  return forZone.length > 0 ? forZone : ready;
}
