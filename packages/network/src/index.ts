export { createNodeNetwork, type NodeNetworkOptions } from '#node-network.ts';
