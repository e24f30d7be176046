export {
  createNodeNetwork,
  type LocalApi,
  type NodeNetwork,
  type NodeNetworkOptions,
} from '#node-network.ts';
export { removeNodeNetwork } from '#remove-node-network.ts';
export type { PodNetworkPlan } from '#fabric/fabric.ts';
export type { Relay } from '#crossing/crossing.ts';
export { KernelTable, type Contents } from '#services/kernel-table.ts';
export { NftSession } from '#nftables/nft-session.ts';
export { heldLoadBalancerAddresses } from '#services/load-balancer-addresses.ts';
export { serviceState } from '#services/service-state.ts';
export type { NodeView } from '#services/choose-endpoints.ts';
export type { LocalKnowledge, PodWord } from '#local-endpoints/local-knowledge.ts';
