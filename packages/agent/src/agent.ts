/**
 * The node agent: what a kubelet is on other clusters. It registers the machine as a Node, runs the pods that the API
 * binds to it through a container runtime, and reports what became of them.
 *
 * It promises that stopping and starting it again, or losing the API, restarts no container: what it has to know is in
 * the runtime's labels and on disk. It must run in the network namespace that the runtime's pods hang off, since probes
 * ask pods by their address. It listens on nothing itself: see `pods` for what serves logs and exec.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod, Service as KubernetesService, Taint } from '@skerry/api';
import { ApiEventRecorder, Informer, resources, type ApiClient, type EventRecorder } from '@skerry/client';
import type { Clock, Logger, Service } from '@skerry/base';
import { ImageCollector } from '#images/collector.ts';
import { NodeImageKeeper } from '#images/node-image-keeper.ts';
import { imagesOf, ImagePuller } from '#images/puller.ts';
import { noCgroups, openCgroups } from '#machine/cgroups.ts';
import { readMachineFacts, type MachineFacts } from '#machine/facts.ts';
import { noPressure, readPressure } from '#machine/pressure.ts';
import { parseResolvConf, type ClusterDns } from '#network/dns.ts';
import { noHostPorts, PacketFilter } from '#network/packet-filter.ts';
import type { NodePodNetwork } from '#network/pod-network.ts';
import { NodeKeeper, nodeReference } from '#node/node-keeper.ts';
import { nodeResources } from '#node/node-object.ts';
import { ObjectTracker } from '#objects/tracker.ts';
import { pullSecrets } from '#pods/container-starter.ts';
import { createAdmission } from '#pods/admission.ts';
import { noPolicies, type DeviceManager, type PodContext, type PodPolicies } from '#pods/context.ts';
import { podEvents } from '#pods/events.ts';
import { runLogRotation } from '#pods/log-rotation.ts';
import { QosGroups } from '#pods/qos-groups.ts';
import { PodManager, type NodePods } from '#pods/manager.ts';
import { RuntimeObserver } from '#pods/observer.ts';
import { StatusWriter } from '#pods/status-writer.ts';
import { createProbeRunner, type ProbeRunner } from '#probes/handlers.ts';
import { Prober } from '#probes/prober.ts';
import type { ContainerRuntime } from '#runtime.ts';
import { TokenSource, type TokenVault } from '#volumes/tokens.ts';
import { noVolumes, Volumes } from '#volumes/volumes.ts';
import { watchLifeMs } from '#watch-life.ts';

export interface AgentOptions {
  readonly client: ApiClient;
  readonly runtime: ContainerRuntime;
  readonly nodeName: string;
  /** Pods' volumes and logs lie below it, as `pods/` and `log/pods/`. */
  readonly dataDirectory: string;
  /** Addresses of this node, the main one first. */
  readonly addresses: readonly string[];
  /** The node's IPv6 address, which it has where its pods have such ones; asked again at every look. */
  readonly ipv6Address?: () => string | undefined;
  /** On the Node beside the standard ones: region, pool. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** On the Node when it is first registered. */
  readonly taints?: readonly Taint[];
  readonly providerId?: string;
  /** As the Node's status shows it; that of this release unless given. */
  readonly version?: string;
  /** 110 unless given. */
  readonly podsMax?: number;
  /** The runtime's pod network; nothing is configured where absent. */
  readonly network?: NodePodNetwork;
  /** Whom pods ask for names; undefined until that is known, and pods wait for it. Nobody unless given. */
  readonly clusterDns?: () => ClusterDns | undefined;
  /** Who is told of pods before their containers start, and when they end. */
  readonly policies?: PodPolicies;
  /** Group that holds the groups of all pods: `/skerry/<node>` unless given. */
  readonly cgroupRoot?: string;
  readonly devices?: DeviceManager;
  /** Where pods' tokens outlive a restart of the agent; nowhere unless given. */
  readonly tokenVault?: TokenVault;
  /** Renews the node's Lease; off where a link does it. */
  readonly renewLease?: boolean;
  /** What the machine is and has; read from the system unless given. */
  readonly machine?: MachineFacts;
  /** False where containers are simulated: no mounts, files, groups or probes. */
  readonly hostAccess?: boolean;
  readonly recorder?: EventRecorder;
  /** The Node that the API has is there, or is another than before. */
  readonly onNode?: () => void;
  /** What `pods` answers may be another than before. */
  readonly onPods?: () => void;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
}

export interface Agent extends Service {
  /** The pods of this node, for those that serve logs, exec and statistics. */
  readonly pods: NodePods;
  /** The ranges that the node was given for its pods; none until then. */
  podCidrs(): readonly string[];
  /** Something that the node's status depends on has changed: it is looked at now, not when it is next due. */
  look(): void;
  /** Brings images of a pod to come onto the machine, with what the present one may pull with. Rejects when one is not there after it. */
  pullImages(pod: Pod, images: readonly string[]): Promise<void>;
  /** The API can be reached again: what waits for a later try is sent now. */
  reconnected(): void;
}

const pullTimeoutMs = 30 * 60_000;
const noClusterDns: ClusterDns = { servers: [], domain: 'cluster.local' };

export const agentVersion = 'v1.36.3+skerry.1';

export function createAgent(options: AgentOptions): Agent {
  let parts: Parts | undefined;
  return {
    name: `agent ${options.nodeName}`,
    pods: {
      find: (namespace, name) => parts?.manager.find(namespace, name),
      list: () => parts?.manager.list() ?? [],
    },
    podCidrs: () => parts?.keeper.podCidrs ?? [],
    look: () => parts?.keeper.look(),
    async pullImages(pod, images) {
      if (!parts) throw new Error('the agent has not started yet');
      const secrets = await pullSecrets(parts, pod);
      const signal = AbortSignal.timeout(pullTimeoutMs);
      for (const image of images) await parts.puller.pull(image, { secrets, signal });
    },
    reconnected() {
      parts?.keeper.look();
      parts?.statuses.hurry();
      for (const uid of parts?.tokens.hurry() ?? []) parts?.manager.wake(uid);
    },
    async run(signal) {
      parts = await assemble(options);
      await runAll(options, parts, signal);
    },
  };
}

type Parts = Awaited<ReturnType<typeof assemble>>;

async function assemble(options: AgentOptions) {
  const {
    client,
    runtime,
    nodeName,
    dataDirectory,
    clock,
    log,
    random,
    devices,
    hostAccess = true,
  } = options;
  const podsDirectory = join(dataDirectory, 'pods');
  if (hostAccess) await mkdir(podsDirectory, { recursive: true, mode: 0o755 });
  const machine = options.machine ?? (await readMachineFacts({ dataDirectory }));
  const podsMax = options.podsMax ?? 110;
  const ownRecorder = options.recorder
    ? undefined
    : new ApiEventRecorder({ client, component: 'kubelet', host: nodeName, clock, log });
  const recorder: EventRecorder = options.recorder ?? (ownRecorder as EventRecorder);
  const events = podEvents(recorder);
  const services = new Informer<KubernetesService>({
    watchLifeMs,
    source: client.resource<KubernetesService>(resources.services),
    name: 'services',
    clock,
    log,
    random,
  });

  // The parts tell each other of changes through the manager, which is made last.
  const wake = (uid: string) => manager.wake(uid);
  const observer = new RuntimeObserver({ runtime, clock, log, changed: wake });
  const objects = new ObjectTracker({
    client,
    clock,
    log,
    random,
    volumes: hostAccess,
    changed: (uid) => manager.refreshVolumes(uid),
  });
  const runHook: ProbeRunner = hostAccess ? createProbeRunner(runtime) : async () => ({ outcome: 'success' });
  const prober = new Prober({ run: runHook, events, clock, random, changed: wake });
  const statuses = new StatusWriter({ client, clock, log, random, onSaid: options.onPods });
  const puller = new ImagePuller({ runtime, events, clock });
  const tokens = new TokenSource({ client, clock, log, vault: options.tokenVault });
  const { network } = options;
  const packetFilter = network
    ? await PacketFilter.open({
        bridge: network.bridge,
        networkNamespace: network.networkNamespace,
        stateFile: join(dataDirectory, 'host-ports.json'),
        log,
      })
    : undefined;
  const hostAddresses = () => {
    const second = keeper.podCidrs.some((range) => range.includes(':')) ? options.ipv6Address?.() : undefined;
    return second === undefined ? options.addresses : [...options.addresses, second];
  };
  const keeper: NodeKeeper = new NodeKeeper({
    client,
    runtime,
    observer,
    recorder,
    identity: {
      name: nodeName,
      labels: options.labels ?? {},
      annotations: options.annotations ?? {},
      taints: options.taints ?? [],
      providerId: options.providerId,
    },
    machine,
    addresses: hostAddresses,
    version: options.version ?? agentVersion,
    podsMax,
    devices,
    pressure: hostAccess ? () => readPressure({ dataDirectory }) : async () => noPressure,
    network,
    packetFilter,
    renewLease: options.renewLease ?? false,
    clock,
    log,
    random,
  });
  const cgroups = hostAccess ? await openCgroups() : noCgroups;
  const cgroupRoot = options.cgroupRoot ?? `/skerry/${nodeName}`;
  const context: PodContext = {
    runtime,
    runtimeName: () => keeper.runtimeName,
    observer,
    puller,
    volumes: hostAccess
      ? new Volumes({ client, runtime, directory: podsDirectory, tokens, node: () => keeper.node, log })
      : noVolumes(podsDirectory),
    objects,
    prober,
    runHook,
    events,
    statuses,
    devices,
    services() {
      if (!services.hasSynced()) {
        throw new Error('services have not yet been read at least once, cannot construct envvars');
      }
      return services.list();
    },
    networkFault: () => keeper.networkFault,
    hostPorts: packetFilter ?? noHostPorts,
    policies: options.policies ?? noPolicies,
    admit: createAdmission({
      node: () => keeper.node,
      resources: () =>
        nodeResources({ machine, podsMax, devices: devices?.resources() ?? new Map() }).allocatable,
      pods: () => manager.held,
    }),
    cgroups,
    cgroupRoot,
    qosGroups: new QosGroups({ cgroups, root: cgroupRoot, pods: () => manager.held }),
    logRoot: join(dataDirectory, 'log', 'pods'),
    hostAddresses,
    clusterDns() {
      if (!options.clusterDns) return noClusterDns;
      const dns = options.clusterDns();
      if (!dns)
        throw new Error('services have not yet been read at least once, the cluster DNS is not known');
      return dns;
    },
    hostDns: async () => parseResolvConf(await readFile('/etc/resolv.conf', 'utf8').catch(() => '')),
    hostsFile: () => readFile('/etc/hosts', 'utf8').catch(() => ''),
    allocatable: () => ({
      milliCpu: machine.milliCpu,
      memoryBytes: machine.memoryBytes,
      ephemeralStorageBytes: machine.ephemeralStorageBytes,
    }),
    memoryCapacityBytes: machine.memoryBytes,
    hostAccess,
    clock,
    log,
  };
  const manager: PodManager = new PodManager({
    client,
    nodeName,
    context,
    podsDirectory,
    clock,
    log,
    random,
  });
  const nodeImages = new NodeImageKeeper({
    client,
    runtime,
    puller,
    recorder,
    nodeName,
    node: () => keeper.node,
    onNodeChange: (changed) => keeper.onChange(changed),
    clock,
    log,
    random,
  });
  if (options.onNode) keeper.onChange(options.onNode);
  return {
    manager,
    observer,
    puller,
    events,
    objects,
    services,
    keeper,
    statuses,
    tokens,
    nodeImages,
    recorder,
    ownRecorder,
  };
}

async function runAll(options: AgentOptions, parts: Parts, signal: AbortSignal): Promise<void> {
  const { runtime, clock, log, nodeName, hostAccess = true } = options;
  const { manager, observer, objects, services, keeper, statuses, nodeImages, recorder, ownRecorder } = parts;
  // Any part that breaks takes the others with it; the owner starts the agent again.
  const broken = new AbortController();
  const whole = AbortSignal.any([signal, broken.signal]);
  const collector = new ImageCollector({
    runtime,
    wanted: () => manager.pods.flatMap(imagesOf),
    clock,
    log,
  });
  recorder.record(nodeReference(nodeName), {
    type: 'Normal',
    reason: 'Starting',
    message: 'Starting kubelet.',
  });
  const running = [
    keeper.run(whole),
    observer.run(whole),
    services.run(whole),
    manager.run(whole),
    nodeImages.run(whole),
    ...(ownRecorder ? [ownRecorder.run(whole)] : []),
    ...(hostAccess
      ? [runLogRotation({ pods: manager, runtime, clock, log }, whole), collector.run(whole)]
      : []),
  ];
  // What waits for the API must not hold up the end.
  whole.addEventListener('abort', () => statuses.close(), { once: true });
  try {
    await Promise.all(running);
  } catch (error) {
    broken.abort(error);
    throw error;
  } finally {
    statuses.close();
    await Promise.allSettled([...running, objects.close()]);
  }
}
