/** What depends on a node and the pod alone: room, taints, affinity to nodes, ports, and what is said of several reasons. */
import type { NodeSelectorRequirement, NodeSelectorTerm, PodSpec } from '@skerry/api';
import type { SchedulingCase } from '../case.ts';
import { container, node, pod, type PodGiven } from '../objects.ts';

const hungry = (requests: Record<string, string>, more: PodGiven = {}) => pod('p', { requests, ...more });
const filling = (on: string, requests: Record<string, string>) => pod(`on-${on}`, { requests, nodeName: on });
const required = (...nodeSelectorTerms: NodeSelectorTerm[]): Partial<PodSpec> => ({
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
});
const labelled = (...matchExpressions: NodeSelectorRequirement[]) => required({ matchExpressions });
const port = (containerPort: number, hostPort: number, more: { hostIP?: string; protocol?: string } = {}) => [
  container({ ports: [{ containerPort, hostPort, ...more }] }),
];
const taint = (key: string, effect: string, value = '') => ({ key, effect, ...(value ? { value } : {}) });

const disks = [
  node('a', { labels: { disk: 'ssd', slots: '4' } }),
  node('b', { labels: { disk: 'hdd', slots: '8' } }),
  node('c'),
];

export const nodeCases: readonly SchedulingCase[] = [
  { name: 'no nodes', nodes: [], pod: pod('p') },
  { name: 'more cpu than any node has', nodes: [node('a'), node('b')], pod: hungry({ cpu: '5' }) },
  {
    name: 'more cpu than is left',
    nodes: [node('a')],
    running: [filling('a', { cpu: '3' })],
    pod: hungry({ cpu: '2' }),
  },
  {
    name: 'too little of everything',
    nodes: [node('a', { allocatable: { 'example.com/gpu': '1' } })],
    pod: hungry({ cpu: '5', memory: '9Gi', 'ephemeral-storage': '20Gi', 'example.com/gpu': '2' }),
  },
  {
    name: 'a resource that no node has, and one that some have',
    nodes: [node('a'), node('b', { allocatable: { 'example.com/gpu': '1' } })],
    running: [filling('b', { 'example.com/gpu': '1' })],
    pod: hungry({ 'example.com/gpu': '1' }),
  },
  {
    name: 'as many pods as a node takes',
    nodes: [node('a', { allocatable: { pods: '1' } })],
    running: [filling('a', {})],
    pod: hungry({ cpu: '5' }),
  },
  {
    name: 'an exact fit',
    nodes: [node('a'), node('b', { allocatable: { cpu: '3999m' } })],
    pod: hungry({ cpu: '4', memory: '8Gi' }),
  },
  {
    name: 'an init container asks for more than the containers',
    nodes: [node('a', { allocatable: { cpu: '1' } }), node('b')],
    pod: pod('p', {
      initContainers: [container({ name: 'first', requests: { cpu: '2' } })],
      containers: [container({ requests: { cpu: '500m' } })],
    }),
  },
  {
    name: 'sidecars count beside containers and beside later init containers',
    nodes: [
      node('a', { allocatable: { cpu: '1499m' } }),
      node('b', { allocatable: { cpu: '1500m' } }),
      node('c', { allocatable: { cpu: '1200m' } }),
    ],
    pod: pod('p', {
      initContainers: [
        container({ name: 'early', requests: { cpu: '1' } }),
        container({ name: 'side', requests: { cpu: '600m' }, restartPolicy: 'Always' }),
        container({ name: 'late', requests: { cpu: '900m' } }),
      ],
      containers: [container({ requests: { cpu: '700m' } })],
    }),
  },
  {
    name: 'requests of the whole pod stand for those of its containers',
    nodes: [node('a', { allocatable: { cpu: '1' } }), node('b')],
    pod: pod('p', {
      resources: { requests: { cpu: '2' } },
      containers: [container({ requests: { cpu: '100m' } })],
    }),
  },
  {
    name: 'a cordoned node',
    nodes: [node('a', { unschedulable: true }), node('b', { unschedulable: true })],
    pod: pod('p'),
  },
  {
    name: 'a cordoned node and a pod that tolerates it',
    nodes: [node('a', { unschedulable: true })],
    pod: pod('p', { tolerations: [{ key: 'node.kubernetes.io/unschedulable', operator: 'Exists' }] }),
  },
  {
    name: 'taints that are not tolerated',
    nodes: [
      node('a', { taints: [taint('dedicated', 'NoSchedule', 'db')] }),
      node('b', { taints: [taint('broken', 'NoExecute'), taint('dedicated', 'NoSchedule', 'db')] }),
      node('c', { taints: [taint('node.kubernetes.io/not-ready', 'NoSchedule')] }),
    ],
    pod: pod('p'),
  },
  {
    name: 'tolerations by key, value and effect',
    nodes: [
      node('a', { taints: [taint('dedicated', 'NoSchedule', 'db')] }),
      node('b', { taints: [taint('dedicated', 'NoSchedule', 'web')] }),
      node('c', { taints: [taint('dedicated', 'NoExecute', 'db')] }),
    ],
    pod: pod('p', {
      tolerations: [{ key: 'dedicated', operator: 'Equal', value: 'db', effect: 'NoSchedule' }],
    }),
  },
  {
    name: 'a toleration of everything',
    nodes: [node('a', { taints: [taint('x', 'NoSchedule', 'y'), taint('z', 'NoExecute')] })],
    pod: pod('p', { tolerations: [{ operator: 'Exists' }] }),
  },
  {
    name: 'taints that are only preferred against',
    nodes: [
      node('a', { taints: [taint('x', 'PreferNoSchedule'), taint('y', 'PreferNoSchedule')] }),
      node('b', { taints: [taint('x', 'PreferNoSchedule'), taint('t', 'PreferNoSchedule')] }),
      node('c'),
    ],
    pod: pod('p', { tolerations: [{ key: 't', operator: 'Exists', effect: 'PreferNoSchedule' }] }),
  },
  {
    name: 'a node selector that nobody matches',
    nodes: disks,
    pod: pod('p', { nodeSelector: { disk: 'nvme' } }),
  },
  { name: 'a node selector', nodes: disks, pod: pod('p', { nodeSelector: { disk: 'hdd' } }) },
  {
    name: 'labels in a set',
    nodes: disks,
    pod: pod('p', labelled({ key: 'disk', operator: 'In', values: ['ssd', 'hdd'] })),
  },
  {
    name: 'labels not in a set, missing ones too',
    nodes: disks,
    pod: pod('p', labelled({ key: 'disk', operator: 'NotIn', values: ['ssd'] })),
  },
  {
    name: 'a label that must be missing',
    nodes: disks,
    pod: pod('p', labelled({ key: 'disk', operator: 'DoesNotExist' })),
  },
  {
    name: 'labels greater than a number',
    nodes: disks,
    pod: pod('p', labelled({ key: 'slots', operator: 'Gt', values: ['4'] })),
  },
  {
    name: 'labels less than a number',
    nodes: disks,
    pod: pod('p', labelled({ key: 'slots', operator: 'Lt', values: ['8'] })),
  },
  {
    name: 'terms of which one suffices, beside a selector that must hold',
    nodes: disks,
    pod: pod('p', {
      nodeSelector: { slots: '4' },
      ...required(
        { matchExpressions: [{ key: 'disk', operator: 'In', values: ['hdd'] }] },
        { matchExpressions: [{ key: 'disk', operator: 'Exists' }] },
      ),
    }),
  },
  {
    name: 'a term that asks for nothing matches nothing',
    nodes: disks,
    pod: pod('p', required({})),
  },
  {
    name: 'a node by name that has no room',
    nodes: [node('a', { allocatable: { cpu: '1' } }), node('b'), node('c')],
    pod: pod('p', {
      requests: { cpu: '2' },
      ...required({ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['a'] }] }),
    }),
  },
  {
    name: 'a node by name that is not there',
    nodes: [node('b'), node('c')],
    pod: pod('p', required({ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['a'] }] })),
  },
  {
    name: 'a node by name that is tainted',
    nodes: [node('a', { taints: [taint('x', 'NoSchedule')] }), node('b')],
    pod: pod('p', required({ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['a'] }] })),
  },
  {
    name: 'any but a node by name',
    nodes: [node('a'), node('b')],
    pod: pod('p', required({ matchFields: [{ key: 'metadata.name', operator: 'NotIn', values: ['a'] }] })),
  },
  {
    name: 'preferred labels of nodes',
    nodes: disks,
    pod: pod('p', {
      affinity: {
        nodeAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 30, preference: { matchExpressions: [{ key: 'disk', operator: 'Exists' }] } },
            {
              weight: 7,
              preference: { matchExpressions: [{ key: 'disk', operator: 'In', values: ['ssd'] }] },
            },
            { weight: 50, preference: {} },
          ],
        },
      },
    }),
  },
  {
    name: 'a port of the host that is taken',
    nodes: [node('a')],
    running: [pod('holder', { nodeName: 'a', containers: port(1, 80) })],
    pod: pod('p', { containers: port(2, 80) }),
  },
  {
    name: 'the same port of the host by another protocol',
    nodes: [node('a'), node('b', { unschedulable: true })],
    running: [pod('holder', { nodeName: 'a', containers: port(1, 80) })],
    pod: pod('p', { containers: port(2, 80, { protocol: 'UDP' }) }),
  },
  {
    name: 'the same port of another address of the host',
    nodes: [node('a'), node('b', { unschedulable: true })],
    running: [pod('holder', { nodeName: 'a', containers: port(1, 80, { hostIP: '10.0.0.1' }) })],
    pod: pod('p', { containers: port(2, 80, { hostIP: '10.0.0.2' }) }),
  },
  {
    name: 'a port of one address that is taken on all',
    nodes: [node('a')],
    running: [pod('holder', { nodeName: 'a', containers: port(1, 80) })],
    pod: pod('p', { containers: port(2, 80, { hostIP: '10.0.0.2' }) }),
  },
  {
    name: 'a port that a sidecar holds',
    nodes: [node('a')],
    running: [
      pod('holder', {
        nodeName: 'a',
        initContainers: [
          container({
            name: 'side',
            restartPolicy: 'Always',
            ports: [{ containerPort: 1, hostPort: 80 }],
          }),
        ],
      }),
    ],
    pod: pod('p', { containers: port(2, 80) }),
  },
  {
    name: 'another reason on each node',
    nodes: [
      node('a', { unschedulable: true }),
      node('b', { taints: [taint('x', 'NoSchedule')] }),
      node('c', { labels: { disk: 'hdd' } }),
      node('d', { labels: { disk: 'ssd' }, allocatable: { cpu: '1', memory: '1Gi' } }),
      node('e', { labels: { disk: 'ssd' }, allocatable: { cpu: '1' } }),
    ],
    pod: pod('p', { nodeSelector: { disk: 'ssd' }, requests: { cpu: '2', memory: '2Gi' } }),
  },
  {
    name: 'a gate',
    nodes: [node('a')],
    pod: pod('p', { schedulingGates: [{ name: 'example.com/wait' }, { name: 'example.com/more' }] }),
  },
];
