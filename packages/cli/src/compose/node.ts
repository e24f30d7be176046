/**
 * A node: its link to the center, the hub that answers as the API does, and behind it agent, network, device plugins and the
 * kubelet-style server. Whatever the node's parts ask of the API they ask the hub, and that the center, over the link's `up`
 * session; requests of the center come over its `down` session. For others the node listens on no port.
 */
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { join, resolve } from 'node:path';
import {
  createAgent,
  createCriRuntime,
  createDeviceManager,
  createLocalVolumes,
  createNodeServer,
  createRuntimePodLookup,
  createSimulatedRuntime,
  createStatsSource,
  type Agent,
  type AgentOptions,
} from '@skerry/agent';
import { type Clock, type Logger, MetricRegistry, SkerryError, supervise } from '@skerry/base';
import { createClient, createHttpTransport } from '@skerry/client';
import { connectTls, createLinkClient, type PodTarget, RelayPort, Resumption, Ways } from '@skerry/link';
import { createNodeNetwork, heldLoadBalancerAddresses, type NodeNetwork } from '@skerry/network';
import { DrillProbes } from '#drill/drill-probes.ts';
import type { AgentIdentity } from '#join/agent-config.ts';
import { createCertificateRenewal } from '#join/certificate-renewal.ts';
import { CenterAddresses, followCenterAddress } from '#join/center-addresses.ts';
import type { CenterAddress } from '#join/cluster-info.ts';
import { proxyTo } from '#join/proxy.ts';
import { simulatedLabel } from '#link/node-links.ts';
import { localSocket } from '#local/local-client.ts';
import { createLocalServer } from '#local/local-server.ts';
import { version } from '#version.ts';
import { createHubDoor } from './hub-door.ts';
import { measureOwnLink } from './link-metrics.ts';
import { linkTransport } from './link-transport.ts';
import { podWords } from './local-pods.ts';
import { openNodeHub } from './node-hub.ts';
import { cgroupRootOf, type NodePlaces, rememberPlaces } from './node-places.ts';
import { createNodePeers, type NodePeers } from './node-peers.ts';
import { ipv6AddressBeside, ownAddress, speaksIpv6 } from './own-addresses.ts';
import { podNetworkOf } from './pod-network.ts';
import { measureRuntime } from './process-metrics.ts';

export interface NodeOptions {
  readonly identity: AgentIdentity;
  /** Where `identity` came from; a renewed certificate is written there. */
  readonly joinedDirectory: string;
  /** Volumes, logs and the like of pods. */
  readonly dataDirectory: string;
  readonly kubeletDirectory: string;
  readonly cniConfDirectory: string;
  readonly cgroupRoot?: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  /** Many simulated nodes in one process: nothing is written to disk, no statistics are read. */
  readonly lean?: Pick<AgentOptions, 'machine' | 'onNode'>;
}

const podDialTimeoutMs = 10_000;

/** Runs until the signal. */
export async function runNode(options: NodeOptions, signal: AbortSignal): Promise<void> {
  const { identity, clock, log, random, lean } = options;
  const { config, authorityPem, keyPem } = identity;
  let { certificatePem } = identity;
  const addresses = new CenterAddresses({
    config,
    dataDirectory: options.joinedDirectory,
    vault: () => hub?.vault,
    log,
  });
  const wayTo = ({ host, port }: CenterAddress) => {
    const proxy = proxyTo({ host, port }, config.proxy, process.env);
    return { host, port, ...(proxy ? { proxy } : {}) };
  };
  // What is wrong with a proxy is said at the start.
  wayTo(addresses.used);
  const simulated = config.runtimeEndpoint === 'simulated';
  if (!simulated) await rememberPlaces(options.dataDirectory, placesOf(options));
  const runtime = simulated
    ? createSimulatedRuntime({ clock, podCidrs: () => agent.podCidrs(), writeLogs: !lean })
    : createCriRuntime({ socket: config.runtimeEndpoint.replace(/^unix:\/\//, '') });
  const devices = lean
    ? undefined
    : createDeviceManager({ kubeletDirectory: options.kubeletDirectory, clock, log });
  const metrics = new MetricRegistry();
  if (!lean) measureRuntime(metrics);
  const probes = new DrillProbes({
    nameServers: () => network?.clusterDns()?.addresses ?? [],
    isCut: () => link.state().phase === 'drill',
    clock,
  });
  const server = createNodeServer({
    pods: createRuntimePodLookup(runtime),
    runtime,
    stats: createStatsSource({
      runtime,
      nodeName: config.nodeName,
      clock,
      dataDirectory: options.dataDirectory,
    }),
    localVolumes: createLocalVolumes({
      dataDirectory: options.dataDirectory,
      hostAccess: !simulated,
      log: log.with({ component: 'volumes' }),
    }),
    metrics: () => metrics.render(),
    ...(simulated ? {} : { drill: probes }),
    clock,
    log,
  });
  const relay = new RelayPort();
  const ways = new Ways({ log });
  const resumption = new Resumption();
  const link = createLinkClient({
    connect: (until) =>
      addresses.connect((address) =>
        ways.connect((way) =>
          connectTls(
            { ...wayTo(address), ca: authorityPem, cert: certificatePem, key: keyPem, way, resumption },
            until,
          ),
        ),
      ),
    server,
    dialPod: (target) => dialPod(agent, target),
    ...(simulated ? {} : { onCrossing: (stream) => relay.take(stream) }),
    onChange: ({ phase }) => {
      peers?.linkChanged();
      if (phase === 'linked') agent.reconnected();
    },
    clock,
    log,
    random,
  });
  measureOwnLink(metrics, link);
  const center = linkTransport(link);
  const hub = lean ? undefined : await openNodeHub({ ...options, link, center, agent: () => agent });
  const transport = hub?.transport ?? center;
  const client = createClient({ transport, userAgent: `skerry-agent/${version}`, clock, random });
  const renewal = createCertificateRenewal({
    identity,
    dataDirectory: options.joinedDirectory,
    client,
    direct: (pem) => directClient({ identity, address: addresses.used, certificatePem: pem, clock }),
    clock,
    log,
    random,
    onRenewed: (pem) => {
      certificatePem = pem;
      peers?.credentialsChanged();
    },
  });
  const moves = followCenterAddress({
    addresses,
    client,
    linkedSinceMs() {
      const state = link.state();
      return state.phase === 'linked' ? state.sinceMs : undefined;
    },
    clock,
    log,
  });
  const door =
    hub && !simulated
      ? createHubDoor({
          hub,
          nodeName: config.nodeName,
          directory: join(options.dataDirectory, 'hub'),
          center: () => ({ ...wayTo(addresses.used), authorityPem }),
          isLinked: () => link.upSession() !== undefined,
          client,
          clock,
          log: log.with({ component: 'hub' }),
          random,
        })
      : undefined;
  const address = await ownAddress(addresses.used, hub?.vault);
  const networkDirectory = join(options.dataDirectory, 'network');
  const hasIpv6 = !simulated && (await speaksIpv6());
  const peers: NodePeers | undefined = simulated
    ? undefined
    : createNodePeers({
        nodeName: config.nodeName,
        pool: config.pool,
        authorityPem,
        credentials: () => ({ certificatePem, keyPem }),
        host: address,
        members: () => network?.members() ?? [],
        pods: () => podWords(agent.pods),
        isLinked: () => link.upSession() !== undefined,
        vault: hub?.vault,
        client,
        clock,
        log: log.with({ component: 'peers' }),
        random,
      });
  const network: NodeNetwork | undefined = simulated
    ? undefined
    : createNodeNetwork({
        client,
        localApi: door?.api,
        knowledge: peers?.knowledge,
        nodeName: config.nodeName,
        pool: config.pool,
        stateDirectory: networkDirectory,
        hasIpv6,
        onPodNetwork: () => agent.look(),
        relay,
        clock,
        log,
        random,
      });
  const agent = createAgent({
    client,
    runtime,
    nodeName: config.nodeName,
    dataDirectory: options.dataDirectory,
    addresses: [address],
    ...(simulated
      ? {}
      : { ipv6Address: () => ipv6AddressBeside(address, () => heldLoadBalancerAddresses(networkDirectory)) }),
    onPods: () => peers?.podsChanged(),
    ...(hub ? { tokenVault: hub.vault } : {}),
    labels: nodeLabels(identity, simulated),
    taints: config.taints,
    devices,
    ...(network
      ? {
          network: { ...podNetwork(options, () => network), hasIpv6 },
          clusterDns: () => clusterDns(network),
          policies: network.policies,
        }
      : { hostAccess: false }),
    ...(options.cgroupRoot ? { cgroupRoot: options.cgroupRoot } : {}),
    ...lean,
    clock,
    log,
    random,
  });
  const local = hub
    ? createLocalServer({
        path: localSocket(options.joinedDirectory),
        agent,
        runtime,
        hub,
        client,
        isLinked: () => link.upSession() !== undefined,
        nodeServer: server,
        clock,
        log,
      })
    : undefined;
  try {
    await Promise.all([
      supervise(link, { clock, log, signal }),
      ...(hub ? [supervise(hub, { clock, log, signal })] : []),
      ...(local ? [supervise(local, { clock, log, signal })] : []),
      ...(door ? [supervise(door, { clock, log, signal })] : []),
      supervise(renewal, { clock, log, signal }),
      ...(lean ? [] : [supervise(moves, { clock, log, signal })]),
      ...(peers ? [supervise(peers, { clock, log, signal })] : []),
      ...(devices ? [supervise(devices, { clock, log, signal })] : []),
      supervise(agent, { clock, log, signal }),
      ...(network ? [supervise(network, { clock, log, signal })] : []),
    ]);
  } finally {
    probes.stop();
    await hub?.close();
    center.close();
    runtime.close();
    server.close();
  }
}

function placesOf({ kubeletDirectory, cniConfDirectory, cgroupRoot, identity }: NodeOptions): NodePlaces {
  return {
    kubeletDirectory: resolve(kubeletDirectory),
    cniConfDirectory: resolve(cniConfDirectory),
    cgroupRoot: cgroupRoot ?? cgroupRootOf(identity.config.nodeName),
  };
}

/** Without the link, which takes no certificate that has ended. */
function directClient({
  identity: { authorityPem, keyPem },
  address,
  certificatePem,
  clock,
}: {
  readonly identity: AgentIdentity;
  readonly address: CenterAddress;
  readonly certificatePem: string;
  readonly clock: Clock;
}) {
  const transport = createHttpTransport({
    server: `https://${address.text}`,
    ca: authorityPem,
    clientCertificate: certificatePem,
    clientKey: keyPem,
    clock,
  });
  return createClient({ transport, userAgent: `skerry-agent/${version}`, clock });
}

/** Marks pools, and simulated nodes for everyone who lists nodes. */
function nodeLabels({ config }: AgentIdentity, simulated: boolean): Record<string, string> {
  return {
    ...config.labels,
    ...(config.pool ? { 'apps.openyurt.io/nodepool': config.pool } : {}),
    ...(simulated ? { [simulatedLabel]: 'true' } : {}),
  };
}

function clusterDns(network: NodeNetwork): ReturnType<NonNullable<AgentOptions['clusterDns']>> {
  const dns = network.clusterDns();
  return dns && { servers: dns.addresses, domain: dns.domain };
}

function podNetwork(
  { cniConfDirectory, dataDirectory }: NodeOptions,
  network: () => NodeNetwork | undefined,
): NonNullable<AgentOptions['network']> {
  return {
    ...podNetworkOf({ cniConfDirectory }),
    plan: () => network()?.podNetwork() ?? { kind: 'unknown' },
    dataDirectory: join(dataDirectory, 'cni-addresses'),
  };
}

/** Only to pods of this node: an address from afar must not lead anywhere else in its network. */
async function dialPod(agent: Agent, { address, port }: PodTarget): Promise<Duplex> {
  const own = agent.pods.list().some(({ pod }) => pod.status?.podIPs?.some(({ ip }) => ip === address));
  if (!own) throw new SkerryError('pod-address-unknown', `no pod of this node has the address ${address}`);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port, timeout: podDialTimeoutMs });
    socket.once('error', reject);
    socket.once('timeout', () =>
      socket.destroy(new Error(`no answer from ${address}:${port} within ${podDialTimeoutMs / 1000} s`)),
    );
    socket.once('connect', () => {
      socket.off('error', reject);
      socket.setTimeout(0);
      resolve(socket);
    });
  });
}
