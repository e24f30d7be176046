export { createNodeNetwork, type NodeNetwork, type NodeNetworkOptions } from '#node-network.ts';
export { removeServiceAddress } from '#dns/service-address.ts';
export type { PodNetworkPlan } from '#fabric/fabric.ts';
export type { Relay } from '#crossing/crossing.ts';
export { removeNetworkPolicies } from '#policy/network-policies.ts';
export { removeFabric } from '#fabric/remove-fabric.ts';
