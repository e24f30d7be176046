export { createNodeNetwork, type NodeNetwork, type NodeNetworkOptions } from '#node-network.ts';
export { removeNodeNetwork } from '#remove-node-network.ts';
export type { PodNetworkPlan } from '#fabric/fabric.ts';
export type { Relay } from '#crossing/crossing.ts';
