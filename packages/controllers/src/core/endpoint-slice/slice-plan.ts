/**
 * Spreads endpoints over slices of at most 100, changing as few slices as it can: every changed slice travels to every
 * node. Endpoints stay in the slice they are in; new ones fill gaps of slices that change anyway, then the fullest slice
 * with room, then new slices.
 */
import type { DiscoveryEndpointPort, Endpoint, EndpointSlice } from '@skerry/api';
import { nodePoolLabel } from '#edge/node-pool/definition.ts';
import { isSame } from '#runtime/canonical.ts';
import { endpointKey } from '#core/endpoint-slice/service-endpoints.ts';
import type { EndpointGroup } from '#core/endpoint-slice/service-endpoints.ts';

export const endpointsPerSliceMax = 100;

export interface SlicePlan {
  readonly create: {
    readonly addressType: string;
    readonly pool: string | undefined;
    readonly ports: readonly DiscoveryEndpointPort[];
    readonly endpoints: Endpoint[];
  }[];
  readonly update: EndpointSlice[];
  readonly remove: EndpointSlice[];
  /** Endpoints that come and go with all that. */
  added: number;
  removed: number;
}

export function planSlices(groups: readonly EndpointGroup[], existing: readonly EndpointSlice[]): SlicePlan {
  const plan: SlicePlan = { create: [], update: [], remove: [], added: 0, removed: 0 };
  const unused = new Set(existing);
  for (const group of groups) {
    const own = existing.filter(
      (slice) =>
        unused.has(slice) &&
        slice.addressType === group.addressType &&
        (slice.metadata.labels?.[nodePoolLabel] || undefined) === group.pool &&
        isSame(slice.ports ?? [], group.ports),
    );
    for (const slice of own) unused.delete(slice);
    planGroup(group, own, plan);
  }
  plan.remove.push(...unused);
  for (const { endpoints } of unused) plan.removed += endpoints?.length ?? 0;
  reuse(plan);
  return plan;
}

/** A slice that would be made in place of one that goes is that one, changed: whoever looks in between finds all of both, or of neither. */
function reuse(plan: SlicePlan): void {
  for (const made of plan.create.splice(0)) {
    const index = plan.remove.findIndex(({ addressType }) => addressType === made.addressType);
    const [slice] = index < 0 ? [] : plan.remove.splice(index, 1);
    if (!slice) {
      plan.create.push(made);
      continue;
    }
    const { [nodePoolLabel]: _, ...labels } = slice.metadata.labels ?? {};
    plan.update.push({
      ...slice,
      metadata: { ...slice.metadata, labels: made.pool ? { ...labels, [nodePoolLabel]: made.pool } : labels },
      ports: [...made.ports],
      endpoints: made.endpoints,
    });
  }
}

function planGroup(group: EndpointGroup, own: readonly EndpointSlice[], plan: SlicePlan): void {
  const wanted = new Map(group.endpoints.map((endpoint) => [endpointKey(endpoint), endpoint]));
  const slices = own.map((slice) => {
    const kept: Endpoint[] = [];
    let isChanged = false;
    for (const endpoint of slice.endpoints ?? []) {
      const next = wanted.get(endpointKey(endpoint));
      if (next) {
        kept.push(next);
        wanted.delete(endpointKey(endpoint));
      } else plan.removed++;
      isChanged ||= !next || !isSame(next, endpoint);
    }
    return { slice, kept, isChanged };
  });
  const rest = [...wanted.values()];
  plan.added += rest.length;
  const fill = (candidates: typeof slices) => {
    for (const target of candidates) {
      const added = rest.splice(0, endpointsPerSliceMax - target.kept.length);
      target.kept.push(...added);
      target.isChanged ||= added.length > 0;
    }
  };
  fill(slices.filter(({ isChanged }) => isChanged));
  fill(slices.filter(({ isChanged }) => !isChanged).toSorted((a, b) => b.kept.length - a.kept.length));
  let left = slices.length;
  for (const { slice, kept, isChanged } of slices) {
    const isPlaceholder = group.endpoints.length === 0 && left === 1;
    if (kept.length === 0 && !isPlaceholder) {
      plan.remove.push(slice);
      left--;
    } else if (isChanged) plan.update.push({ ...slice, endpoints: kept });
  }
  const { addressType, pool, ports } = group;
  while (rest.length > 0) {
    plan.create.push({ addressType, pool, ports, endpoints: rest.splice(0, endpointsPerSliceMax) });
  }
  if (group.endpoints.length === 0 && slices.length === 0) {
    plan.create.push({ addressType, pool, ports, endpoints: [] });
  }
}
