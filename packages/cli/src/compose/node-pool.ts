import { isApiError, type KubeObject } from '@skerry/api';
import type { ApiClient } from '@skerry/client';

interface NodePool extends KubeObject {
  spec: { type: 'Edge' | 'Cloud'; labels?: Record<string, string> };
}

/** The pool's resource, as every part that reads pools names it. */
export const nodePools = {
  group: 'apps.openyurt.io',
  version: 'v1beta2',
  resource: 'nodepools',
  kind: 'NodePool',
  namespaced: false,
} as const;

/** Makes an edge pool for a region unless there is one of that name. */
export async function ensureNodePool(
  client: ApiClient,
  { name, region }: { name: string; region: string },
): Promise<void> {
  const pool: NodePool = {
    apiVersion: 'apps.openyurt.io/v1beta2',
    kind: 'NodePool',
    metadata: { name },
    spec: { type: 'Edge', labels: { 'topology.kubernetes.io/region': region } },
  };
  try {
    await client.resource<NodePool>(nodePools).create(pool);
  } catch (error) {
    if (!isApiError(error, 'AlreadyExists')) throw error;
  }
}
