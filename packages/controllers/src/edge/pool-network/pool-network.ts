/**
 * Derives the PoolNetwork of each pool: one object whose bytes change only when a machine comes, goes or gets another
 * address, since every machine of the pool follows it over its link. A pool is there when a NodePool or the label of a Node
 * names it.
 */
import {
  gatewayEndpointAnnotation,
  isApiError,
  parseGatewayEndpoint,
  providerAnnotation,
  routingAnnotation,
  routings,
  wireGuardAnnotation,
  type Crossing,
  type Node,
  type PoolCrossing,
  type PoolNetwork,
  type PoolNetworkStatus,
  type Routing,
} from '@skerry/api';
import { resources } from '@skerry/client';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, ControllerContext } from '#runtime/controller.ts';
import { writeStatus } from '#runtime/status.ts';
import type { NodeIpamSettings } from '#core/node-ipam/node-ipam.ts';
import { keyOfGateway } from '#edge/crossing/crossing.ts';
import { nodePoolLabel, type NodePool } from '#edge/node-pool/definition.ts';

export function createPoolNetworkController(
  context: ControllerContext,
  { clusterCidr }: NodeIpamSettings,
): Controller {
  const { client, informers, events } = context;
  const pools = informers.informer<NodePool>(resources.nodePools);
  const nodes = informers.informer<Node>(resources.nodes);
  const crossings = informers.informer<Crossing>(resources.crossings);
  const networks = informers.informer<PoolNetwork>(resources.poolNetworks);
  nodes.addIndex('pool', (node) => [poolOf(node) ?? '']);
  crossings.addIndex('pool', ({ spec }) => spec.pools ?? []);
  const queue = createQueue(context);

  const ofPool = ({ metadata }: NodePool) => queue.add(metadata?.name ?? '');
  pools.addHandler({ onAdd: ofPool, onUpdate: ofPool, onDelete: ofPool });
  const ofNetwork = ({ metadata }: PoolNetwork) => queue.add(metadata.name ?? '');
  networks.addHandler({ onAdd: ofNetwork, onUpdate: ofNetwork, onDelete: ofNetwork });
  const ofCrossing = ({ spec }: Crossing) => spec.pools.forEach((pool) => queue.add(pool));
  crossings.addHandler({ onAdd: ofCrossing, onUpdate: ofCrossing, onDelete: ofCrossing });
  const ofNode = (node: Node) => {
    const pool = poolOf(node);
    if (!pool) return;
    queue.add(pool);
    // Other pools know its range and its key.
    crossings.byIndex('pool', pool).forEach(ofCrossing);
  };
  nodes.addHandler({
    onAdd: ofNode,
    onDelete: ofNode,
    onUpdate(node, old) {
      // Nodes report all day, and nearly never anything that is of interest here.
      const facts = (of: Node) => JSON.stringify([memberOf(of), keyOfGateway(of), hasWireGuard(of)]);
      if (facts(node) !== facts(old)) ofNode(node);
      if (endpointText(node) !== endpointText(old)) tellOfEndpoint(node);
      if (poolOf(node) !== poolOf(old)) [node, old].forEach(ofNode);
    },
  });

  function tellOfEndpoint(node: Node): void {
    const text = endpointText(node);
    if (text === undefined || parseGatewayEndpoint(text) !== undefined) return;
    const message = `${gatewayEndpointAnnotation}: "${text}" is no address with a port: write 203.0.113.7:8476 or [2001:db8::7]:8476`;
    events.record(node, { type: 'Warning', reason: 'InvalidGatewayEndpoint', message });
  }

  return createController({
    name: 'pool-network-controller',
    context,
    waitFor: [pools, nodes, networks, crossings],
    queue,
    async reconcile(name) {
      const pool = pools.get(undefined, name);
      const members = nodes.byIndex('pool', name);
      const network = networks.get(undefined, name);
      if (!pool && members.length === 0) {
        if (network) await removed(() => client.resource(resources.poolNetworks).delete(name));
        return;
      }
      const status = poolNetworkStatus({
        pool,
        members,
        clusterCIDRs: clusterCidr ? clusterCidr.split(',') : [],
        crossings: crossings
          .byIndex('pool', name)
          .map((crossing) => crossingOf(name, crossing, (other) => nodes.byIndex('pool', other)))
          .sort((a, b) => (a.pool < b.pool ? -1 : 1)),
      });
      const held =
        network ?? (await client.resource<PoolNetwork>(resources.poolNetworks).create(fresh(name)));
      await writeStatus(client, resources.poolNetworks, held, status);
    },
  });
}

/** Pure: what the members of a pool are told. */
export function poolNetworkStatus({
  pool,
  members,
  clusterCIDRs,
  crossings,
}: {
  readonly pool: NodePool | undefined;
  readonly members: readonly Node[];
  readonly clusterCIDRs: string[];
  readonly crossings: PoolCrossing[];
}): PoolNetworkStatus {
  return {
    provider: providerOf(pool),
    routing: routingOf(pool),
    clusterCIDRs,
    members: members.map(memberOf).sort((a, b) => (a.node < b.node ? -1 : 1)),
    ...(crossings.length > 0 ? { crossings } : {}),
    memberCount: members.length,
  };
}

function crossingOf(
  pool: string,
  { spec, status }: Crossing,
  nodesOf: (pool: string) => readonly Node[],
): PoolCrossing {
  const other = spec.pools.find((each) => each !== pool) ?? '';
  const others = nodesOf(other);
  const gatewaysOf = (name: string) => status?.gateways?.find((each) => each.pool === name)?.nodes ?? [];
  return {
    pool: other,
    ranges: others.flatMap((node) => memberOf(node).podCIDRs).sort(),
    gateways: gatewaysOf(pool),
    peerGateways: gatewaysOf(other).flatMap((name) => {
      const node = others.find(({ metadata }) => metadata.name === name);
      const publicKey = node && keyOfGateway(node);
      if (!publicKey) return [];
      const endpoint = endpointOf(node);
      return [
        {
          node: name,
          publicKey,
          ...(hasWireGuard(node) ? { wireGuard: true } : {}),
          ...(endpoint === undefined ? {} : { endpoint }),
        },
      ];
    }),
  };
}

function hasWireGuard({ metadata }: Node): boolean {
  return metadata.annotations?.[wireGuardAnnotation] === 'true';
}

function providerOf(pool: NodePool | undefined): PoolNetworkStatus['provider'] {
  if (pool?.spec?.hostNetwork) return 'host';
  return pool?.metadata?.annotations?.[providerAnnotation] === 'external' ? 'external' : 'skerry';
}

function routingOf(pool: NodePool | undefined): Routing {
  const wanted = pool?.metadata?.annotations?.[routingAnnotation];
  return routings.find((routing) => routing === wanted) ?? 'auto';
}

function endpointText({ metadata }: Node): string | undefined {
  return metadata.annotations?.[gatewayEndpointAnnotation];
}

/** What is none counts for nothing. */
function endpointOf(node: Node): string | undefined {
  const text = endpointText(node)?.trim();
  return text !== undefined && parseGatewayEndpoint(text) ? text : undefined;
}

function memberOf(node: Node) {
  const { metadata, spec, status } = node;
  const gatewayEndpoint = endpointOf(node);
  const internal = (status?.addresses ?? []).filter(({ type }) => type === 'InternalIP');
  return {
    node: metadata.name ?? '',
    addresses: internal.map(({ address }) => address),
    podCIDRs: spec?.podCIDRs ?? (spec?.podCIDR ? [spec.podCIDR] : []),
    ...(gatewayEndpoint === undefined ? {} : { gatewayEndpoint }),
  };
}

function poolOf({ metadata }: Node): string | undefined {
  return metadata.labels?.[nodePoolLabel];
}

function fresh(name: string): PoolNetwork {
  return { apiVersion: 'network.skerry.io/v1alpha1', kind: 'PoolNetwork', metadata: { name } };
}

async function removed(remove: () => Promise<unknown>): Promise<void> {
  try {
    await remove();
  } catch (error) {
    if (!isApiError(error, 'NotFound')) throw error;
  }
}
