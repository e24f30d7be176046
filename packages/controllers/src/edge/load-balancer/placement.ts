/** Which node of a pool answers for the addresses of a load balancer; pure. */
import { createHash } from 'node:crypto';
import { isRecord } from '@skerry/base';
import { canonicalAddress } from '@skerry/api';
import type { EndpointSlice, Node, Service } from '@skerry/api';
import { familyOf, type IPFamily } from '#edge/load-balancer/address-ranges.ts';

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

/** What there is to choose from. */
export interface Candidates {
  /** Of the pool. */
  readonly nodes: readonly Node[];
  /** Of the Service. */
  readonly slices: readonly EndpointSlice[];
}

/**
 * Whoever has an address keeps it as long as it can; otherwise it is spread by a hash, so that addresses of many Services
 * fall on many machines. All addresses of a Service fall on one where one can have them all. Where none can, each stays
 * where it is: a region that is cut off as a whole goes on.
 */
export function elect(
  {
    pool,
    addresses,
    kept,
  }: { readonly pool: string; readonly addresses: readonly string[]; readonly kept: readonly Placement[] },
  service: Service,
  candidates: Candidates,
): Placement[] {
  const [first = ''] = addresses;
  const chosen: Placement[] = [];
  for (const address of addresses) {
    const able = ableNodes(service, familyOf(address), candidates);
    const had = kept.find((one) => one.address === address)?.node ?? chosen[0]?.node;
    const mayStay = had !== undefined && (able.length === 0 || able.includes(had));
    const node = mayStay ? had : firstByHash(first, able);
    chosen.push({ pool, address, ...(node === undefined ? {} : { node }) });
  }
  return chosen;
}

function firstByHash(address: string, names: readonly string[]): string | undefined {
  const rank = (name: string) => createHash('sha256').update(`${address} ${name}`).digest('hex');
  return names.map((name) => ({ name, rank: rank(name) })).toSorted((a, b) => (a.rank < b.rank ? -1 : 1))[0]
    ?.name;
}

/**
 * Nodes that work, and of them those that say an address of the family, where any does; where traffic must stay on its node,
 * those alone that have a ready endpoint.
 */
function ableNodes(service: Service, family: IPFamily, { nodes, slices }: Candidates): string[] {
  const able = nodes.filter(
    ({ metadata, status }) =>
      !metadata.deletionTimestamp &&
      metadata.labels?.[excludedLabel] === undefined &&
      status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
  );
  const speak = able.filter((node) => addressesOf(node).some((address) => familyOf(address) === family));
  const names = (speak.length > 0 ? speak : able).map(({ metadata }) => metadata.name ?? '');
  if (service.spec?.externalTrafficPolicy !== 'Local') return names;
  const serving = new Set(
    slices
      .filter(({ addressType }) => addressType === family)
      .flatMap(({ endpoints }) => endpoints ?? [])
      .filter(({ conditions }) => conditions?.ready !== false)
      .map(({ nodeName }) => nodeName),
  );
  return names.filter((name) => serving.has(name));
}

/** A machine's own, in canonical spelling. */
export function addressesOf({ status }: Node): string[] {
  return (status?.addresses ?? []).flatMap(({ type, address }) =>
    type === 'InternalIP' ? [canonicalAddress(address)] : [],
  );
}
