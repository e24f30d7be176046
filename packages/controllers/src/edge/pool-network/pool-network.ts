/**
 * Derives the PoolNetwork of each pool: one object whose bytes change only when a machine comes, goes or gets another
 * address, since every machine of the pool follows it over its link. A pool is there when a NodePool or the label of a Node
 * names it.
 */
import {
  isApiError,
  providerAnnotation,
  routingAnnotation,
  routings,
  type Node,
  type PoolNetwork,
  type PoolNetworkStatus,
  type Routing,
} from '@skerry/api';
import { resources } from '@skerry/client';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, ControllerContext } from '#runtime/controller.ts';
import { writeStatus } from '#runtime/status.ts';
import type { NodeIpamSettings } from '#core/node-ipam/node-ipam.ts';
import { nodePoolLabel, type NodePool } from '#edge/node-pool/definition.ts';

export function createPoolNetworkController(
  context: ControllerContext,
  { clusterCidr }: NodeIpamSettings,
): Controller {
  const { client, informers } = context;
  const pools = informers.informer<NodePool>(resources.nodePools);
  const nodes = informers.informer<Node>(resources.nodes);
  const networks = informers.informer<PoolNetwork>(resources.poolNetworks);
  nodes.addIndex('pool', (node) => [poolOf(node) ?? '']);
  const queue = createQueue(context);

  const ofPool = ({ metadata }: NodePool) => queue.add(metadata?.name ?? '');
  pools.addHandler({ onAdd: ofPool, onUpdate: ofPool, onDelete: ofPool });
  const ofNetwork = ({ metadata }: PoolNetwork) => queue.add(metadata.name ?? '');
  networks.addHandler({ onAdd: ofNetwork, onUpdate: ofNetwork, onDelete: ofNetwork });
  const ofNode = (node: Node) => {
    const pool = poolOf(node);
    if (pool) queue.add(pool);
  };
  nodes.addHandler({
    onAdd: ofNode,
    onDelete: ofNode,
    onUpdate(node, old) {
      // Nodes report all day, and nearly never anything that is of interest here.
      if (JSON.stringify(memberOf(node)) !== JSON.stringify(memberOf(old))) ofNode(node);
      if (poolOf(node) !== poolOf(old)) [node, old].forEach(ofNode);
    },
  });

  return createController({
    name: 'pool-network-controller',
    context,
    waitFor: [pools, nodes, networks],
    queue,
    async reconcile(name) {
      const pool = pools.get(undefined, name);
      const members = nodes.byIndex('pool', name);
      const network = networks.get(undefined, name);
      if (!pool && members.length === 0) {
        if (network) await removed(() => client.resource(resources.poolNetworks).delete(name));
        return;
      }
      const status = poolNetworkStatus({ pool, members, clusterCIDRs: clusterCidr ? [clusterCidr] : [] });
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
}: {
  readonly pool: NodePool | undefined;
  readonly members: readonly Node[];
  readonly clusterCIDRs: string[];
}): PoolNetworkStatus {
  return {
    provider: providerOf(pool),
    routing: routingOf(pool),
    clusterCIDRs,
    members: members.map(memberOf).sort((a, b) => (a.node < b.node ? -1 : 1)),
    memberCount: members.length,
  };
}

function providerOf(pool: NodePool | undefined): PoolNetworkStatus['provider'] {
  if (pool?.spec?.hostNetwork) return 'host';
  return pool?.metadata?.annotations?.[providerAnnotation] === 'external' ? 'external' : 'skerry';
}

function routingOf(pool: NodePool | undefined): Routing {
  const wanted = pool?.metadata?.annotations?.[routingAnnotation];
  return routings.find((routing) => routing === wanted) ?? 'auto';
}

function memberOf({ metadata, spec, status }: Node) {
  const internal = (status?.addresses ?? []).filter(({ type }) => type === 'InternalIP');
  return {
    node: metadata.name ?? '',
    addresses: internal.map(({ address }) => address),
    podCIDRs: spec?.podCIDRs ?? (spec?.podCIDR ? [spec.podCIDR] : []),
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
