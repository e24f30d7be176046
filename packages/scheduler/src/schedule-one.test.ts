import type { Node, Pod, PodAffinityTerm, PodSpec } from '@skerry/api';
import { describe, expect, it } from 'vitest';
import type { ClusterSources } from '#cluster.ts';
import { Cluster } from '#cluster.ts';
import { podInfoOf } from '#pod-info.ts';
import { feasibleEnough, scheduleOne } from '#schedule-one.ts';
import { node, pod } from '#testing/objects.ts';

function clusterOf(nodes: Node[], running: Pod[] = [], sources: ClusterSources = {}): Cluster {
  const cluster = new Cluster(sources);
  for (const each of nodes) cluster.setNode(each);
  for (const each of running) cluster.placePod(podInfoOf(each), each.spec!.nodeName!);
  return cluster;
}

function decide(cluster: Cluster, wanted: Pod): string {
  const decision = scheduleOne(cluster, podInfoOf(wanted));
  return 'node' in decision ? decision.node : decision.unschedulable;
}

const app = (name: string) => ({ matchLabels: { app: name } });
const term = (name: string, topologyKey = 'kubernetes.io/hostname'): PodAffinityTerm => ({
  labelSelector: app(name),
  topologyKey,
});
const anti = (...terms: PodAffinityTerm[]) => ({
  podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms },
});
const near = (...terms: PodAffinityTerm[]) => ({
  podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms },
});
const onNode = (name: string): Partial<PodSpec> => ({
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }] }],
      },
    },
  },
});
const zone = (name: string) => ({ 'topology.kubernetes.io/zone': name });

it('a node without a network for pods takes those of the host network, and others go elsewhere', () => {
  const cluster = clusterOf([
    node('a', { labels: { 'nodepool.openyurt.io/hostnetwork': 'true' } }),
    node('b'),
  ]);
  const ofHost = pod('h');
  ofHost.spec = { ...ofHost.spec!, hostNetwork: true, ...onNode('a') };
  expect(decide(cluster, ofHost)).toBe('a');
  expect(decide(cluster, pod('p'))).toBe('b');
});

describe('a pod that no node can take', () => {
  it.each<[string, Node[], Pod[], Pod, string]>([
    ['without nodes', [], [], pod('p'), 'no nodes available to schedule pods'],
    [
      'for want of a GPU',
      ['a', 'b', 'c', 'd'].map((name) => node(name)),
      [],
      pod('p', { requests: { 'nvidia.com/gpu': '1' } }),
      '0/4 nodes are available: 4 Insufficient nvidia.com/gpu.',
    ],
    [
      'for want of a network of its own',
      [node('a', { labels: { 'nodepool.openyurt.io/hostnetwork': 'true' } })],
      [],
      pod('p'),
      '0/1 nodes are available: 1 node(s) had no pod network (node pool with hostNetwork).',
    ],
    [
      'for several reasons, sorted',
      [
        node('a', { unschedulable: true }),
        node('b', { taints: [{ key: 'k', effect: 'NoSchedule' }] }),
        node('c', { labels: { disk: 'hdd' } }),
        node('d', { labels: { disk: 'ssd' }, allocatable: { cpu: '1', memory: '1Gi' } }),
      ],
      [],
      pod('p', { nodeSelector: { disk: 'ssd' }, requests: { cpu: '2', memory: '2Gi' } }),
      "0/4 nodes are available: 1 Insufficient cpu, 1 Insufficient memory, 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable.",
    ],
    [
      'where pods fill the node',
      [node('a', { allocatable: { pods: '1' } })],
      [pod('x', { nodeName: 'a' })],
      pod('p'),
      '0/1 nodes are available: 1 Too many pods.',
    ],
    [
      'where its port is taken',
      [node('a')],
      [pod('x', { nodeName: 'a', containers: [{ name: 'c', ports: [{ containerPort: 1, hostPort: 80 }] }] })],
      pod('p', { containers: [{ name: 'c', ports: [{ containerPort: 2, hostPort: 80 }] }] }),
      "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.",
    ],
    [
      'of a daemon, for its node alone',
      [node('a', { allocatable: { cpu: '1' } }), node('b'), node('c')],
      [],
      pod('p', { ...onNode('a'), requests: { cpu: '2' } }),
      "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't satisfy plugin(s) [NodeAffinity].",
    ],
    [
      'beside those it keeps away from',
      [node('a')],
      [pod('x', { nodeName: 'a', labels: { app: 'web' } })],
      pod('p', { affinity: anti(term('web')) }),
      "0/1 nodes are available: 1 node(s) didn't match pod anti-affinity rules.",
    ],
    [
      'beside those that keep away from it',
      [node('a')],
      [pod('x', { nodeName: 'a', affinity: anti(term('web')) })],
      pod('p', { labels: { app: 'web' } }),
      "0/1 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity rules.",
    ],
    [
      'away from those it belongs to',
      [node('a')],
      [],
      pod('p', { affinity: near(term('db')) }),
      "0/1 nodes are available: 1 node(s) didn't match pod affinity rules.",
    ],
    [
      'with a claim that is missing',
      [node('a')],
      [],
      pod('p', { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] }),
      '0/1 nodes are available: persistentvolumeclaim "data" not found.',
    ],
  ])('%s', (_, nodes, running, wanted, message) => {
    expect(decide(clusterOf(nodes, running), wanted)).toBe(message);
  });

  it('for skew between zones', () => {
    const spread = {
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: 'topology.kubernetes.io/zone',
          whenUnsatisfiable: 'DoNotSchedule',
          labelSelector: app('web'),
        },
      ],
      labels: { app: 'web' },
    };
    const nodes = [
      node('a', { labels: zone('east') }),
      node('b', { labels: zone('west'), allocatable: { cpu: '0' } }),
      node('c'),
    ];
    const cluster = clusterOf(nodes, [pod('x', { nodeName: 'a', labels: { app: 'web' } })]);
    expect(decide(cluster, pod('p', { ...spread, requests: { cpu: '1' } }))).toBe(
      "0/3 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match pod topology spread constraints, 1 node(s) didn't match pod topology spread constraints (missing required label).",
    );
    expect(decide(cluster, pod('p', spread))).toBe('b');
  });
});

describe('a pod that fits', () => {
  it.each<[string, Node[], Pod[], Pod, string]>([
    [
      'goes where most is left',
      [node('a'), node('b')],
      [pod('x', { nodeName: 'a', requests: { cpu: '1', memory: '2Gi' } })],
      pod('p', { requests: { cpu: '1' } }),
      'b',
    ],
    [
      'counts what unasking pods are assumed to take',
      [node('a'), node('b')],
      [pod('x', { nodeName: 'a' })],
      pod('p'),
      'b',
    ],
    [
      'tolerates a cordon when told to',
      [node('a', { unschedulable: true })],
      [],
      pod('p', { tolerations: [{ operator: 'Exists' }] }),
      'a',
    ],
    [
      'avoids a soft taint',
      [node('a', { taints: [{ key: 'k', effect: 'PreferNoSchedule' }] }), node('b')],
      [],
      pod('p'),
      'b',
    ],
    [
      'follows its preference',
      [node('a'), node('b', { labels: { disk: 'ssd' } })],
      [],
      pod('p', {
        affinity: {
          nodeAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              { weight: 1, preference: { matchExpressions: [{ key: 'disk', operator: 'Exists' }] } },
            ],
          },
        },
      }),
      'b',
    ],
    [
      'goes near its friends',
      [node('a'), node('b')],
      [pod('x', { nodeName: 'b', labels: { app: 'db' } })],
      pod('p', { affinity: near(term('db')) }),
      'b',
    ],
    [
      'starts a group that attracts itself',
      [node('a')],
      [],
      pod('p', { labels: { app: 'db' }, affinity: near(term('db')) }),
      'a',
    ],
    [
      'prefers distance from its like when asked',
      [node('a', { allocatable: { cpu: '40' } }), node('b')],
      [pod('x', { nodeName: 'a', labels: { app: 'web' } })],
      pod('p', {
        affinity: {
          podAntiAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: term('web') }],
          },
        },
      }),
      'b',
    ],
    [
      'spreads over the zones of its controller',
      [
        node('a', { labels: zone('east') }),
        node('b', { labels: zone('east') }),
        node('c', { labels: zone('west') }),
      ],
      [pod('x', { nodeName: 'a', owner: 'rs' }), pod('y', { nodeName: 'c' })],
      pod('p', { owner: 'rs' }),
      'c',
    ],
    [
      'goes where its image is on many nodes',
      [
        node('a'),
        node('b', { images: [{ names: ['big:1'], sizeBytes: 900 * 1024 * 1024 }] }),
        node('c', { images: [{ names: ['big:1'], sizeBytes: 900 * 1024 * 1024 }], unschedulable: true }),
      ],
      [],
      pod('p', { containers: [{ name: 'c', image: 'big:1' }] }),
      'b',
    ],
    ['of a daemon goes to its node', [node('a'), node('b')], [], pod('p', onNode('b')), 'b'],
  ])('%s', (_, nodes, running, wanted, name) => {
    expect(decide(clusterOf(nodes, running), wanted)).toBe(name);
  });

  it('is kept from namespaces that a term doesn’t mean', () => {
    const running = [pod('x', { nodeName: 'a', labels: { app: 'web' }, namespace: 'other' })];
    const cluster = clusterOf([node('a')], running, {
      namespaceLabels: (name): Record<string, string> => (name === 'other' ? { team: 'red' } : {}),
    });
    expect(decide(cluster, pod('p', { affinity: anti(term('web')) }))).toBe('a');
    const everywhere = { ...term('web'), namespaceSelector: {} };
    expect(decide(cluster, pod('p', { affinity: anti(everywhere) }))).toContain('anti-affinity');
    const red = { ...term('web'), namespaceSelector: { matchLabels: { team: 'red' } } };
    expect(decide(cluster, pod('p', { affinity: anti(red) }))).toContain('anti-affinity');
    const blue = { ...term('web'), namespaceSelector: { matchLabels: { team: 'blue' } } };
    expect(decide(cluster, pod('p', { affinity: anti(blue) }))).toBe('a');
  });

  it('leaves room that is promised to more important pods', () => {
    const cluster = clusterOf([node('a', { allocatable: { cpu: '2' } })]);
    cluster.nominate(podInfoOf(pod('vip', { priority: 10, requests: { cpu: '2' } })), 'a');
    expect(decide(cluster, pod('p', { requests: { cpu: '1' } }))).toBe(
      '0/1 nodes are available: 1 Insufficient cpu.',
    );
    expect(decide(cluster, pod('p', { priority: 20, requests: { cpu: '1' } }))).toBe('a');
    expect(decide(cluster, pod('vip', { priority: 10, requests: { cpu: '2' } }))).toBe('a');
  });

  it('sees the same after any supposition', () => {
    const running = [
      pod('x', { nodeName: 'a', requests: { cpu: '3' }, owner: 'rs', affinity: anti(term('q')) }),
    ];
    const cluster = clusterOf([node('a')], running);
    const info = cluster.placeOf('default/x')!.info;
    const wanted = pod('p', { requests: { cpu: '2' } });
    cluster.suppose(cluster.node('a')!, { without: [info] }, () => expect(decide(cluster, wanted)).toBe('a'));
    expect(decide(cluster, wanted)).toContain('Insufficient cpu');
    expect(cluster.node('a')!.usedMilliCpu).toBe(3000);
    expect(cluster.nodesWithRequiredAnti.size).toBe(1);
    expect(cluster.nodesOfController('rs').size).toBe(1);
  });
});

describe('a cluster', () => {
  it('keeps pods of a node that isn’t known yet, or no longer', () => {
    const cluster = clusterOf([], [pod('x', { nodeName: 'a', requests: { cpu: '3' } })]);
    cluster.setNode(node('a'));
    expect(cluster.node('a')!.usedMilliCpu).toBe(3000);
    cluster.removeNode('a');
    cluster.setNode(node('a'));
    expect(cluster.node('a')!.usedMilliCpu).toBe(3000);
    cluster.removeNode('a');
    cluster.removePod('default/x');
    cluster.setNode(node('a'));
    expect(cluster.node('a')!.usedMilliCpu).toBe(0);
  });

  it('is sampled when it is big', () => {
    expect([50, 100, 500, 5000, 10_000].map((count) => feasibleEnough(count))).toEqual([
      50, 100, 230, 500, 500,
    ]);
  });
});
