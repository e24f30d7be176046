import type { Node, Pod, PodSpec, Taint } from '@skerry/api';

/** A node that offers 4 cpu, 8 GiB and 10 pods unless told otherwise. */
export function node(
  name: string,
  {
    labels = {},
    taints,
    unschedulable,
    allocatable = {},
    images,
  }: {
    labels?: Record<string, string>;
    taints?: Taint[];
    unschedulable?: boolean;
    allocatable?: Record<string, string>;
    images?: { names: string[]; sizeBytes: number }[];
  } = {},
): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, uid: `node-${name}`, labels: { 'kubernetes.io/hostname': name, ...labels } },
    spec: { taints, unschedulable },
    status: { allocatable: { cpu: '4', memory: '8Gi', pods: '10', ...allocatable }, images },
  };
}

/** A pending pod with one container; `requests` are that container's. */
export function pod(
  name: string,
  {
    namespace = 'default',
    labels = {},
    requests = {},
    owner,
    startTime,
    ...spec
  }: {
    namespace?: string;
    labels?: Record<string, string>;
    requests?: Record<string, string>;
    owner?: string;
    startTime?: string;
  } & Partial<PodSpec> = {},
): Pod {
  const ownerReferences = owner
    ? [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: owner, uid: owner, controller: true }]
    : undefined;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, uid: `uid-${namespace}-${name}`, labels, ownerReferences },
    spec: {
      schedulerName: 'default-scheduler',
      containers: [{ name: 'c', image: 'app', resources: { requests } }],
      ...spec,
    },
    status: { phase: 'Pending', startTime },
  };
}
