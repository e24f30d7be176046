/** Which node of a pool answers for an address of a load balancer; pure. */
import { createHash } from 'node:crypto';
import { isRecord } from '@skerry/base';
import type { EndpointSlice, Node, Service } from '@skerry/api';

/** On a Service, written by the controller and read by the pool's machines. */
export const placementAnnotation = 'network.skerry.io/load-balancer';
const excludedLabel = 'node.kubernetes.io/exclude-from-external-load-balancers';

export interface Placement {
  readonly pool: string;
  readonly address: string;
  /** The machine that has the address; absent where none can. */
  readonly node?: string;
}

export function placementsOf({ metadata }: Service): Placement[] {
  try {
    const parsed: unknown = JSON.parse(metadata.annotations?.[placementAnnotation] ?? '[]');
    return Array.isArray(parsed) ? parsed.filter(isPlacement) : [];
  } catch {
    return [];
  }
}

function isPlacement(value: unknown): value is Placement {
  if (!isRecord(value)) return false;
  const { pool, address, node } = value;
  return (
    typeof pool === 'string' && typeof address === 'string' && ['string', 'undefined'].includes(typeof node)
  );
}

/** Nodes that work; where traffic must stay on its node, those alone that have a ready endpoint. */
export function candidates(
  service: Service,
  { nodes, slices }: { readonly nodes: readonly Node[]; readonly slices: readonly EndpointSlice[] },
): string[] {
  const able = nodes.filter(
    ({ metadata, status }) =>
      !metadata.deletionTimestamp &&
      metadata.labels?.[excludedLabel] === undefined &&
      status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
  );
  const names = able.map(({ metadata }) => metadata.name ?? '');
  if (service.spec?.externalTrafficPolicy !== 'Local') return names;
  const serving = new Set(
    slices
      .flatMap(({ endpoints }) => endpoints ?? [])
      .filter(({ conditions }) => conditions?.ready !== false)
      .map(({ nodeName }) => nodeName),
  );
  return names.filter((name) => serving.has(name));
}

/**
 * Whoever has the address keeps it as long as it can; otherwise it is spread by a hash, so that addresses of many Services
 * fall on many machines. Where none can, it stays where it is: a region that is cut off as a whole goes on.
 */
export function elect(
  { address, node }: Pick<Placement, 'address' | 'node'>,
  able: readonly string[],
): string | undefined {
  if (node !== undefined && (able.length === 0 || able.includes(node))) return node;
  const rank = (name: string) => createHash('sha256').update(`${address} ${name}`).digest('hex');
  return able.map((name) => ({ name, rank: rank(name) })).toSorted((a, b) => (a.rank < b.rank ? -1 : 1))[0]
    ?.name;
}
