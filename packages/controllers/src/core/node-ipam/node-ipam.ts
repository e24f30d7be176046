/**
 * Gives each node its own ranges of pod addresses, `spec.podCIDRs`: a /24 of the cluster's range, and where the cluster has
 * both families a /64 of its other one. One worker hands out, and what nodes already have is taken in before the first is
 * handed out, so no two nodes get the same. A node that has ranges keeps those alone: they can't be changed.
 */
import { isApiError } from '@skerry/api';
import type { Node } from '@skerry/api';
import { keyOf, resources } from '@skerry/client';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, ControllerContext } from '#runtime/controller.ts';
import { numbersOf } from '#runtime/numbers.ts';
import { cidrNumbers } from '#core/node-ipam/cidr-numbers.ts';
import { CidrRange } from '#core/node-ipam/cidr-range.ts';

export interface NodeIpamSettings {
  /** Addresses of all pods, one range or one of each family with a comma between; without it nobody is given a range. */
  readonly clusterCidr?: string;
}

export function createNodeIpamController(
  context: ControllerContext,
  { clusterCidr }: NodeIpamSettings,
): Controller | undefined {
  if (!clusterCidr) return undefined;
  const { client, informers, events } = context;
  const numbers = numbersOf(context, cidrNumbers);
  const ranges = clusterCidr.split(',').map((text) => {
    const cidr = text.trim();
    const range = new CidrRange(cidr, { meter: numbers.of(cidr) });
    numbers.follow(cidr, range);
    return range;
  });
  const nodes = informers.informer<Node>(resources.nodes);
  const queue = createQueue(context);
  /** Ranges handed out that the local copy doesn't show yet: a second look takes the same. */
  const pending = new Map<string, readonly string[]>();

  const rangesOf = ({ spec }: Node) => spec?.podCIDRs ?? (spec?.podCIDR ? [spec.podCIDR] : []);
  const take = (node: Node) => {
    for (const cidr of rangesOf(node)) for (const range of ranges) range.occupy(cidr, keyOf(node));
    if (rangesOf(node).length === 0) queue.add(keyOf(node));
    else pending.delete(keyOf(node));
  };
  nodes.addHandler({
    onAdd: take,
    onUpdate: take,
    onDelete(node) {
      for (const cidr of rangesOf(node)) release(cidr, keyOf(node));
      giveBack(keyOf(node));
      // A range came free: nodes that found none may have it.
      for (const other of nodes.list()) if (rangesOf(other).length === 0) queue.add(keyOf(other));
    },
  });

  function giveBack(key: string): void {
    for (const cidr of pending.get(key) ?? []) release(cidr, key);
    pending.delete(key);
  }

  function release(cidr: string, key: string): void {
    for (const range of ranges) range.release(cidr, key);
  }

  /** One of each family, or none. */
  function allocate(key: string): readonly string[] | undefined {
    const cidrs: string[] = [];
    for (const range of ranges) {
      const cidr = range.allocate(key);
      if (cidr !== undefined) cidrs.push(cidr);
    }
    if (cidrs.length === ranges.length) return cidrs;
    for (const cidr of cidrs) release(cidr, key);
    return undefined;
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
      const podCIDRs = pending.get(key) ?? allocate(key);
      if (!podCIDRs) {
        const message = `Node ${key} status is now: CIDRNotAvailable`;
        events.record(node, { type: 'Normal', reason: 'CIDRNotAvailable', message });
        return { afterMs: 60_000 };
      }
      pending.set(key, podCIDRs);
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
        const patch = { metadata: { uid, resourceVersion }, spec: { podCIDR: podCIDRs[0], podCIDRs } };
        await nodeClient.patch(key, patch, { type: 'merge' });
      } catch (error) {
        if (!isApiError(error, 'NotFound')) throw error;
        giveBack(key);
      }
      return undefined;
    },
  });
}
