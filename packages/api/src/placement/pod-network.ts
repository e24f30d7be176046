import type { Node, PodSpec } from '../types.generated.ts';

/**
 * On the nodes of a pool whose pods have the network of their host: nothing gives a pod an address there. OpenYurt's name:
 * https://openyurt.io/docs/user-manuals/node-pool-management/node-pool-management
 */
export const hostNetworkLabel = 'nodepool.openyurt.io/hostnetwork';

/** Whether a pod wants a network of its own where there is none: it would wait there for as long as the node is as it is. */
export function lacksPodNetwork(spec: PodSpec | undefined, node: Node): boolean {
  return !spec?.hostNetwork && node.metadata.labels?.[hostNetworkLabel] === 'true';
}
