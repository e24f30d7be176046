import { describe, expect, test } from 'vitest';
import type { ClusterCache } from '#cache/cluster-cache.ts';
import { gpuView } from '#gpu/gpu-view.ts';
import { placementAnswer } from '#placement/placement.ts';
import { itemsOf } from '#testing/items-of.ts';
import { syntheticNode } from '#testing/synthetic-objects.ts';
import type { Item } from '#cache/item.ts';

/** Ten nodes, of which two have GPUs: node 0 in beijing, node 50 in beijing too but of another pool; node 1 is cordoned. */
const nodes = itemsOf('nodes', [
  ...Array.from({ length: 9 }, (_, index) => ({
    ...syntheticNode(index),
    spec: index === 1 ? { unschedulable: true } : {},
  })),
  { ...syntheticNode(50), spec: { taints: [{ key: 'gpu', effect: 'NoSchedule' }] } },
]);

const pod = (name: string, node: string | undefined, requests: object, more: object = {}) => ({
  metadata: { name, namespace: 'shop', uid: name, labels: { app: name } },
  spec: {
    ...(node ? { nodeName: node } : {}),
    containers: [{ name: 'c', resources: { requests }, ports: [{ hostPort: 80 }] }],
    ...more,
  },
  status: node
    ? { phase: 'Running' }
    : {
        phase: 'Pending',
        conditions: [
          {
            type: 'PodScheduled',
            status: 'False',
            message: 'no GPU',
            lastTransitionTime: '2026-01-01T00:00:00Z',
          },
        ],
      },
});

function cacheOf(pods: readonly Item[]): ClusterCache {
  const on = (node: string) => pods.filter(({ facts }) => facts?.kind === 'pod' && facts.node === node);
  return {
    pods: { onNode: on, items: () => pods },
    loads: {
      of: (node: string) => {
        const requested = new Map<string, number>();
        for (const { facts } of on(node))
          if (facts?.kind === 'pod')
            for (const [name, amount] of facts.requests)
              requested.set(name, (requested.get(name) ?? 0) + amount);
        return { pods: on(node).length, requested };
      },
    },
  } as unknown as ClusterCache;
}

const held = itemsOf('pods', [
  pod('train', 'node-00000', { 'nvidia.com/gpu': '6', cpu: '15' }),
  pod('secret', 'node-00000', { 'nvidia.com/gpu': '1' }),
]);

describe('placement', () => {
  const ask = (spec: object, daemonSet = false) =>
    placementAnswer({ namespace: 'shop', template: { spec }, daemonSet }, { nodes, cache: cacheOf(held) });
  const asking = (requests: object, more: object = {}) => ({
    containers: [{ name: 'c', resources: { requests } }],
    ...more,
  });

  test.each<[string, object, number, Record<string, number>]>([
    [
      'a small pod',
      asking({ cpu: '100m' }),
      8,
      { 'node(s) were unschedulable': 1, 'node(s) had untolerated taint(s)': 1 },
    ],
    [
      'a pod for one region',
      asking({}, { nodeSelector: { 'topology.kubernetes.io/region': 'beijing' } }),
      2,
      {
        "node(s) didn't match Pod's node affinity/selector": 6,
        'node(s) were unschedulable': 1,
        'node(s) had untolerated taint(s)': 1,
      },
    ],
    [
      'a pod of much',
      asking({ cpu: '10' }),
      7,
      { 'Insufficient cpu': 1, 'node(s) were unschedulable': 1, 'node(s) had untolerated taint(s)': 1 },
    ],
    [
      'a pod with GPUs',
      asking({ 'nvidia.com/gpu': '4' }, { tolerations: [{ operator: 'Exists' }] }),
      1,
      { 'Insufficient nvidia.com/gpu': 9 },
    ],
    [
      'a pod of a port',
      { containers: [{ name: 'c', ports: [{ hostPort: 80 }] }] },
      7,
      {
        "node(s) didn't have free ports for the requested pod ports": 1,
        'node(s) were unschedulable': 1,
        'node(s) had untolerated taint(s)': 1,
      },
    ],
    [
      'a pod of one node',
      asking({}, { nodeName: 'node-00002' }),
      1,
      { "node(s) didn't match the requested node name": 8, 'node(s) were unschedulable': 1 },
    ],
  ])('of %s is answered in the words of the scheduler', (_, spec, matching, reasons) => {
    const answer = ask(spec);
    expect([answer.matching, answer.total]).toEqual([matching, 10]);
    expect(Object.fromEntries(answer.reasons.map(({ why, nodes: count }) => [why, count]))).toEqual(reasons);
    expect(answer.pools.reduce((sum, pool) => sum + pool.matching, 0)).toBe(matching);
  });

  const near = (kind: 'podAffinity' | 'podAntiAffinity', topologyKey: string, matchLabels: object) => ({
    affinity: {
      [kind]: {
        requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey, labelSelector: { matchLabels } }],
      },
    },
  });

  test.each<[string, object, number, string]>([
    [
      'near a pod, in its region',
      near('podAffinity', 'topology.kubernetes.io/region', { app: 'train' }),
      2,
      "node(s) didn't match pod affinity rules",
    ],
    [
      'away from a pod, on other nodes',
      near('podAntiAffinity', 'kubernetes.io/hostname', { app: 'train' }),
      7,
      "node(s) didn't match pod anti-affinity rules",
    ],
    [
      'near pods that are not there',
      near('podAffinity', 'kubernetes.io/hostname', { app: 'nobody' }),
      0,
      "node(s) didn't match pod affinity rules",
    ],
    [
      'near its own, as the first of them',
      near('podAffinity', 'kubernetes.io/hostname', { app: 'new' }),
      8,
      '',
    ],
  ])('%s', (_, more, matching, why) => {
    const answer = placementAnswer(
      { namespace: 'shop', template: { metadata: { labels: { app: 'new' } }, spec: asking({}, more) } },
      { nodes, cache: cacheOf(held) },
    );
    expect(answer.matching).toBe(matching);
    expect(answer.reasons.find((reason) => reason.why === why)?.nodes ?? 0).toBe(8 - matching);
  });

  test('of a DaemonSet is answered for what its pods tolerate', () => {
    expect(ask(asking({}), true).matching).toBe(9);
  });

  test.each([
    [{}],
    [{ template: 1 }],
    [{ spec: { containers: [{ resources: { requests: { cpu: 'much' } } }] } }],
    [{ spec: { containers: 5 } }],
  ])('of %j is refused', (template) => {
    const question = () => placementAnswer({ namespace: 'shop', template }, { nodes, cache: cacheOf([]) });
    expect(question).toThrow(expect.objectContaining({ code: 400 }));
  });
});

describe('GPUs', () => {
  const waiting = itemsOf('pods', [
    pod('queued', undefined, { 'nvidia.com/gpu': '4' }),
    pod('any', undefined, { 'nvidia.com/gpu': '1' }, { tolerations: [{ operator: 'Exists' }] }),
  ]);
  const given = { nodes, pods: [held[0]!, ...waiting], cache: cacheOf(held) };
  const view = gpuView({ ...given, sampler: undefined });

  test('say how busy they are where their exporter does, and otherwise that nothing says so', () => {
    const told: Readonly<Record<string, number>> = { 'node/node-00000': 0.4, 'shop/train': 0.5 };
    const busy = gpuView({ ...given, sampler: { busy: (thing) => told[thing] } });
    expect([busy.measured, busy.nodes[0]?.busy, busy.nodes[1]?.busy]).toEqual(['yes', 0.4, undefined]);
    expect(busy.nodes[0]?.holders.map((holder) => holder.busy)).toEqual([0.5, undefined]);
    const silent = gpuView({ ...given, sampler: { busy: () => undefined } });
    expect([silent.measured, view.measured]).toEqual(['none', 'foreign']);
  });

  test('stand with who holds them; whom the caller may not see has no name', () => {
    expect(view.nodes).toEqual([
      {
        node: 'node-00000',
        region: 'beijing',
        pool: 'beijing-0',
        resource: 'nvidia.com/gpu',
        model: 'H100',
        capacity: 8,
        holders: [
          { namespace: 'shop', pod: 'train', count: 6 },
          { namespace: '', pod: '', count: 1 },
        ],
      },
      expect.objectContaining({ node: 'node-00050', capacity: 8, holders: [] }),
    ]);
  });

  test('that are waited for say which pools could give them, and how many are free there', () => {
    expect(
      view.waiting.map(({ pod: name, count, why, couldHost }) => ({ name, count, why, couldHost })),
    ).toEqual([
      {
        name: 'queued',
        count: 4,
        why: 'no GPU',
        couldHost: [{ pool: 'beijing-0', region: 'beijing', free: 1 }],
      },
      {
        name: 'any',
        count: 1,
        why: 'no GPU',
        couldHost: [
          { pool: 'beijing-2', region: 'beijing', free: 8 },
          { pool: 'beijing-0', region: 'beijing', free: 1 },
        ],
      },
    ]);
  });
});
