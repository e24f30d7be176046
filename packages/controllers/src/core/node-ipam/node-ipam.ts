/**
 * Gives each node its own range of pod addresses, `spec.podCIDR`, a /24 of the cluster's range. One worker hands out, and
 * what nodes already have is taken in before the first is handed out, so no two nodes get the same.
 */
import { isApiError } from '@skerry/api';
import type { Node } from '@skerry/api';
import { keyOf, resources } from '@skerry/client';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, ControllerContext } from '#runtime/controller.ts';
import { CidrRange } from '#core/node-ipam/cidr-range.ts';

export interface NodeIpamSettings {
  /** Addresses of all pods; without it nobody is given a range. */
  readonly clusterCidr?: string;
}

export function createNodeIpamController(
  context: ControllerContext,
  { clusterCidr }: NodeIpamSettings,
): Controller | undefined {
  if (!clusterCidr) return undefined;
  const { client, informers, events } = context;
  const range = new CidrRange(clusterCidr);
  const nodes = informers.informer<Node>(resources.nodes);
  const queue = createQueue(context);
  /** Ranges handed out that the local copy doesn't show yet: a second look takes the same. */
  const pending = new Map<string, string>();

  const rangesOf = ({ spec }: Node) => spec?.podCIDRs ?? (spec?.podCIDR ? [spec.podCIDR] : []);
  const take = (node: Node) => {
    for (const cidr of rangesOf(node)) range.occupy(cidr, keyOf(node));
    if (rangesOf(node).length === 0) queue.add(keyOf(node));
    else pending.delete(keyOf(node));
  };
  nodes.addHandler({
    onAdd: take,
    onUpdate: take,
    onDelete(node) {
      for (const cidr of rangesOf(node)) range.release(cidr, keyOf(node));
      giveBack(keyOf(node));
      // A range came free: nodes that found none may have it.
      for (const other of nodes.list()) if (rangesOf(other).length === 0) queue.add(keyOf(other));
    },
  });

  function giveBack(key: string): void {
    const cidr = pending.get(key);
    if (cidr !== undefined && pending.delete(key)) range.release(cidr, key);
  }

  return createController({
    name: 'node-ipam-controller',
    context,
    waitFor: [nodes],
    queue,
    workers: 1,
    async reconcile(key) {
      const node = nodes.get(undefined, key);
      if (!node || rangesOf(node).length > 0) return undefined;
      const cidr = pending.get(key) ?? range.allocate(key);
      if (!cidr) {
        const message = `Node ${key} status is now: CIDRNotAvailable`;
        events.record(node, { type: 'Normal', reason: 'CIDRNotAvailable', message });
        return { afterMs: 60_000 };
      }
      pending.set(key, cidr);
      const { uid } = node.metadata;
      const nodeClient = client.resource<Node>(resources.nodes);
      try {
        // The object in hand may be old: a range that is there by now must not be overwritten.
        const fresh = await nodeClient.get(key);
        if (fresh.metadata.uid !== uid || rangesOf(fresh).length > 0) {
          giveBack(key);
          return undefined;
        }
        const { resourceVersion } = fresh.metadata;
        const patch = { metadata: { uid, resourceVersion }, spec: { podCIDR: cidr, podCIDRs: [cidr] } };
        await nodeClient.patch(key, patch, { type: 'merge' });
      } catch (error) {
        if (!isApiError(error, 'NotFound')) throw error;
        giveBack(key);
      }
      return undefined;
    },
  });
}
