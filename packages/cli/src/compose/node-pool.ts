import { isApiError, type KubeObject } from '@skerry/api';
import { type Clock, sleep } from '@skerry/base';
import type { ApiClient } from '@skerry/client';
import { nodePoolResource } from '#join/node-pool-resource.ts';

interface NodePool extends KubeObject {
  spec: { type: 'Edge' | 'Cloud'; labels?: Record<string, string> };
}

/** Makes an edge pool for a region unless there is one of that name; waits while a fresh center does not know pools yet. */
export async function ensureNodePool(
  client: ApiClient,
  options: { name: string; region: string; clock: Clock; signal: AbortSignal },
): Promise<void> {
  const { name, region, clock, signal } = options;
  const pool: NodePool = {
    apiVersion: 'apps.openyurt.io/v1beta2',
    kind: 'NodePool',
    metadata: { name },
    spec: { type: 'Edge', labels: { 'topology.kubernetes.io/region': region } },
  };
  const deadlineMs = clock.monotonic() + knownWithinMs;
  for (;;) {
    try {
      await client.resource<NodePool>(nodePoolResource).create(pool);
      return;
    } catch (error) {
      if (isApiError(error, 'AlreadyExists')) return;
      if (!isApiError(error, 'NotFound') || clock.monotonic() > deadlineMs) throw error;
    }
    await sleep(clock, 50, signal);
  }
}

const knownWithinMs = 30_000;
