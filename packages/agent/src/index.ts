export { agentVersion, createAgent, type Agent, type AgentOptions } from '#agent.ts';
export type { TokenVault } from '#volumes/tokens.ts';
export type { ContainerView, NodePods, PodView } from '#pods/manager.ts';
export type { DeviceAllocation } from '#pods/container-config.ts';
export type { DeviceManager } from '#pods/context.ts';
export { readMachineFacts, type MachineFacts } from '#machine/facts.ts';
export type { ClusterDns } from '#network/dns.ts';
export { readCgroupDriver } from '#cri/cgroup-driver.ts';
export { createCriRuntime, type CriRuntimeOptions } from '#cri/client.ts';
export { startContainerd, type Containerd, type ContainerdOptions } from '#containerd/start.ts';
export {
  busyboxImage,
  imageArchive,
  importImage,
  pauseImage,
  standInLabel,
  writeImageArchive,
  type BusyboxOptions,
  type ImageSpec,
  type ImportOptions,
} from '#images/oci-archive.ts';
export { tarEnd, tarHeader, tarPadding, type TarEntry } from '#images/tar.ts';
export { writeCniConfig, type PodNetwork } from '#network/cni-config.ts';
export type { NodePodNetwork, PodNetworkPlan } from '#network/pod-network.ts';
export { removePodNetwork } from '#network/packet-filter.ts';
export * from '#runtime.ts';
export { createNodeServer, type NodeServerOptions } from '#server/node-server.ts';
export { NodeRequestError } from '#server/ports.ts';
export type { FoundContainer, FoundPod, PodLookup, StatsSource, StreamingRuntime } from '#server/ports.ts';
export { createRuntimePodLookup } from '#server/runtime-pods.ts';
export { createDeviceManager, removeDevicePlugins, type DeviceManagerOptions } from '#devices/manager.ts';
export { runSampleDevicePlugin, type SampleDevicePluginOptions } from '#devices/sample-plugin.ts';
export { createSimulatedRuntime, type SimulatedRuntimeOptions } from '#simulated/runtime.ts';
export { createStatsSource, type StatsSourceOptions } from '#stats/stats-source.ts';
export { removeCgroups } from '#machine/cgroups.ts';
export { unmountUnder } from '#machine/mounts.ts';
export { createLocalVolumes, type LocalVolumes } from '#volumes/local-volumes.ts';
export { removePods } from '#pods/remove-pods.ts';
