/** Nodes and pods as large clusters have them: regions with pools, workloads of a hundred pods, a few of everything wrong. */
import type { Node, Pod } from '@skerry/api';

const regions = ['beijing', 'guangzhou', 'osaka', 'shanghai', 'tokyo'];
const poolsPerRegion = 4;
const start = Date.UTC(2026, 0, 1);
const at = (seconds: number) => new Date(start + seconds * 1000).toISOString().replace('.000Z', 'Z');

export function nodeName(index: number): string {
  return `node-${String(index).padStart(5, '0')}`;
}

export function poolOf(index: number): { region: string; pool: string } {
  const region = regions[index % regions.length]!;
  return { region, pool: `${region}-${Math.floor(index / regions.length) % poolsPerRegion}` };
}

export function syntheticNode(
  index: number,
  { ready = 'True' }: { ready?: 'True' | 'False' | 'Unknown' } = {},
): Node {
  const { region, pool } = poolOf(index);
  const gpu = index % 50 === 0 ? { 'nvidia.com/gpu': '8' } : {};
  const amounts = { cpu: '16', memory: '64Gi', pods: '110', ...gpu };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: nodeName(index),
      uid: `node-uid-${index}`,
      creationTimestamp: at(index),
      labels: {
        'kubernetes.io/hostname': nodeName(index),
        'kubernetes.io/arch': 'amd64',
        'topology.kubernetes.io/region': region,
        'apps.openyurt.io/nodepool': pool,
        ...(index % 50 === 0 ? { 'nvidia.com/gpu.product': 'H100' } : {}),
      },
    },
    spec: {},
    status: {
      capacity: amounts,
      allocatable: amounts,
      conditions: ['MemoryPressure', 'DiskPressure', 'PIDPressure']
        .map((type) => ({
          type,
          status: 'False',
          reason: 'Fine',
          message: 'there is enough',
          lastTransitionTime: at(index),
        }))
        .concat([
          {
            type: 'Ready',
            status: ready,
            reason: ready === 'Unknown' ? 'NodeStatusUnknown' : 'KubeletReady',
            message: ready === 'Unknown' ? 'the node gave no sign of life' : 'the node is ready',
            lastTransitionTime: at(index),
          },
        ]),
      nodeInfo: {
        kubeletVersion: 'v1.36.3',
        osImage: 'Debian GNU/Linux 13',
        kernelVersion: '6.12.0',
        architecture: 'amd64',
        containerRuntimeVersion: 'containerd://2.1.0',
      },
    } as object as NonNullable<Node['status']>,
  };
}

export function syntheticPod(index: number, { nodes }: { nodes: number }): Pod {
  const workload = Math.floor(index / 100);
  const name = `web-${workload}-${(workload * 7919).toString(16).padStart(8, '0')}-${index.toString(36).padStart(5, 'x')}`;
  const node = nodeName(index % nodes);
  const crashing = index % 500 === 0;
  const container = {
    name: 'web',
    image: `registry.example/shop/web:${workload % 40}`,
    resources: { requests: { cpu: '250m', memory: '256Mi' }, limits: { memory: '512Mi' } },
    ports: [{ containerPort: 8080, protocol: 'TCP' }],
    env: Array.from({ length: 8 }, (_, number) => ({
      name: `SETTING_${number}`,
      value: `value-${index}-${number}`,
    })),
    volumeMounts: [
      { name: 'token', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true },
    ],
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: `team-${workload % 100}`,
      uid: `00000000-0000-4000-8000-${index.toString(16).padStart(12, '0')}`,
      creationTimestamp: at(index % 86_400),
      labels: { app: `web-${workload}`, 'pod-template-hash': (workload * 7919).toString(16), tier: 'front' },
      annotations: { 'example.com/checksum': 'f'.repeat(64) },
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          name: `web-${workload}`,
          uid: `replicaset-${workload}`,
          controller: true,
        },
      ],
    },
    spec: {
      nodeName: node,
      serviceAccountName: 'default',
      containers: [container],
      tolerations: [
        {
          key: 'node.kubernetes.io/not-ready',
          operator: 'Exists',
          effect: 'NoExecute',
          tolerationSeconds: 300,
        },
      ],
    },
    status: {
      phase: 'Running',
      hostIP: '10.0.0.1',
      podIP: `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`,
      podIPs: [{ ip: `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}` }],
      startTime: at(index % 86_400),
      conditions: ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({
        type,
        status: crashing && type.endsWith('eady') ? 'False' : 'True',
        lastTransitionTime: at(index % 86_400),
      })),
      containerStatuses: [
        {
          name: 'web',
          image: container.image,
          imageID: `sha256:${'a'.repeat(64)}`,
          ready: !crashing,
          restartCount: crashing ? 12 : 0,
          started: !crashing,
          state: crashing
            ? {
                waiting: { reason: 'CrashLoopBackOff', message: 'back-off 5m0s restarting failed container' },
              }
            : { running: { startedAt: at(index % 86_400) } },
        },
      ],
    },
  };
}
