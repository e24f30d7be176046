import type { ResourceRef } from '@skerry/client';

export const centerGroup = 'center.skerry.io';

/** Where the kinds of the management API live; none of them is in a namespace. */
function ref(kind: string, resource: string): ResourceRef {
  return { group: centerGroup, version: 'v1', kind, resource, namespaced: false };
}

export const centerResources = {
  clusters: ref('Cluster', 'clusters'),
  tasks: ref('Task', 'tasks'),
  components: ref('Component', 'components'),
} as const;

/** The namespace that the center keeps its Secrets in. */
export const centerNamespace = 'kube-system';
