/**
 * The network of one node: what lets its pods reach others, Services and names. Each part is a service of its own that
 * follows the API, keeps what it last knew on disk, and goes on with that when the API can't be reached. A part that
 * breaks is started again alone. What the parts put into the kernel stays there when they stop: an agent that is
 * restarted or upgraded disturbs no connection.
 */
import { supervise, type Clock, type Logger, type Service } from '@skerry/base';
import { gatewayKeyAnnotation, type Node, type PoolMember, wireGuardAnnotation } from '@skerry/api';
import { resources, type ApiClient } from '@skerry/client';
import { createNetworkPolicies, type PodPolicies } from '#policy/network-policies.ts';
import { createServices } from '#services/create-services.ts';
import { createClusterView, type ClusterView } from '#cluster-view.ts';
import { createCrossing, type Relay } from '#crossing/crossing.ts';
import { dnsOfPods, type DnsService } from '#dns/dns-service.ts';
import { createNameServer } from '#dns/name-server.ts';
import { createFabric, type PodNetworkPlan } from '#fabric/fabric.ts';
import type { LocalKnowledge } from '#local-endpoints/local-knowledge.ts';
import { ReachablePools } from '#reachable-pools.ts';

export interface NodeNetworkOptions {
  readonly client: ApiClient;
  readonly nodeName: string;
  /** Name of the node's pool; undefined where it is in none. */
  readonly pool: string | undefined;
  /** Whether the machine speaks IPv6: where it doesn't, its pods have IPv4 addresses alone. */
  readonly hasIpv6: boolean;
  /** Where the Service `kubernetes` leads on this node, where it is not to what the cluster says. */
  readonly localApi?: LocalApi;
  /** Where the parts keep what they know, each in files of its own. */
  readonly stateDirectory: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  /** What `podNetwork` answers is another than before. */
  readonly onPodNetwork?: () => void;
  /** The way to other pools; none is crossed to where absent. */
  readonly relay?: Relay;
  /** What the machines of the pool say of their own pods, for the time in which the center can't. */
  readonly knowledge?: LocalKnowledge;
}

/** The API as a node serves it itself. */
export interface LocalApi {
  /** Undefined for as long as it doesn't. */
  current(): { readonly address: string; readonly port: number } | undefined;
  /** Returns what ends the telling. */
  onChange(tell: () => void): () => void;
}

export interface PartOptions extends NodeNetworkOptions {
  readonly view: ClusterView;
  readonly reachablePools: ReachablePools;
  /** The machines of the pool, this one too, as far as is known now. */
  readonly members: () => readonly PoolMember[];
}

type CreatePart = (options: PartOptions) => Service;

/** In the order of their start; none waits for another. */
const parts: readonly CreatePart[] = [createServices, createNameServer];

export interface NodeNetwork extends Service {
  /** Whom pods ask for names; undefined until Services are known, from the API or from disk. */
  clusterDns(): DnsService | undefined;
  /** What pods of this node have for a network, as far as is known now. */
  podNetwork(): PodNetworkPlan;
  /** The machines of the pool, this one too, as far as is known now. */
  members(): readonly PoolMember[];
  /** Told of pods before their containers start. */
  readonly policies: PodPolicies;
}

/** It must run in the network namespace that the node's pods hang off. */
export function createNodeNetwork(options: NodeNetworkOptions): NodeNetwork {
  const reachablePools = new ReachablePools();
  const view = createClusterView({ ...options, reachablePools });
  const policies = createNetworkPolicies(options);
  const crossing =
    options.relay &&
    createCrossing({
      ...options,
      relay: options.relay,
      publishGateway: (gateway) => publishGateway(options, gateway),
      onChange: () => fabric.look(),
    });
  const fabric = createFabric({
    ...options,
    ...(crossing ? { crossing } : {}),
    onCrossings: (crossings) => reachablePools.learn(crossing ? crossings : []),
  });
  return {
    name: `network of ${options.nodeName}`,
    clusterDns: () => (view.services.isKnown() ? dnsOfPods(view.services) : undefined),
    podNetwork: () => fabric.podNetwork(),
    members: () => fabric.members(),
    policies,
    async run(signal) {
      const { clock, log } = options;
      const services = [
        view,
        policies,
        fabric,
        ...(crossing ? [crossing] : []),
        ...parts.map((create) =>
          create({ ...options, view, reachablePools, members: () => fabric.members() }),
        ),
      ];
      await Promise.all(services.map((service) => supervise(service, { clock, log, signal })));
    },
  };
}

/** The center elects gateways among the machines that have a key. */
async function publishGateway(
  { client, nodeName }: NodeNetworkOptions,
  { publicKey, hasWireGuard }: { readonly publicKey: string; readonly hasWireGuard: boolean },
): Promise<void> {
  const nodes = client.resource<Node>(resources.nodes);
  const { metadata } = await nodes.get(nodeName);
  const before = metadata.annotations ?? {};
  if (before[gatewayKeyAnnotation] === publicKey && (before[wireGuardAnnotation] === 'true') === hasWireGuard)
    return;
  const annotations = {
    [gatewayKeyAnnotation]: publicKey,
    [wireGuardAnnotation]: hasWireGuard ? 'true' : null,
  };
  await nodes.patch(nodeName, { metadata: { annotations } }, { type: 'merge' });
}
