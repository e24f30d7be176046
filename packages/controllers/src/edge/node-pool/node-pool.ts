/**
 * Node pools: labels, annotations and taints of a pool reach its nodes, and the pool's status counts them. A node is in
 * the pool that its label `apps.openyurt.io/nodepool` names.
 */
import { isApiError } from '@skerry/api';
import type { Node } from '@skerry/api';
import { keyOf, resources } from '@skerry/client';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, ControllerContext } from '#runtime/controller.ts';
import { writeStatus } from '#runtime/status.ts';
import { attributePatch, givenAnnotation } from '#edge/node-pool/attributes.ts';
import { nodePoolLabel, nodePoolTypeLabel } from '#edge/node-pool/definition.ts';
import type { NodePool } from '#edge/node-pool/definition.ts';

export function createNodePoolController(context: ControllerContext): Controller {
  const { client, informers } = context;
  const pools = informers.informer<NodePool>(resources.nodePools);
  const nodes = informers.informer<Node>(resources.nodes);
  nodes.addIndex('pool', (node) => [poolOf(node) ?? '']);
  const queue = createQueue(context);
  const poolKey = (name: string) => `pool/${name}`;
  const nodeKey = (node: Node) => `node/${keyOf(node)}`;

  const enqueuePool = (pool: NodePool) => {
    const name = pool.metadata?.name ?? '';
    queue.add(poolKey(name));
    for (const node of nodes.byIndex('pool', name)) queue.add(nodeKey(node));
  };
  pools.addHandler({ onAdd: enqueuePool, onUpdate: enqueuePool, onDelete: enqueuePool });
  const enqueueNode = (node: Node) => {
    const pool = poolOf(node);
    if (pool) queue.add(poolKey(pool));
    if (pool || node.metadata.annotations?.[givenAnnotation]) queue.add(nodeKey(node));
  };
  nodes.addHandler({
    onAdd: enqueueNode,
    onDelete: enqueueNode,
    onUpdate(node, old) {
      enqueueNode(node);
      const before = poolOf(old);
      if (before && before !== poolOf(node)) queue.add(poolKey(before));
    },
  });

  async function reconcileNode(name: string): Promise<void> {
    const node = nodes.get(undefined, name);
    if (!node) return;
    const patch = attributePatch(node, pools.get(undefined, poolOf(node) ?? ''));
    if (patch) await client.resource<Node>(resources.nodes).patch(name, patch, { type: 'merge' });
  }

  async function reconcilePool(name: string): Promise<void> {
    const pool = pools.get(undefined, name);
    if (!pool) return;
    const type = (pool.spec?.type ?? 'Edge').toLowerCase();
    if (pool.metadata?.labels?.[nodePoolTypeLabel] !== type) {
      const patch = { metadata: { labels: { [nodePoolTypeLabel]: type } } };
      await client.resource(resources.nodePools).patch(name, patch, { type: 'merge' });
      return;
    }
    const members = nodes.byIndex('pool', name);
    const ready = members.filter(isReady).length;
    await writeStatus<NodePool>(client, resources.nodePools, pool, {
      ...pool.status,
      readyNodeNum: ready,
      unreadyNodeNum: members.length - ready,
      nodes: members.map(({ metadata }) => metadata.name ?? '').sort((a, b) => (a < b ? -1 : 1)),
    });
  }

  return createController({
    name: 'node-pool-controller',
    context,
    waitFor: [pools, nodes],
    queue,
    async reconcile(key) {
      const name = key.slice(key.indexOf('/') + 1);
      try {
        await (key.startsWith('node/') ? reconcileNode(name) : reconcilePool(name));
      } catch (error) {
        if (!isApiError(error, 'NotFound')) throw error;
      }
    },
  });
}

function poolOf(node: Node): string | undefined {
  return node.metadata.labels?.[nodePoolLabel];
}

function isReady(node: Node): boolean {
  return node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}
