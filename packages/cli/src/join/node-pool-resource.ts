import type { ResourceRef } from '@skerry/client';

/** Where node pools live. */
export const nodePoolResource: ResourceRef = {
  group: 'apps.openyurt.io',
  version: 'v1beta2',
  resource: 'nodepools',
  kind: 'NodePool',
  namespaced: false,
};
