/** Composes the part of a node's network that serves Services. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Node } from '@skerry/api';
import type { Service } from '@skerry/base';
import { resources, type ApiClient } from '@skerry/client';
import { FollowedObjects } from '#followed-objects.ts';
import type { PartOptions } from '#node-network.ts';
import { hasChain } from '#nftables/run-nft.ts';
import { serviceTable } from '#services/base-rules.ts';
import { KernelTable } from '#services/kernel-table.ts';
import type { Family } from '#services/service-ports.ts';
import { createServiceProxy } from '#services/service-proxy.ts';

const conntrackTimeoutMs = 5_000;

export function createServices(options: PartOptions): Service {
  const { nodeName, pool, view, clock, log } = options;
  const node = ownNode(options);
  const table = new KernelTable({
    families: machineFamilies(),
    hasChain: (family, chain) => hasChain({ family, table: serviceTable, chain }),
  });
  const proxy = createServiceProxy({
    nodeName,
    pool,
    services: view.services,
    slices: view.slices,
    node,
    table,
    forgetFlow,
    clock,
    log,
  });
  return {
    name: 'services',
    async run(signal) {
      const stop = new AbortController();
      const until = AbortSignal.any([signal, stop.signal]);
      try {
        await Promise.all([node.run(until), proxy.run(until)]);
      } finally {
        stop.abort();
      }
    },
  };
}

function ownNode({
  client,
  nodeName,
  stateDirectory,
  clock,
  log,
  random,
}: PartOptions & { readonly client: ApiClient }): FollowedObjects<Node> {
  return new FollowedObjects<Node>({
    client,
    ref: resources.nodes,
    scopes: [{ fieldSelector: `metadata.name=${nodeName}` }],
    file: join(stateDirectory, 'node.jsonl'),
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
function forgetFlow(args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile('conntrack', [...args], { timeout: conntrackTimeoutMs }, (error) => {
      if (error && error.code !== 1) reject(new Error(`conntrack: ${error.message}`, { cause: error }));
      else resolve();
    });
  });
}
