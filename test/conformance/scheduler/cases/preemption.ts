/** Pods that are more important than those that run: who goes, where, and what is said when nobody's going would help. */
import type { KubeObject } from '@skerry/api';
import { resources } from '@skerry/client';
import type { SchedulingCase } from '../case.ts';
import { node, pod, type PodGiven } from '../objects.ts';
import type { PriorityClassName } from '../priority-classes.ts';

const on = (
  nodeName: string,
  name: string,
  priorityClassName: PriorityClassName,
  cpu: string,
  more: PodGiven = {},
) => pod(name, { nodeName, priorityClassName, requests: { cpu }, since: '2026-01-01T00:00:00Z', ...more });
const important = (cpu: string, more: PodGiven = {}) =>
  pod('p', { priorityClassName: 'high', requests: { cpu }, ...more });

function budget(app: string, disruptionsAllowed: number) {
  const object: KubeObject & { spec: object; status: object } = {
    metadata: { name: `of-${app}`, namespace: 'default' },
    spec: { minAvailable: 1, selector: { matchLabels: { app } } },
    status: {
      disruptionsAllowed,
      currentHealthy: 1,
      desiredHealthy: 1,
      expectedPods: 1,
      observedGeneration: 1,
    },
  };
  return [resources.podDisruptionBudgets, object] as const;
}

export const preemptionCases: readonly SchedulingCase[] = [
  {
    name: 'the only one that could go',
    nodes: [node('a')],
    running: [on('a', 'x', 'low', '3')],
    pod: important('2'),
  },
  {
    name: 'nobody is less important',
    nodes: [node('a'), node('b')],
    running: [on('a', 'x', 'high', '3'), on('b', 'y', 'high', '3')],
    pod: important('2'),
  },
  {
    name: 'going would not be enough',
    nodes: [node('a')],
    running: [on('a', 'x', 'low', '1'), on('a', 'y', 'high', '3')],
    pod: important('2'),
  },
  {
    name: 'one that waits its turn',
    nodes: [node('a')],
    running: [on('a', 'x', 'low', '3')],
    pod: pod('p', { priorityClassName: 'patient', requests: { cpu: '2' } }),
  },
  {
    name: 'as few as possible of those on a node',
    nodes: [node('a')],
    running: [on('a', 'x', 'low', '1'), on('a', 'y', 'middle', '1'), on('a', 'z', 'low', '2')],
    pod: important('2'),
  },
  {
    name: 'the node whose most important victim is the least',
    nodes: [node('a'), node('b')],
    running: [on('a', 'x', 'middle', '3'), on('b', 'y', 'low', '2'), on('b', 'z', 'low', '2')],
    pod: important('3'),
  },
  {
    name: 'the node with the fewest victims',
    nodes: [node('a'), node('b')],
    running: [on('a', 'x', 'low', '2'), on('a', 'y', 'low', '2'), on('b', 'z', 'low', '3')],
    pod: important('3'),
  },
  {
    name: 'the node whose victim started last',
    nodes: [node('a'), node('b')],
    running: [on('a', 'x', 'low', '3'), on('b', 'y', 'low', '3', { since: '2026-02-01T00:00:00Z' })],
    pod: important('2'),
  },
  {
    name: 'a node whose victim no budget protects',
    nodes: [node('a'), node('b')],
    objects: [budget('web', 0)],
    running: [on('a', 'x', 'low', '3', { labels: { app: 'web' } }), on('b', 'y', 'middle', '3')],
    pod: important('2'),
  },
  {
    name: 'against a budget where nothing else helps',
    nodes: [node('a')],
    objects: [budget('web', 0)],
    running: [on('a', 'x', 'low', '3', { labels: { app: 'web' } })],
    pod: important('2'),
  },
  {
    name: 'those that a budget protects stay where others suffice',
    nodes: [node('a')],
    objects: [budget('web', 0)],
    running: [on('a', 'x', 'low', '2', { labels: { app: 'web' } }), on('a', 'y', 'middle', '2')],
    pod: important('2'),
  },
  {
    name: 'some nodes could be cleared, others never',
    nodes: [
      node('a', { unschedulable: true }),
      node('b', { labels: { disk: 'hdd' } }),
      node('c', { labels: { disk: 'ssd' } }),
      node('d', { labels: { disk: 'ssd' }, allocatable: { cpu: '1' } }),
    ],
    running: [on('c', 'x', 'high', '3')],
    pod: important('2', { nodeSelector: { disk: 'ssd' } }),
  },
  {
    name: 'a port that a less important pod holds',
    nodes: [node('a')],
    running: [
      on('a', 'x', 'low', '1', {
        containers: [{ name: 'm', image: 'i', ports: [{ containerPort: 1, hostPort: 80 }] }],
      }),
    ],
    pod: pod('p', {
      priorityClassName: 'high',
      containers: [{ name: 'm', image: 'i', ports: [{ containerPort: 1, hostPort: 80 }] }],
    }),
  },
  {
    name: 'a less important pod keeps away from it',
    nodes: [node('a')],
    running: [
      on('a', 'x', 'low', '1', {
        affinity: {
          podAntiAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [
              { labelSelector: { matchLabels: { app: 'web' } }, topologyKey: 'kubernetes.io/hostname' },
            ],
          },
        },
      }),
    ],
    pod: pod('p', { priorityClassName: 'high', labels: { app: 'web' } }),
  },
];
