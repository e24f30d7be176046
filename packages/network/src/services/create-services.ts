/** Composes the part of a node's network that serves Services. */
import { existsSync } from 'node:fs';
import type { Node } from '@skerry/api';
import { describeError, supervise, type Service } from '@skerry/base';
import { resources, type ApiClient } from '@skerry/client';
import { FollowedObjects } from '#followed-objects.ts';
import type { PartOptions } from '#node-network.ts';
import { NftSession } from '#nftables/nft-session.ts';
import { runNft } from '#nftables/run-nft.ts';
import { runCommand } from '#kernel/run-command.ts';
import { removeTable } from '#services/base-rules.ts';
import { KernelTable } from '#services/kernel-table.ts';
import {
  createLoadBalancerAddresses,
  loadBalancerAddressesFile,
  removeLoadBalancerAddresses,
} from '#services/load-balancer-addresses.ts';
import { createMetricsServer, ProxyMetrics } from '#services/proxy-metrics.ts';
import type { Family } from '#services/service-ports.ts';
import { createServiceProxy } from '#services/service-proxy.ts';

export function createServices(options: PartOptions): Service {
  const { nodeName, pool, view, reachablePools, localApi, stateDirectory, clock, log, knowledge } = options;
  const node = ownNode(options);
  const nft = new NftSession();
  const table = new KernelTable({ families: machineFamilies(), load: (script) => nft.load(script) });
  const metrics = new ProxyMetrics({ clock });
  const proxy = createServiceProxy({
    nodeName,
    pool,
    services: view.services,
    slices: view.slices,
    node,
    reachablePools,
    localApi,
    table,
    metrics,
    forgetFlow,
    clock,
    log,
  });
  const addresses = createLoadBalancerAddresses({
    nodeName,
    pool,
    services: view.services,
    members: () => options.members().map(({ node: name }) => name),
    knowledge,
    stateFile: loadBalancerAddressesFile(stateDirectory),
    run: (...command) => runCommand(command),
    clock,
    log,
  });
  const services = [node, proxy, addresses, createMetricsServer(metrics, { clock, log })];
  return {
    name: 'services',
    async run(signal) {
      try {
        await Promise.all(services.map((service) => supervise(service, { clock, log, signal })));
      } finally {
        nft.close();
      }
    },
  };
}

/** Takes away all that Services put into this machine's network. */
export async function removeServices({ stateDirectory }: { readonly stateDirectory: string }): Promise<void> {
  await removeLoadBalancerAddresses(loadBalancerAddressesFile(stateDirectory), (...command) =>
    runCommand(command),
  );
  await runNft(`${machineFamilies().flatMap(removeTable).join('\n')}\n`);
}

function ownNode({
  client,
  nodeName,
  clock,
  log,
  random,
}: PartOptions & { readonly client: ApiClient }): FollowedObjects<Node> {
  return new FollowedObjects<Node>({
    client,
    ref: resources.nodes,
    scopes: [{ fieldSelector: `metadata.name=${nodeName}` }],
    transform({ metadata, spec }) {
      const { name, uid, resourceVersion, labels } = metadata;
      return {
        metadata: { name, uid, resourceVersion, labels },
        spec: { podCIDR: spec?.podCIDR, podCIDRs: spec?.podCIDRs },
      };
    },
    clock,
    log,
    random,
  });
}

function machineFamilies(): Family[] {
  return existsSync('/proc/net/if_inet6') ? ['ip', 'ip6'] : ['ip'];
}

/** It ends with 1 where there was no such flow, which is as well. */
async function forgetFlow(args: readonly string[]): Promise<void> {
  try {
    await runCommand(['conntrack', ...args]);
  } catch (error) {
    if (!describeError(error).includes('0 flow entries')) throw error;
  }
}
