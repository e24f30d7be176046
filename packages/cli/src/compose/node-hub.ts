/** A node's hub: where its files lie, and its way to the center over the link. */
import { join } from 'node:path';
import type { Agent } from '@skerry/agent';
import type { Transport } from '@skerry/client';
import { createHub, type Hub } from '@skerry/hub';
import type { LinkClient } from '@skerry/link';
import { loadOrCreateValueKeys } from '@skerry/pki';
import type { NodeOptions } from './node.ts';

export interface NodeHubOptions extends NodeOptions {
  readonly link: LinkClient;
  readonly center: Transport;
  readonly agent: () => Agent;
}

export async function openNodeHub(options: NodeHubOptions): Promise<Hub> {
  const { identity, dataDirectory, link, center, agent, clock, random } = options;
  const directory = join(dataDirectory, 'hub');
  const [key] = await loadOrCreateValueKeys(directory);
  return createHub({
    nodeName: identity.config.nodeName,
    cacheFile: join(directory, 'cache.db'),
    key: key.secret,
    upstream: {
      transport: center,
      isLinked: () => link.upSession() !== undefined,
      whenLinked: (signal) => link.whenLinked(signal),
    },
    pods: {
      has: (uid) =>
        agent()
          .pods.list()
          .some(({ pod }) => pod.metadata.uid === uid),
      // None runs before the agent knows it.
      areKnown: () => true,
    },
    clock,
    log: options.log.with({ component: 'hub' }),
    random,
  });
}
