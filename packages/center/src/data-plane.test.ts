import http from 'node:http';
import { silentLogger, systemClock } from '@skerry/base';
import { eventually } from '@skerry/base/testing';
import { resources } from '@skerry/client';
import { FakeApiClient } from '@skerry/client/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ClusterConnections } from '#access/cluster-access.ts';
import type {
  GpuView,
  Home,
  LiveMessage,
  Overview,
  PlacementAnswer,
  SearchHit,
  Series,
} from '#contract/index.ts';
import { createDataPlane, type DataPlane } from '#data-plane.ts';
import type { CenterRequest, SocketRoute } from '#http/route.ts';
import { centerResources } from '#management/resources.ts';
import { callerNamed } from '#testing/caller-named.ts';
import { serveSockets, type SocketServer } from '#testing/serve-sockets.ts';
import { poolOf, syntheticNode } from '#testing/synthetic-objects.ts';
import { clusterName, startTestCluster, type TestCluster } from '#testing/test-cluster.ts';

let cluster: TestCluster;
let plane: DataPlane;
let live: SocketServer;

const summary = (node: string) => ({
  node: { nodeName: node, cpu: { usageNanoCores: 500_000_000 }, memory: { workingSetBytes: 2048 } },
  pods: [
    {
      podRef: { name: 'train', namespace: 'shop' },
      containers: [{ name: 'c', cpu: { usageNanoCores: 250_000_000 }, memory: { workingSetBytes: 1024 } }],
    },
  ],
});

beforeAll(async () => {
  const node = http.createServer((request, response) =>
    response.end(JSON.stringify(summary(request.headers.host ?? ''))),
  );
  cluster = await startTestCluster(['ann', 'nobody'], { node });
  const { admin } = cluster;
  const management = new FakeApiClient({ clock: systemClock });
  management.seed(centerResources.clusters, {
    metadata: { name: clusterName },
    spec: { type: 'hosted', region: 'tokyo' },
    status: {
      phase: 'Running',
      version: 'v1.36.3',
      availability: { ratio: 0.5 },
      certificates: [{ name: 'serving', notAfter: new Date(Date.now() + 86_400_000).toISOString() }],
    },
  } as object);
  const connections = {
    names: () => [clusterName],
    get: (name: string) => (name === clusterName ? { reader: cluster.reader.transport } : undefined),
    onChange: () => () => undefined,
  } as unknown as ClusterConnections;
  plane = createDataPlane({
    management: { client: management },
    access: cluster.access,
    connections,
    clock: systemClock,
    log: silentLogger,
    random: () => 0,
  });
  live = await serveSockets(socketRoute('/api/live'), {});
  for (const namespace of ['shop', 'bank']) {
    await admin.resource(resources.namespaces).create({ metadata: { name: namespace } });
    await admin.resource(resources.serviceAccounts).create({ metadata: { name: 'default', namespace } });
  }
  for (const [index, ready] of [
    [0, 'True'],
    [1, 'Unknown'],
  ] as const) {
    const object = syntheticNode(index, { ready });
    await admin.resource(resources.nodes).create(object);
    await admin
      .resource(resources.nodes)
      .patch(object.metadata.name!, { status: object.status }, { type: 'merge', subresource: 'status' });
  }
  await admin.resource(resources.pods).create({
    metadata: { name: 'train', namespace: 'shop' },
    spec: {
      nodeName: 'node-00000',
      containers: [
        { name: 'c', image: 'i', resources: { requests: { cpu: '2' }, limits: { 'nvidia.com/gpu': '3' } } },
      ],
    },
  } as object);
  await admin
    .resource({
      group: 'rbac.authorization.k8s.io',
      version: 'v1',
      kind: 'RoleBinding',
      resource: 'rolebindings',
      namespaced: true,
    })
    .create({
      metadata: { name: 'ann', namespace: 'bank' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'ann' }],
    } as object);
});
afterAll(async () => {
  await live.close();
  plane.close();
  await cluster.close();
});

function socketRoute(pattern: string): SocketRoute {
  const route = plane.sockets.find((candidate) => candidate.pattern === pattern);
  if (!route) throw new Error(`no socket ${pattern}`);
  return route;
}

async function ask<T>(
  path: string,
  query: Record<string, string> = {},
  { user = 'admin', body }: { user?: string; body?: object } = {},
): Promise<T> {
  const pattern = path.replace(`/${clusterName}/`, '/:cluster/');
  const route = plane.routes.find((candidate) => candidate.pattern === pattern);
  if (!route) throw new Error(`no route ${pattern}`);
  const response = await route.handle({
    caller: callerNamed(user),
    params: { cluster: clusterName },
    query: new URLSearchParams(query),
    json: async () => body,
  } as unknown as CenterRequest);
  return JSON.parse(response.body as string) as T;
}

const of = (what: string) => `/api/clusters/${clusterName}/${what}`;

describe('the home page', () => {
  test('tells each cluster and what wants attention, worst first', async () => {
    await eventually(async () => {
      const { clusters, attention } = await ask<Home>('/api/home');
      expect(clusters).toEqual([
        {
          name: clusterName,
          kind: 'hosted',
          region: 'tokyo',
          version: 'v1.36.3',
          state: { state: 'Running', tone: 'ok' },
          nodes: { ok: 1, disconnected: 1 },
          pods: { progressing: 1 },
          gpus: { capacity: 8, used: 3 },
          availability: 0.5,
        },
      ]);
      expect(attention.map(({ rule, tone }) => [rule, tone])).toEqual([
        ['certificate-expiring', 'error'],
        ['nodes-disconnected', 'disconnected'],
      ]);
    });
  });

  test('tells somebody with one namespace of that namespace, and no more', async () => {
    const { clusters, attention } = await ask<Home>('/api/home', {}, { user: 'ann' });
    expect(clusters[0]).toMatchObject({ nodes: {}, pods: {} });
    expect(attention.map(({ rule }) => rule)).toEqual(['certificate-expiring']);
  });
});

test('the overview of a cluster has its regions and what is taken of what there is', async () => {
  await eventually(async () => {
    const { regions, capacity, freshness } = await ask<Overview>(of('overview'));
    expect(regions).toEqual([
      { region: 'beijing', pools: [{ pool: 'beijing-0', nodes: { ok: 1 } }] },
      { region: 'guangzhou', pools: [{ pool: 'guangzhou-0', nodes: { disconnected: 1 } }] },
    ]);
    expect(capacity['cpu']).toMatchObject({ allocatable: 32, requested: 2 });
    expect(capacity['nvidia.com/gpu']).toEqual({ allocatable: 8, requested: 3 });
    expect(capacity['pods']).toEqual({ allocatable: 220, requested: 1 });
    expect(freshness).toEqual({ state: 'live' });
  });
});

test('the GPU page has what is held', async () => {
  const { nodes } = await ask<GpuView>(of('gpu'));
  expect(nodes).toEqual([
    expect.objectContaining({ node: 'node-00000', holders: [{ namespace: 'shop', pod: 'train', count: 3 }] }),
  ]);
  expect(await ask<GpuView>(of('gpu'), {}, { user: 'ann' })).toEqual({
    nodes: [],
    waiting: [],
    measured: 'none',
  });
});

test('placement counts what pods take', async () => {
  const answer = await ask<PlacementAnswer>(
    of('placement'),
    {},
    {
      body: {
        namespace: 'shop',
        template: {
          spec: {
            containers: [{ resources: { requests: { 'nvidia.com/gpu': '6' } } }],
            tolerations: [{ operator: 'Exists' }],
          },
        },
      },
    },
  );
  expect(answer).toMatchObject({
    matching: 0,
    total: 2,
    reasons: [{ why: 'Insufficient nvidia.com/gpu', nodes: 2 }],
  });
});

describe('search', () => {
  const names = async (q: string, user = 'admin') =>
    (await ask<SearchHit[]>('/api/search', { q }, { user })).map(({ kind, name, link }) => [
      kind,
      name,
      link,
    ]);

  test('finds names of all kinds, with where they are', async () => {
    await eventually(async () => {
      expect(await names('train')).toEqual([['Pod', 'train', `/c/${clusterName}/resources/pods/shop/train`]]);
      expect(await names('node 00001')).toEqual([
        ['Node', 'node-00001', `/c/${clusterName}/nodes/node-00001`],
      ]);
    });
    expect(await names('')).toEqual([]);
  });

  test('finds nothing that the caller may not list', async () => {
    expect(await names('train', 'ann')).toEqual([]);
    expect(await names('bank', 'ann')).toContainEqual([
      'Namespace',
      'bank',
      `/c/${clusterName}/resources/namespaces/-/bank`,
    ]);
    expect(await names('bank', 'nobody')).toEqual([]);
  });
});

describe('metrics', () => {
  const last = ({ lines: [line] }: Series) => line?.values.findLast((value) => value !== null);

  test.each<[Record<string, string>, number, number]>([
    [{ node: 'node-00000' }, 0.5, 2048],
    [{ pool: poolOf(1).pool }, 0.5, 2048],
    [{}, 1, 4096],
    [{ seconds: '86400' }, 1, 4096],
    [{ namespace: 'shop', pod: 'train' }, 0.25, 1024],
  ])('of %j are kept from when somebody looks', async (query, cpu, memory) => {
    await eventually(async () => {
      const series = await ask<Series>(of('metrics'), { metric: 'cpu', ...query });
      expect(last(series)).toBe(cpu);
      expect(series.times).toHaveLength(series.lines[0]?.values.length ?? 0);
      expect(last(await ask<Series>(of('metrics'), { metric: 'memory', ...query }))).toBe(memory);
    });
  });

  test('of GPUs are those that pods hold, and cover the time that is asked for', async () => {
    const series = await ask<Series>(of('metrics'), { metric: 'gpu', node: 'node-00000', seconds: '600' });
    expect([last(series), series.times.length, series.lines[0]?.unit]).toEqual([3, 20, 'pieces']);
    expect((await ask<Series>(of('metrics'), { metric: 'network' })).lines).toMatchObject([
      { name: 'received', unit: 'bytes/s' },
      { name: 'sent', unit: 'bytes/s' },
    ]);
  });

  test.each<[Record<string, string>, string, number]>([
    [{ node: 'node-00000' }, 'ann', 403],
    [{}, 'ann', 403],
    [{ namespace: 'shop', pod: 'train' }, 'ann', 404],
    [{ node: 'none' }, 'admin', 404],
    [{ pod: 'train' }, 'admin', 400],
    [{ metric: 'everything' }, 'admin', 400],
    [{ seconds: '-1' }, 'admin', 400],
  ])('of %j are refused to %s with %i', async (query, user, code) => {
    await expect(ask(of('metrics'), { metric: 'cpu', ...query }, { user })).rejects.toMatchObject({ code });
  });
});

describe('a tab', () => {
  const show = async (user: string, resource: string) => {
    const tab = await live.open(callerNamed(user), {});
    tab.socket.send(JSON.stringify({ type: 'show', id: 'v', cluster: clusterName, resource, query: {} }));
    return {
      ...tab,
      told: () => tab.messages.map((message) => JSON.parse(message.toString()) as LiveMessage),
    };
  };

  test('is told of a change, and of one that it may not see nothing', async () => {
    const [mine, other] = [await show('admin', 'configmaps'), await show('ann', 'configmaps')];
    await eventually(() => {
      expect(mine.told()[0]).toMatchObject({ type: 'page', page: { freshness: { state: 'live' } } });
      expect(other.told()[0]).toMatchObject({ type: 'page' });
    });
    await cluster.admin
      .resource(resources.configMaps)
      .create({ metadata: { name: 'hidden', namespace: 'shop' } });
    await eventually(() => expect(JSON.stringify(mine.told().slice(1))).toContain('"hidden"'));
    await cluster.admin
      .resource(resources.configMaps)
      .create({ metadata: { name: 'shown', namespace: 'bank' } });
    await eventually(() => expect(JSON.stringify(other.told().slice(1))).toContain('"shown"'));
    expect(JSON.stringify(other.told())).not.toContain('hidden');
    mine.socket.close();
    other.socket.close();
  });

  test('is told why there is nothing to see', async () => {
    const { told, socket } = await show('nobody', 'pods');
    await eventually(() =>
      expect(told()).toEqual([
        expect.objectContaining({ type: 'error', status: expect.objectContaining({ code: 403 }) as object }),
      ]),
    );
    socket.close();
  });

  // Last: the cluster is gone after it.
  test('is told when its cluster no longer answers', async () => {
    const { told, socket } = await show('admin', 'namespaces');
    await eventually(() => expect(told()[0]).toMatchObject({ type: 'page' }));
    await cluster.server.close();
    await eventually(() =>
      expect(told().at(-1)).toMatchObject({
        type: 'freshness',
        freshness: { state: 'stale', why: expect.any(String) as string },
      }),
    );
    socket.close();
  });
});
