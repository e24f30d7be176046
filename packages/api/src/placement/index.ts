export {
  matchesNodeAffinity,
  matchesNodeSelector,
  matchesNodeSelectorTerm,
  requiredNodeName,
} from './node-affinity.ts';
export {
  schedulingEffects,
  toleratesTaint,
  toleratesTaints,
  untoleratedTaint,
  type TaintEffect,
} from './taints.ts';
export {
  containerRequests,
  insufficientResources,
  podRequests,
  resourceAmount,
  resourceAmounts,
  type ResourceAmounts,
} from './resources.ts';
export { hostPorts, hostPortsConflict, type HostPort } from './host-ports.ts';
export { daemonShouldRun, daemonTolerations } from './daemon.ts';
export { hostNetworkLabel, lacksPodNetwork } from './pod-network.ts';
export {
  allowsAccess,
  bestVolumeFor,
  delaysBinding,
  isVolumeBoundTo,
  matchesTopologyTerms,
  modesDiffer,
  namesStorageClass,
  requestedStorage,
  storageClassOf,
  volumeAllowsNode,
  volumeCapacity,
  volumeUnfitness,
  type VolumeChoice,
} from './claims.ts';
