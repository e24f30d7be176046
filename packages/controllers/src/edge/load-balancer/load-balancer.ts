/**
 * Gives Services of type LoadBalancer addresses out of the ranges of node pools, and says which machine of the pool answers
 * for each. The machine puts the address on its network and announces it; when it fails, the next is chosen.
 *
 * A Service gets an address of each family that it has. An address is kept until the Service or the pool's range goes. Where
 * a Service should have addresses it says with an annotation; otherwise it gets them in each pool that has a range and pods of
 * the Service, or in the only pool with a range.
 */
import { canonicalAddress, isApiError } from '@skerry/api';
import type { Condition, EndpointSlice, Node, Service, ServiceCIDR } from '@skerry/api';
import { keyOf, resources } from '@skerry/client';
import type { NodePool } from '#edge/node-pool/definition.ts';
import { nodePoolLabel } from '#edge/node-pool/definition.ts';
import type { NodeIpamSettings } from '#core/node-ipam/node-ipam.ts';
import { allocate, askedBy, hasFamily } from '#edge/load-balancer/allocation.ts';
import type { Asked } from '#edge/load-balancer/allocation.ts';
import { addressesAnnotation, familyOf, parseRanges } from '#edge/load-balancer/address-ranges.ts';
import type { AddressRange, ReservedNetwork } from '#edge/load-balancer/address-ranges.ts';
import {
  addressesOf,
  elect,
  type Placement,
  placementAnnotation,
  placementsOf,
} from '#edge/load-balancer/placement.ts';
import { isSame } from '#runtime/canonical.ts';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, ControllerContext } from '#runtime/controller.ts';
import { splitKey, withCondition } from '#runtime/status.ts';

export const loadBalancerClass = 'network.skerry.io/load-balancer';
export const poolsAnnotation = 'network.skerry.io/load-balancer-pools';
/** Of a Service: whether it has the addresses that it asks for. */
export const addressesCondition = 'network.skerry.io/LoadBalancerAddresses';
const serviceNameLabel = 'kubernetes.io/service-name';
/** Endpoints come in bursts, and a node's absence should last a moment before it counts. */
const batchMs = 200;
const allServices = 'all services';

/** What a Service gets. */
interface Outcome {
  readonly placements: readonly Placement[];
  /** Why it has no address somewhere. */
  readonly faults: readonly string[];
  /** Why it has an address of one family alone. */
  readonly shortages: readonly string[];
}

export function createLoadBalancerController(
  context: ControllerContext,
  { clusterCidr }: NodeIpamSettings,
): Controller {
  const { client, informers, events, clock } = context;
  const services = informers.informer<Service>(resources.services);
  const nodes = informers.informer<Node>(resources.nodes);
  const pools = informers.informer<NodePool>(resources.nodePools);
  const slices = informers.informer<EndpointSlice>(resources.endpointSlices);
  const serviceRanges = informers.informer<ServiceCIDR>(resources.serviceCidrs);
  nodes.addIndex('pool', ({ metadata }) => [metadata.labels?.[nodePoolLabel] ?? '']);
  slices.addIndex('of', ({ metadata }) => [
    `${metadata.namespace}/${metadata.labels?.[serviceNameLabel] ?? ''}`,
  ]);
  const queue = createQueue(context);
  /** Given out, and perhaps not in the local copy yet. */
  const given = new Map<string, readonly Placement[]>();
  const told = new Map<string, string>();
  /** By pool, until one changes. */
  const parsed = new Map<string, ReturnType<typeof parseRanges>>();

  services.addHandler({
    onAdd: (service) => concerns(service) && queue.add(keyOf(service)),
    onUpdate: (service, old) => (concerns(service) || concerns(old)) && queue.add(keyOf(service)),
    onDelete: (service) => concerns(service) && queue.add(keyOf(service)),
  });
  const all = () => queue.addAfter(allServices, batchMs);
  const rangesChanged = () => {
    parsed.clear();
    all();
  };
  pools.addHandler({
    onAdd: rangesChanged,
    onDelete: rangesChanged,
    onUpdate: (pool, old) => rangesText(pool) !== rangesText(old) && rangesChanged(),
  });
  serviceRanges.addHandler({ onAdd: rangesChanged, onUpdate: rangesChanged, onDelete: rangesChanged });
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

  /** Addresses of a pool that other Services have, and its machines. */
  function takenIn(pool: string, key: string): ReadonlySet<string> {
    const taken = new Set<string>();
    const take = (placements: readonly Placement[]) => {
      for (const one of placements) if (one.pool === pool) taken.add(canonicalAddress(one.address));
    };
    for (const [other, placements] of given) if (other !== key) take(placements);
    for (const other of services.list()) if (keyOf(other) !== key) take(placementsOf(other));
    for (const node of nodes.byIndex('pool', pool))
      for (const address of addressesOf(node)) taken.add(address);
    return taken;
  }

  /** Networks of the cluster itself. */
  function reserved(): ReservedNetwork[] {
    const ofPods = (clusterCidr ?? '')
      .split(',')
      .map((network) => ({ network, is: "the cluster's range of pods" }));
    const ofServices = serviceRanges
      .list()
      .flatMap(({ spec }) => spec?.cidrs ?? [])
      .map((network) => ({ network, is: "the cluster's range of Services" }));
    return [...ofPods, ...ofServices];
  }

  function tellOfRanges(): void {
    for (const pool of pools.list()) {
      const fault = parsedRanges(pool.metadata?.name ?? '').faults.join('; ');
      const key = `pool ${pool.metadata?.name ?? ''}`;
      if (fault !== '' && told.get(key) !== fault) {
        const message = `${addressesAnnotation}: ${fault}`;
        events.record(pool, { type: 'Warning', reason: 'InvalidAddressRange', message });
      }
      if (fault === '') told.delete(key);
      else told.set(key, fault);
    }
  }

  function parsedRanges(pool: string): ReturnType<typeof parseRanges> {
    const known = parsed.get(pool) ?? parseRanges(rangesText(pools.get(undefined, pool)), reserved());
    parsed.set(pool, known);
    return known;
  }

  function rangesOf(pool: string): readonly AddressRange[] {
    return parsedRanges(pool).ranges;
  }

  /** Where a Service is to have addresses. */
  function poolsFor(service: Service, { families }: Asked): string[] {
    const asked = service.metadata.annotations?.[poolsAnnotation];
    if (asked !== undefined) return namesOf(asked);
    const able = pools
      .list()
      .map(({ metadata }) => metadata?.name ?? '')
      .filter((name) => families.some((family) => hasFamily(rangesOf(name), family)))
      .toSorted((a, b) => (a < b ? -1 : 1));
    if (able.length < 2) return able;
    const had = new Set(placementsOf(service).map(({ pool }) => pool));
    const serving = new Set(slicesOf(service).map(({ metadata }) => metadata.labels?.[nodePoolLabel]));
    return able.filter((name) => serving.has(name) || had.has(name));
  }

  function slicesOf(service: Service): EndpointSlice[] {
    return slices.byIndex('of', keyOf(service));
  }

  function place(service: Service): Outcome {
    const asked = askedBy(service);
    if (typeof asked === 'string') return { placements: [], faults: [asked], shortages: [] };
    const key = keyOf(service);
    const had = given.get(key) ?? placementsOf(service);
    const outcomes = poolsFor(service, asked).map((pool): Outcome => {
      const kept = had.filter((one) => one.pool === pool);
      const places = { pool, ranges: rangesOf(pool), taken: takenIn(pool, key) };
      const { addresses, ...faults } = allocate(
        asked,
        places,
        kept.map(({ address }) => address),
      );
      const where = { nodes: nodes.byIndex('pool', pool), slices: slicesOf(service) };
      const chosen = elect({ pool, addresses, kept }, service, where);
      return { placements: chosen, ...faults };
    });
    return {
      placements: outcomes.flatMap(({ placements }) => placements),
      faults: outcomes.flatMap(({ faults }) => faults),
      shortages: outcomes.flatMap(({ shortages }) => shortages),
    };
  }

  function tell(service: Service, { placements, faults, shortages }: Outcome): void {
    const key = keyOf(service);
    const before = placementsOf(service);
    const isOf = (one: Placement) => (other: Placement) =>
      other.pool === one.pool && familyOf(other.address) === familyOf(one.address);
    const fresh = placements.filter((one) => before.find(isOf(one))?.address !== one.address);
    const lost = before.filter((one) => !placements.some(isOf(one)));
    if (lost.length > 0) {
      const message = `current IP for "${key}" not allowed by config, will attempt for new IP assignment: ${lost.map(({ address }) => address).join(', ')}`;
      events.record(service, { type: 'Normal', reason: 'ClearAssignment', message });
    }
    if (fresh.length > 0) {
      const message = `Assigned IP ${JSON.stringify(fresh.map(({ address }) => address))}`;
      events.record(service, { type: 'Normal', reason: 'IPAllocated', message });
    }
    const moved = placements.filter(
      ({ node, address }) =>
        node !== undefined && node !== before.find((one) => one.address === address)?.node,
    );
    for (const node of new Set(moved.map((one) => one.node))) {
      const message = `announcing from node "${node}" with protocol "layer2"`;
      events.record(service, { type: 'Normal', reason: 'nodeAssigned', message });
    }
    const fault = faults.join('; ');
    const shortage = shortages.join('; ');
    if (fault !== '' && told.get(key) !== fault) {
      const message = `Failed to allocate IP for "${key}": ${fault}`;
      events.record(service, { type: 'Warning', reason: 'AllocationFailed', message });
    } else if (shortage !== '' && told.get(key) !== shortage) {
      const message = `cannot assign additional IP in PreferDualStack: ${shortage}`;
      events.record(service, { type: 'Warning', reason: 'AdditionalAssignFailed', message });
    }
    if (fault + shortage === '') told.delete(key);
    else told.set(key, fault || shortage);
  }

  async function write(service: Service, outcome: Outcome | undefined): Promise<void> {
    const { namespace, name = '', annotations } = service.metadata;
    const placements = outcome?.placements ?? [];
    const text = placements.length > 0 ? JSON.stringify(placements) : undefined;
    const ours = client.resource<Service>(resources.services);
    let current = service;
    if (annotations?.[placementAnnotation] !== text) {
      const patch = { metadata: { annotations: { [placementAnnotation]: text ?? null } } };
      current = await ours.patch(name, patch, { namespace, type: 'merge' });
    }
    const own = new Set([...placementsOf(service), ...placements].map(({ address }) => address));
    const held = service.status?.loadBalancer?.ingress ?? [];
    const others = held.filter(({ ip }) => !ip || !own.has(ip));
    const ingress = [...others, ...placements.map(({ address }) => ({ ip: address, ipMode: 'VIP' }))];
    const conditions = conditionsOf(service, outcome);
    const shown = { ingress: held, conditions: service.status?.conditions ?? [] };
    if (isSame(shown, { ingress, conditions })) return;
    const status = { ...current.status, loadBalancer: { ingress }, conditions };
    await ours.update({ ...current, status }, { namespace, subresource: 'status' });
  }

  /** Those of others stay. */
  function conditionsOf({ status, metadata }: Service, outcome: Outcome | undefined): Condition[] {
    const held = status?.conditions ?? [];
    const isWaiting = outcome && outcome.placements.length + outcome.faults.length === 0;
    if (!outcome || isWaiting) return held.filter(({ type }) => type !== addressesCondition);
    const said = {
      type: addressesCondition,
      ...verdictOf(outcome),
      ...(metadata.generation === undefined ? {} : { observedGeneration: metadata.generation }),
      lastTransitionTime: '',
    };
    return withCondition(held, said, clock.now());
  }

  return createController({
    name: 'load-balancer-controller',
    context,
    waitFor: [services, nodes, pools, slices, serviceRanges],
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
      const outcome = isLoadBalancer(service) ? place(service) : undefined;
      const placements = outcome?.placements ?? [];
      const freed = (given.get(key)?.length ?? 0) > placements.length;
      given.set(key, placements);
      if (outcome) tell(service, outcome);
      try {
        await write(service, outcome);
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
  return pool?.metadata?.annotations?.[addressesAnnotation];
}

function namesOf(text: string): string[] {
  return [...new Set(text.split(',').map((name) => name.trim()))].filter((name) => name !== '');
}

function factsOf(node: Node) {
  const ready = node.status?.conditions?.find(({ type }) => type === 'Ready')?.status;
  return [node.metadata.labels ?? {}, ready, addressesOf(node)];
}

function verdictOf({ faults, shortages }: Outcome): Pick<Condition, 'status' | 'reason' | 'message'> {
  if (faults.length > 0) return { status: 'False', reason: 'AllocationFailed', message: faults.join('; ') };
  if (shortages.length > 0)
    return { status: 'False', reason: 'AdditionalAssignFailed', message: shortages.join('; ') };
  return { status: 'True', reason: 'IPAllocated', message: '' };
}
