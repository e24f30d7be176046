/**
 * Gives Services of type LoadBalancer addresses out of the ranges of node pools, and says which machine of the pool answers
 * for each. The machine puts the address on its network and announces it; when it fails, the next is chosen.
 *
 * An address is kept until the Service or the pool's range goes. Where a Service should have addresses it says with an
 * annotation; otherwise it gets one in each pool that has a range and pods of the Service, or in the only pool with a range.
 */
import { isApiError } from '@skerry/api';
import type { EndpointSlice, Node, Service } from '@skerry/api';
import { keyOf, resources } from '@skerry/client';
import type { NodePool } from '#edge/node-pool/definition.ts';
import { nodePoolLabel } from '#edge/node-pool/definition.ts';
import {
  freeAddress,
  isInRanges,
  parseRanges,
  rangesAnnotation,
} from '#edge/load-balancer/address-ranges.ts';
import type { AddressRange } from '#edge/load-balancer/address-ranges.ts';
import {
  candidates,
  elect,
  type Placement,
  placementAnnotation,
  placementsOf,
} from '#edge/load-balancer/placement.ts';
import { isSame } from '#runtime/canonical.ts';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, ControllerContext } from '#runtime/controller.ts';
import { splitKey } from '#runtime/status.ts';

export const loadBalancerClass = 'network.skerry.io/load-balancer';
export const poolsAnnotation = 'network.skerry.io/load-balancer-pools';
const serviceNameLabel = 'kubernetes.io/service-name';
/** Endpoints come in bursts, and a node's absence should last a moment before it counts. */
const batchMs = 200;
const allServices = 'all services';

export function createLoadBalancerController(context: ControllerContext): Controller {
  const { client, informers, events } = context;
  const services = informers.informer<Service>(resources.services);
  const nodes = informers.informer<Node>(resources.nodes);
  const pools = informers.informer<NodePool>(resources.nodePools);
  const slices = informers.informer<EndpointSlice>(resources.endpointSlices);
  nodes.addIndex('pool', ({ metadata }) => [metadata.labels?.[nodePoolLabel] ?? '']);
  slices.addIndex('of', ({ metadata }) => [
    `${metadata.namespace}/${metadata.labels?.[serviceNameLabel] ?? ''}`,
  ]);
  const queue = createQueue(context);
  /** Given out, and perhaps not in the local copy yet. */
  const given = new Map<string, readonly Placement[]>();
  const told = new Map<string, string>();

  services.addHandler({
    onAdd: (service) => concerns(service) && queue.add(keyOf(service)),
    onUpdate: (service, old) => (concerns(service) || concerns(old)) && queue.add(keyOf(service)),
    onDelete: (service) => concerns(service) && queue.add(keyOf(service)),
  });
  const all = () => queue.addAfter(allServices, batchMs);
  pools.addHandler({
    onAdd: all,
    onDelete: all,
    onUpdate: (pool, old) => rangesText(pool) !== rangesText(old) && all(),
  });
  nodes.addHandler({
    onAdd: all,
    onDelete: all,
    onUpdate: (node, old) => !isSame(factsOf(node), factsOf(old)) && all(),
  });
  const ofSlice = ({ metadata }: EndpointSlice) => {
    const service = services.get(metadata.namespace, metadata.labels?.[serviceNameLabel] ?? '');
    if (service && concerns(service)) queue.addAfter(keyOf(service), batchMs);
  };
  slices.addHandler({ onAdd: ofSlice, onUpdate: ofSlice, onDelete: ofSlice });

  /** Addresses of a pool that other Services have. */
  function takenIn(pool: string, key: string): ReadonlySet<string> {
    const taken = new Set<string>();
    const take = (placements: readonly Placement[]) => {
      for (const one of placements) if (one.pool === pool) taken.add(one.address);
    };
    for (const [other, placements] of given) if (other !== key) take(placements);
    for (const other of services.list()) if (keyOf(other) !== key) take(placementsOf(other));
    return taken;
  }

  function tellOfRanges(): void {
    for (const pool of pools.list()) {
      const fault = parseRanges(rangesText(pool)).faults.join('; ');
      const key = `pool ${pool.metadata?.name ?? ''}`;
      if (fault !== '' && told.get(key) !== fault) {
        const message = `${rangesAnnotation}: ${fault}`;
        events.record(pool, { type: 'Warning', reason: 'InvalidAddressRange', message });
      }
      if (fault === '') told.delete(key);
      else told.set(key, fault);
    }
  }

  function rangesOf(pool: string): readonly AddressRange[] {
    return parseRanges(rangesText(pools.get(undefined, pool))).ranges;
  }

  /** Where a Service is to have an address. */
  function poolsFor(service: Service): string[] {
    const asked = service.metadata.annotations?.[poolsAnnotation];
    if (asked !== undefined) return namesOf(asked);
    const able = pools
      .list()
      .map(({ metadata }) => metadata?.name ?? '')
      .filter((name) => rangesOf(name).length > 0)
      .toSorted((a, b) => (a < b ? -1 : 1));
    if (able.length < 2) return able;
    const had = new Set(placementsOf(service).map(({ pool }) => pool));
    const serving = new Set(slicesOf(service).map(({ metadata }) => metadata.labels?.[nodePoolLabel]));
    return able.filter((name) => serving.has(name) || had.has(name));
  }

  function slicesOf(service: Service): EndpointSlice[] {
    return slices.byIndex('of', keyOf(service));
  }

  function place(service: Service): { placements: Placement[]; faults: string[] } {
    const key = keyOf(service);
    const kept = given.get(key) ?? placementsOf(service);
    const faults: string[] = [];
    const placements = poolsFor(service).flatMap((pool): Placement[] => {
      const ranges = rangesOf(pool);
      const taken = takenIn(pool, key);
      const wanted = service.spec?.loadBalancerIP || undefined;
      const old = kept.find((one) => one.pool === pool);
      const isKept =
        old &&
        isInRanges(old.address, ranges) &&
        !taken.has(old.address) &&
        (wanted === undefined || wanted === old.address);
      const address = isKept ? old.address : addressFor({ pool, ranges, wanted, taken, faults });
      if (address === undefined) return [];
      const able = candidates(service, { nodes: nodes.byIndex('pool', pool), slices: slicesOf(service) });
      const node = elect({ address, node: isKept ? old.node : undefined }, able);
      return [{ pool, address, ...(node === undefined ? {} : { node }) }];
    });
    return { placements, faults };
  }

  function addressFor(options: {
    readonly pool: string;
    readonly ranges: readonly AddressRange[];
    readonly wanted: string | undefined;
    readonly taken: ReadonlySet<string>;
    readonly faults: string[];
  }): string | undefined {
    const { pool, ranges, wanted, taken, faults } = options;
    if (wanted !== undefined) {
      if (!isInRanges(wanted, ranges)) faults.push(`"${wanted}" is not allowed in config`);
      else if (taken.has(wanted)) faults.push(`"${wanted}" is used by another service`);
      else return wanted;
      return undefined;
    }
    const address = freeAddress(ranges, (one) => taken.has(one));
    if (address === undefined) faults.push(`no available IPs in pool "${pool}"`);
    return address;
  }

  function tell(
    service: Service,
    { placements, faults }: { placements: Placement[]; faults: string[] },
  ): void {
    const key = keyOf(service);
    const before = placementsOf(service);
    const fresh = placements.filter(
      ({ pool, address }) => !before.some((one) => one.pool === pool && one.address === address),
    );
    const lost = before.filter(({ pool }) => !placements.some((one) => one.pool === pool));
    if (lost.length > 0) {
      const message = `current IP for "${key}" not allowed by config, will attempt for new IP assignment: ${lost.map(({ address }) => address).join(', ')}`;
      events.record(service, { type: 'Normal', reason: 'ClearAssignment', message });
    }
    if (fresh.length > 0) {
      const message = `Assigned IP ${JSON.stringify(fresh.map(({ address }) => address))}`;
      events.record(service, { type: 'Normal', reason: 'IPAllocated', message });
    }
    for (const { node, address } of placements) {
      const was = before.find((one) => one.address === address)?.node;
      if (node === undefined || node === was) continue;
      const message = `announcing from node "${node}" with protocol "layer2"`;
      events.record(service, { type: 'Normal', reason: 'nodeAssigned', message });
    }
    const fault = faults.join('; ');
    if (fault !== '' && told.get(key) !== fault) {
      const message = `Failed to allocate IP for "${key}": ${fault}`;
      events.record(service, { type: 'Warning', reason: 'AllocationFailed', message });
    }
    if (fault === '') told.delete(key);
    else told.set(key, fault);
  }

  async function write(service: Service, placements: readonly Placement[]): Promise<void> {
    const { namespace, name = '', annotations } = service.metadata;
    const text = placements.length > 0 ? JSON.stringify(placements) : undefined;
    const ours = client.resource<Service>(resources.services);
    const before = placementsOf(service);
    let current = service;
    if (annotations?.[placementAnnotation] !== text) {
      const patch = { metadata: { annotations: { [placementAnnotation]: text ?? null } } };
      current = await ours.patch(name, patch, { namespace, type: 'merge' });
    }
    const own = new Set([...before, ...placements].map(({ address }) => address));
    const others = (service.status?.loadBalancer?.ingress ?? []).filter(({ ip }) => !ip || !own.has(ip));
    const ingress = [...others, ...placements.map(({ address }) => ({ ip: address, ipMode: 'VIP' }))];
    const shown = (service.status?.loadBalancer?.ingress ?? []).map(({ ip, hostname, ipMode }) => [
      ip,
      hostname,
      ipMode,
    ]);
    if (
      isSame(
        shown,
        ingress.map((one) => [one.ip, 'hostname' in one ? one.hostname : undefined, one.ipMode]),
      )
    )
      return;
    const status = { ...current.status, loadBalancer: { ingress } };
    await ours.update({ ...current, status }, { namespace, subresource: 'status' });
  }

  return createController({
    name: 'load-balancer-controller',
    context,
    waitFor: [services, nodes, pools, slices],
    queue,
    // Two at a time could give one address twice.
    workers: 1,
    async reconcile(key) {
      if (key === allServices) {
        tellOfRanges();
        for (const service of services.list()) if (concerns(service)) queue.add(keyOf(service));
        return;
      }
      const { namespace, name } = splitKey(key);
      const service = services.get(namespace, name);
      if (!service || service.metadata.deletionTimestamp || !concerns(service)) {
        if (given.delete(key)) all();
        told.delete(key);
        return;
      }
      const isBalanced = isLoadBalancer(service);
      const outcome = isBalanced ? place(service) : { placements: [], faults: [] };
      const freed = (given.get(key)?.length ?? 0) > outcome.placements.length;
      given.set(key, outcome.placements);
      if (isBalanced) tell(service, outcome);
      try {
        await write(service, outcome.placements);
      } catch (error) {
        if (!isApiError(error, 'NotFound')) throw error;
      }
      // Others may wait for what is free now.
      if (freed) all();
    },
  });
}

/** One of ours, or one that was and has something of ours left. */
function concerns(service: Service): boolean {
  return isLoadBalancer(service) || service.metadata.annotations?.[placementAnnotation] !== undefined;
}

function isLoadBalancer({ spec }: Service): boolean {
  const { type, loadBalancerClass: wanted = loadBalancerClass } = spec ?? {};
  return type === 'LoadBalancer' && wanted === loadBalancerClass;
}

function rangesText(pool: NodePool | undefined): string | undefined {
  return pool?.metadata?.annotations?.[rangesAnnotation];
}

function namesOf(text: string): string[] {
  return [...new Set(text.split(',').map((name) => name.trim()))].filter((name) => name !== '');
}

function factsOf({ metadata, status }: Node) {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')?.status;
  return [metadata.labels ?? {}, ready];
}
