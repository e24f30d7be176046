import type { Container, Pod, Service } from '@skerry/api';
import type { Clock, Logger } from '@skerry/base';
import type { ImagePuller } from '#images/puller.ts';
import type { Cgroups } from '#machine/cgroups.ts';
import type { QosGroups } from '#pods/qos-groups.ts';
import type { ClusterDns } from '#network/dns.ts';
import type { HostPorts } from '#network/packet-filter.ts';
import type { ObjectTracker } from '#objects/tracker.ts';
import type { DeviceAllocation } from '#pods/container-config.ts';
import type { PodEvents } from '#pods/events.ts';
import type { AllocatableFacts } from '#pods/fields.ts';
import type { RuntimeObserver } from '#pods/observer.ts';
import type { StatusWriter } from '#pods/status-writer.ts';
import type { ProbeRunner } from '#probes/handlers.ts';
import type { Prober } from '#probes/prober.ts';
import type { ContainerRuntime, DnsConfig } from '#runtime.ts';
import type { PodVolumes } from '#volumes/volumes.ts';

/** Devices that plugins offer, as the pods and the node's status need them. */
export interface DeviceManager {
  /** Devices for a container that asks for some; the same ones when asked again. Rejects when there are none free. */
  allocate(pod: Pod, container: Container): Promise<DeviceAllocation | undefined>;
  /** The pod's devices are free again. */
  release(podUid: string): void;
  /** By resource name, as `nvidia.com/gpu`. */
  resources(): ReadonlyMap<string, { readonly capacity: number; readonly allocatable: number }>;
  /** Calls back when `resources` has changed. */
  onChange(changed: () => void): void;
}

/** What every pod of a node shares. */
/** Who sees to it that pods send and receive what they may. */
export interface PodPolicies {
  /** Pods that it knows, perhaps from before this program started. */
  readonly podUids: readonly string[];
  /** Resolves when what is allowed to the pod at these addresses holds; none where it has no sandbox. */
  set(pod: Pod, addresses: readonly string[]): Promise<void>;
  unset(uid: string): Promise<void>;
}

export const noPolicies: PodPolicies = {
  podUids: [],
  set: async () => undefined,
  unset: async () => undefined,
};

export interface PodContext {
  readonly runtime: ContainerRuntime;
  /** Prefix of container ids: `containerd`. */
  readonly runtimeName: () => string;
  readonly observer: RuntimeObserver;
  readonly puller: ImagePuller;
  readonly volumes: PodVolumes;
  readonly objects: ObjectTracker;
  readonly prober: Prober;
  readonly runHook: ProbeRunner;
  readonly events: PodEvents;
  readonly statuses: StatusWriter;
  readonly devices?: DeviceManager;
  readonly services: () => readonly Service[];
  /** Why pods can't have a network now. */
  readonly networkFault: () => string | undefined;
  readonly hostPorts: HostPorts;
  readonly policies: PodPolicies;
  /** Why a pod can't run on this node at all: it is refused, and fails. */
  readonly admit: (pod: Pod) => { readonly reason: string; readonly message: string } | undefined;
  readonly cgroups: Cgroups;
  readonly cgroupRoot: string;
  readonly qosGroups: QosGroups;
  readonly logRoot: string;
  readonly hostAddresses: () => readonly string[];
  /** Throws while it isn't known. */
  clusterDns(): ClusterDns;
  readonly hostDns: () => Promise<DnsConfig>;
  readonly hostsFile: () => Promise<string>;
  readonly allocatable: () => AllocatableFacts;
  readonly memoryCapacityBytes: number;
  /** False where containers are simulated: no files are made for them. */
  readonly hostAccess: boolean;
  readonly clock: Clock;
  readonly log: Logger;
}
