/** Objects of load tests. */
import type { Node, Pod } from '@skerry/api';

/** A pod of ordinary size that no scheduler takes, unless told otherwise. */
export function benchPod(
  name: string,
  { node, scheduler = 'bench', team = 0 }: { node?: string; scheduler?: string; team?: number } = {},
): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', labels: { app: 'bench', team: `team-${team}` } },
    spec: {
      schedulerName: scheduler,
      ...(node ? { nodeName: node } : {}),
      containers: [
        {
          name: 'main',
          image: 'registry.example.com/team/service:1.2.3',
          env: [{ name: 'LOG_LEVEL', value: 'info' }],
          ports: [{ name: 'http', containerPort: 8080 }],
          resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { memory: '64Mi' } },
          readinessProbe: { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 10 },
        },
      ],
    },
  };
}

/** A node without an agent: Ready from the first moment, and nobody to renew that. */
export function benchNode(name: string, zone: string): Node {
  const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  const amounts = { cpu: '16', memory: '64Gi', pods: '110', 'ephemeral-storage': '100Gi' };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        'topology.kubernetes.io/region': zone,
        'topology.kubernetes.io/zone': zone,
      },
    },
    status: {
      capacity: amounts,
      allocatable: amounts,
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          reason: 'KubeletReady',
          message: 'bench',
          lastHeartbeatTime: now,
          lastTransitionTime: now,
        },
      ],
    },
  };
}
