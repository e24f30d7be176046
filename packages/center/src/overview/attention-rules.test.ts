import { describe, expect, test } from 'vitest';
import { placeOf } from '#cache/cluster-cache.ts';
import type { Item } from '#cache/item.ts';
import type { ResourceCache } from '#cache/resource-cache.ts';
import { clusterAttention } from '#overview/cluster-attention.ts';
import { findings, type AttentionInput } from '#overview/attention-rules.ts';
import { itemsOf } from '#testing/items-of.ts';
import { syntheticNode, syntheticPod } from '#testing/synthetic-objects.ts';

const since = '2026-01-01T00:00:00Z';
const nowMs = Date.parse('2026-01-01T01:00:00Z');

const empty = {
  cluster: 'c',
  nodes: [],
  pods: [],
  deployments: [],
  daemonSets: [],
  jobs: [],
  claims: [],
  namespaces: [],
  apiServices: [],
};

function found(parts: Partial<AttentionInput>) {
  const input = { ...empty, ...parts };
  const byName = new Map((input.nodes as readonly Item[]).map((node) => [node.metadata.name, node]));
  const nodes = { get: (_: undefined, name: string) => byName.get(name) } as unknown as ResourceCache;
  const context = {
    nowMs,
    placeOf: (item: Item) => placeOf(item, nodes),
    stateOf: (item: Item) => item.state,
    loadOf: () => undefined,
    spreadOf: () => [],
  };
  return findings({ ...input, context });
}

const nodes = (...objects: object[]) => itemsOf('nodes', objects, nowMs);
const pods = (...objects: object[]) => itemsOf('pods', objects, nowMs);
const metadata = (name: string, more: object = {}) => ({
  name,
  namespace: 'shop',
  uid: name,
  creationTimestamp: since,
  ...more,
});
const waitingPod = (
  name: string,
  requests: object,
  message = '0/3 nodes are available: 3 Insufficient cpu.',
) => ({
  metadata: metadata(name, {
    labels: { 'pod-template-hash': 'abc' },
    ownerReferences: [{ kind: 'ReplicaSet', name: 'web-abc', controller: true }],
  }),
  spec: { containers: [{ name: 'c', resources: { requests } }] },
  status: {
    phase: 'Pending',
    conditions: [
      { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message, lastTransitionTime: since },
    ],
  },
});

describe('rules', () => {
  test('nothing is wrong with a cluster where nothing is wrong', () => {
    const healthy = Array.from({ length: 20 }, (_, index) => syntheticNode(index));
    const running = Array.from({ length: 99 }, (_, index) => syntheticPod(index + 1, { nodes: 20 }));
    expect(found({ nodes: nodes(...healthy), pods: pods(...running) })).toEqual([]);
  });

  test('nodes out of reach are told once for their pool, with the one that went first', () => {
    const lost = [0, 20, 1].map((index) => syntheticNode(index, { ready: 'Unknown' }));
    const all = found({ nodes: nodes(...lost, syntheticNode(40)) });
    expect(all.map(({ rule, tone, values }) => [rule, tone, values])).toEqual([
      [
        'nodes-disconnected',
        'disconnected',
        { region: 'beijing', pool: 'beijing-0', count: 2, node: 'node-00000', since },
      ],
      ['nodes-disconnected', 'disconnected', expect.objectContaining({ pool: 'guangzhou-0', count: 1 })],
    ]);
    expect(all[0]?.message).toBe(`2 nodes of pool beijing-0 are disconnected, the first since ${since}`);
    expect(all[0]?.link).toBe(
      '/c/c/resources/nodes?region=beijing&pool=beijing-0&q=link%3ADisconnected%2CAutonomous',
    );
  });

  test.each<[string, Partial<AttentionInput>, string, object]>([
    [
      'nodes that are not ready',
      { nodes: nodes(syntheticNode(0, { ready: 'False' })) },
      'nodes-not-ready',
      { count: 1, node: 'node-00000', pool: 'beijing-0' },
    ],
    [
      'pods that crash, by what owns them',
      {
        nodes: nodes(syntheticNode(0)),
        pods: pods(
          ...[0, 500].map((index) => ({
            ...syntheticPod(index, { nodes: 1 }),
            metadata: metadata(`p${index}`, {
              labels: { 'pod-template-hash': 'abc' },
              ownerReferences: [{ kind: 'ReplicaSet', name: 'web-abc', controller: true }],
            }),
          })),
        ),
      },
      'pods-crashing',
      { count: 2, kind: 'Deployment', namespace: 'shop', name: 'web', restarts: 12 },
    ],
    [
      'pods that find no node',
      { pods: pods(waitingPod('a', { cpu: '1' }), waitingPod('b', { cpu: '1' })) },
      'pods-pending',
      { count: 2, kind: 'Deployment', name: 'web', why: '0/3 nodes are available: 3 Insufficient cpu.' },
    ],
    [
      'pods that wait for a GPU',
      { pods: pods(waitingPod('a', { 'nvidia.com/gpu': '4' }), waitingPod('b', { 'nvidia.com/gpu': '1' })) },
      'gpus-waited-for',
      { count: 2, gpus: 5, since },
    ],
    [
      'images that can’t be had in a pool',
      {
        nodes: nodes(syntheticNode(0)),
        pods: pods({
          metadata: metadata('p'),
          spec: { nodeName: 'node-00000', containers: [{ name: 'c' }] },
          status: {
            phase: 'Pending',
            containerStatuses: [
              { name: 'c', image: 'nowhere/x:1', state: { waiting: { reason: 'ImagePullBackOff' } } },
            ],
          },
        }),
      },
      'image-pull-failing',
      { image: 'nowhere/x:1', pool: 'beijing-0', count: 1 },
    ],
    [
      'rollouts that are stuck',
      {
        deployments: itemsOf('deployments.apps', [
          {
            metadata: metadata('web'),
            spec: { replicas: 2 },
            status: {
              conditions: [
                {
                  type: 'Progressing',
                  status: 'False',
                  reason: 'ProgressDeadlineExceeded',
                  message: 'has timed out',
                },
              ],
            },
          },
        ]),
      },
      'rollout-stuck',
      { namespace: 'shop', name: 'web', why: 'has timed out' },
    ],
    [
      'DaemonSets that are not everywhere',
      {
        nodes: nodes(syntheticNode(0, { ready: 'Unknown' })),
        daemonSets: itemsOf('daemonsets.apps', [
          {
            metadata: metadata('agent'),
            spec: { template: {} },
            status: { desiredNumberScheduled: 5, updatedNumberScheduled: 5, numberAvailable: 3 },
          },
        ]),
      },
      'daemonset-incomplete',
      { name: 'agent', count: 2, desired: 5, outOfReach: 1 },
    ],
    [
      'Jobs that failed',
      {
        jobs: itemsOf('jobs.batch', [
          {
            metadata: metadata('load'),
            status: {
              conditions: [
                {
                  type: 'Failed',
                  status: 'True',
                  reason: 'BackoffLimitExceeded',
                  message: 'too often',
                  lastTransitionTime: since,
                },
              ],
            },
          },
        ]),
      },
      'jobs-failed',
      { count: 1, namespace: 'shop', name: 'load' },
    ],
    [
      'claims without a volume',
      {
        claims: itemsOf('persistentvolumeclaims', [
          { metadata: metadata('data'), status: { phase: 'Pending' } },
        ]),
      },
      'volume-claims-pending',
      { count: 1, namespace: 'shop', name: 'data' },
    ],
    [
      'namespaces that don’t go',
      {
        namespaces: itemsOf('namespaces', [
          { metadata: { name: 'old', deletionTimestamp: since }, status: { phase: 'Terminating' } },
        ]),
      },
      'namespace-stuck',
      { namespace: 'old', since },
    ],
    [
      'APIs that are not there',
      {
        apiServices: itemsOf('apiservices.apiregistration.k8s.io', [
          {
            metadata: { name: 'v1.x' },
            status: { conditions: [{ type: 'Available', status: 'False', message: 'no endpoints' }] },
          },
        ]),
      },
      'api-unavailable',
      { name: 'v1.x', why: 'no endpoints' },
    ],
  ])('%s', (_, parts, rule, values) => {
    const own = found(parts).filter((finding) => finding.rule === rule);
    expect(own).toHaveLength(1);
    expect(own[0]?.values).toMatchObject(values);
    expect(own[0]?.message).not.toMatch(/undefined|NaN|\[object/);
    expect(own[0]?.link).toMatch(/^\/c\/c/);
  });

  test('a pod that waits for less than two minutes is no news', () => {
    const [young] = pods(waitingPod('a', { cpu: '1' })).map((item) => ({
      ...item,
      facts:
        item.facts?.kind === 'pod' && item.facts.waiting
          ? { ...item.facts, waiting: { ...item.facts.waiting, since: '2026-01-01T00:59:00Z' } }
          : item.facts!,
    }));
    expect(found({ pods: [young!] })).toEqual([]);
  });
});

describe('what the center itself knows of a cluster', () => {
  const facts = {
    name: 'c',
    kind: 'hosted' as const,
    region: '',
    version: '',
    state: { state: 'Running', tone: 'ok' as const },
    certificates: [
      { name: 'serving', notAfter: '2026-01-06T00:00:00Z' },
      { name: 'admin', notAfter: '2026-01-20T00:00:00Z' },
      { name: 'authority', notAfter: '2036-01-01T00:00:00Z' },
    ],
    failedComponents: [{ component: 'kruise', version: '1.8', why: 'its image is not there' }],
  };

  test('certificates that expire, and a cluster that does not answer, come worst first', () => {
    const attention = clusterAttention('c', { facts, trouble: 'connection refused', nowMs });
    expect(
      attention.map(({ rule, tone, values }) => [rule, tone, values['certificate'] ?? values['why']]),
    ).toEqual([
      ['cluster-unreachable', 'error', 'connection refused'],
      ['certificate-expiring', 'error', 'serving'],
      ['component-failed', 'error', 'its image is not there'],
      ['certificate-expiring', 'warning', 'admin'],
    ]);
    expect(attention[3]?.message).toBe('the certificate admin expires in 18 days');
  });
});
