/** Answers of the fixture that no API server gives: overviews, GPUs, charts, tasks, components, join scripts. */
import {
  paths,
  type AuditPage,
  type ComponentEntry,
  type GpuView,
  type Home,
  type JoinScript,
  type JoinScriptRequest,
  type Overview,
  type SearchHit,
  type Series,
  type Task,
} from '../../../packages/center/src/contract/index.ts';
import {
  jsonResponse,
  noContent,
  type CenterRequest,
  type Route,
} from '../../../packages/center/src/http/index.ts';

export interface FixtureAnswer {
  readonly pattern: string;
  readonly answer: (request: CenterRequest, of: { clusterUrl: string }) => Promise<object> | object;
}

const regions = ['beijing', 'shanghai', 'zhangjiakou', 'guangzhou'];
const ago = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString();

const summary: Overview['summary'] = {
  name: 'edge',
  kind: 'hosted',
  region: 'beijing',
  version: 'v1.36.3+skerry.1',
  state: { state: 'Running', tone: 'ok' },
  nodes: { ok: 10, disconnected: 1, unknown: 1 },
  pods: { ok: 15, error: 2, progressing: 1 },
  gpus: { capacity: 6, used: 5 },
  availability: 0.9998,
};

const attention: Home['attention'] = [
  {
    tone: 'error',
    rule: 'pods-crashing',
    values: {
      count: 1,
      namespace: 'shop',
      kind: 'Deployment',
      name: 'web',
      restarts: 17,
      why: 'exit code 1',
    },
    message: 'Deployment shop/web: 1 pod crashes again and again',
    cluster: 'edge',
    link: '/c/edge/resources/pods/shop/web-2-c9fd4',
  },
  {
    tone: 'disconnected',
    rule: 'nodes-disconnected',
    values: { count: 1, region: 'shanghai', pool: 'shanghai', node: 'shanghai-2', since: ago(600) },
    message: 'shanghai-2 runs on its own',
    cluster: 'edge',
    link: '/c/edge/nodes/shanghai-2',
  },
  {
    tone: 'warning',
    rule: 'gpus-waited-for',
    values: { count: 1, gpus: 2, since: ago(12), why: 'Insufficient nvidia.com/gpu' },
    message: '1 pod waits for 2 GPUs',
    cluster: 'edge',
    link: '/c/edge/gpu',
  },
];

export const answers: readonly FixtureAnswer[] = [
  {
    pattern: paths.home,
    answer: (): Home => ({
      clusters: [
        summary,
        {
          ...summary,
          name: 'factory',
          kind: 'imported',
          region: 'osaka',
          version: 'v1.34.2',
          state: { state: 'Unreachable', tone: 'disconnected', why: 'no answer', since: ago(34) },
          nodes: { unknown: 5 },
          pods: { unknown: 40 },
        },
      ],
      attention,
    }),
  },
  {
    pattern: paths.overview(':cluster'),
    answer: (): Overview => ({
      summary,
      regions: regions.map((region) => ({
        region,
        pools: [{ pool: region, nodes: region === 'shanghai' ? { ok: 2, disconnected: 1 } : { ok: 3 } }],
      })),
      capacity: {
        cpu: { allocatable: 96, requested: 41.5, used: 22.1 },
        memory: { allocatable: 412_316_860_416, requested: 180_388_626_432, used: 120_259_084_288 },
        pods: { allocatable: 1320, requested: 18 },
        'nvidia.com/gpu': { allocatable: 6, requested: 5 },
      },
      attention,
      freshness: { state: 'live' },
    }),
  },
  {
    pattern: paths.search,
    answer: ({ query }): readonly SearchHit[] => {
      const text = query.get('q') ?? '';
      const all: SearchHit[] = [
        {
          cluster: 'edge',
          resource: 'daemonsets.apps',
          kind: 'DaemonSet',
          namespace: 'shop',
          name: 'fleet-agent',
          link: '/c/edge/resources/daemonsets.apps/shop/fleet-agent',
        },
        {
          cluster: 'edge',
          resource: 'nodes',
          kind: 'Node',
          name: 'shanghai-2',
          link: '/c/edge/nodes/shanghai-2',
        },
        {
          cluster: 'edge',
          resource: 'deployments.apps',
          kind: 'Deployment',
          namespace: 'shop',
          name: 'web',
          link: '/c/edge/resources/deployments.apps/shop/web',
        },
      ];
      return all.filter(({ name }) => name.includes(text));
    },
  },
  {
    pattern: paths.metrics(':cluster'),
    answer: ({ query }): Series => {
      const times = Array.from(
        { length: 120 },
        (_, index) => Math.floor(Date.now() / 1000) - (119 - index) * 60,
      );
      const wave = (height: number, shift: number) =>
        times.map((_, index) =>
          index > 40 && index < 48 ? null : height * (1 + 0.3 * Math.sin((index + shift) / 9)),
        );
      const metric = query.get('metric') ?? 'cpu';
      const [unit, height, ...names] =
        {
          memory: ['bytes', 1.2e10, 'memory'] as const,
          network: ['bytes/s', 2.4e6, 'received', 'sent'] as const,
          gpu: query.has('pod') ? (['ratio', 0.6, 'gpu-busy'] as const) : (['pieces', 4, 'gpu'] as const),
        }[metric] ?? (['cores', 3, 'cpu'] as const);
      return {
        times,
        lines: names.map((name, index) => ({
          name,
          unit,
          values: wave(height / (index + 1), index * 20).map((value) =>
            value === null || unit !== 'pieces' ? value : Math.round(value),
          ),
        })),
      };
    },
  },
  {
    pattern: paths.gpu(':cluster'),
    answer: (): GpuView => ({
      measured: 'yes',
      nodes: [1, 2, 3].map((index) => ({
        node: `guangzhou-${index}`,
        region: 'guangzhou',
        pool: 'guangzhou',
        resource: 'nvidia.com/gpu',
        model: 'Tesla-T4',
        capacity: 2,
        busy: index === 3 ? 0.31 : 0.87,
        holders:
          index === 3
            ? [{ namespace: 'inference', pod: 'bert-0', count: 1, busy: 0.62 }]
            : [{ namespace: 'inference', pod: `llm-${index}`, count: 2, busy: 0.87 }],
      })),
      waiting: [
        {
          namespace: 'inference',
          pod: 'tensorflow-mnist-664cf976d8-whrbc',
          count: 2,
          since: ago(12),
          why: '0/12 nodes are available: 12 Insufficient nvidia.com/gpu.',
          couldHost: [{ pool: 'guangzhou', region: 'guangzhou', free: 1 }],
        },
      ],
    }),
  },
  {
    pattern: paths.tasks,
    answer: (): readonly Task[] => tasks(),
  },
  {
    pattern: `${paths.tasks}/:id`,
    answer: ({ params }): Task => tasks().find(({ id }) => id === params['id']) ?? (tasks()[0] as Task),
  },
  {
    pattern: paths.audit,
    answer: (): AuditPage => ({
      entries: [
        {
          id: '1',
          time: ago(1),
          user: 'admin',
          sourceAddress: '192.0.2.7',
          action: 'sign in',
          object: 'user admin',
          result: 'allowed',
          code: 200,
        },
        {
          id: '2',
          time: ago(4),
          user: 'dev',
          sourceAddress: '192.0.2.9',
          action: 'DELETE pods',
          cluster: 'edge',
          object: 'shop/web-2-a9fd4',
          result: 'refused',
          code: 403,
          message: 'pods "web-2-a9fd4" is forbidden',
        },
        {
          id: '3',
          time: ago(9),
          user: 'dev',
          sourceAddress: '192.0.2.9',
          action: 'open a terminal',
          cluster: 'edge',
          object: 'pods/shop/web-2-a9fd4',
          result: 'failed',
          code: 502,
          message: 'the machine does not answer',
        },
      ],
    }),
  },
  {
    pattern: paths.sessions,
    answer: () => [
      {
        id: 's1',
        current: true,
        method: 'password',
        created: ago(50),
        lastSeen: ago(0),
        address: '192.0.2.7',
        userAgent: 'Mozilla/5.0 (X11; Linux x86_64) Chrome/150',
      },
      {
        id: 's2',
        current: false,
        method: 'password',
        created: ago(5000),
        lastSeen: ago(400),
        address: '192.0.2.8',
        userAgent: 'Mozilla/5.0 (iPad)',
      },
    ],
  },
  {
    pattern: paths.apiTokens,
    answer: () => [
      {
        id: 't1',
        description: 'nightly report',
        created: ago(9000),
        expires: ago(-50_000),
        lastUsed: ago(30),
        readOnly: true,
      },
    ],
  },
  {
    pattern: paths.components(':cluster'),
    answer: (): readonly ComponentEntry[] => [
      {
        name: 'openkruise',
        title: 'OpenKruise',
        description: 'DaemonSets that update in place, jobs on every node, images pulled ahead.',
        versions: ['1.9.0', '1.8.0'],
        requires: [],
        values: {
          type: 'object',
          properties: {
            featureGates: {
              type: 'string',
              default: '',
              description: 'Features to switch, as Name=true,Other=false.',
            },
          },
        },
        installed: { version: '1.8.0', values: {}, state: { state: 'Ready', tone: 'ok' } },
      },
      ...Object.entries({
        'http-cache': 'HTTP cache',
        'node-exporter': 'Node exporter',
        osquery: 'osquery',
        prober: 'Prober',
        'load-generator': 'Load generator',
        'nvidia-device-plugin': 'NVIDIA device plugin',
      }).map(([name, title]) => ({
        name,
        title,
        description: title,
        versions: ['1.0.0'],
        requires: [],
        values: { type: 'object', properties: { pools: { type: 'array', items: { type: 'string' } } } },
      })),
    ],
  },
];

/** Tasks that somebody has cancelled. */
const cancelled = new Set<string>();

export function taskCancel(): Route {
  return {
    method: 'POST',
    pattern: `${paths.tasks}/:id/cancel`,
    handle: async ({ params }) => {
      cancelled.add(params['id'] ?? '');
      return jsonResponse(tasks().find(({ id }) => id === params['id']) ?? {});
    },
  };
}

function tasks(): Task[] {
  return [
    {
      id: 'create-factory-2',
      kind: 'create-cluster',
      title: 'Create cluster factory-2',
      cluster: 'factory-2',
      user: 'admin',
      state: 'running',
      cancellable: !cancelled.has('create-factory-2'),
      ...(cancelled.has('create-factory-2') ? { cancelledBy: 'admin' } : {}),
      started: ago(1),
      steps: [
        {
          title: 'ranges and port',
          state: 'done',
          message: 'pods 10.60.0.0/16, Services 10.61.0.0/16, port 6444',
          says: [{ code: 'placed', values: { pods: '10.60.0.0/16', services: '10.61.0.0/16', port: 6444 } }],
        },
        { title: 'keys and certificates', state: 'done' },
        {
          title: 'processes',
          state: 'running',
          message: 'API server has not started',
          says: [{ code: 'notStarted' }],
        },
        { title: 'API server answers', state: 'waiting' },
      ],
    },
    {
      id: 'backup-1',
      kind: 'backup',
      title: 'Back up edge',
      cluster: 'edge',
      user: 'dev',
      state: 'failed',
      cancellable: false,
      started: ago(90),
      ended: ago(89),
      steps: [
        {
          title: 'copied',
          state: 'failed',
          message: 'no space left on device',
          says: [{ code: 'text', values: { text: 'no space left on device' } }],
        },
      ],
      message: 'no space left on device',
    },
  ];
}

export function joinScripts(): Route[] {
  const scripts: JoinScript[] = [];
  return [
    {
      method: 'GET',
      pattern: paths.joinScripts(':cluster'),
      handle: async () => jsonResponse(scripts.map((one) => ({ ...one, script: undefined }))),
    },
    {
      method: 'POST',
      pattern: paths.joinScripts(':cluster'),
      handle: async (request) => {
        const { pool, ttl, uses, owner } = (await request.json()) as JoinScriptRequest;
        const script: JoinScript = {
          id: `js-${scripts.length + 1}`,
          pool,
          ...(owner ? { owner } : {}),
          expires: new Date(Date.now() + ttl * 1000).toISOString(),
          usesLeft: uses,
          script: `curl -fsSL https://center.example.com:8443/join/${pool} | sudo SKERRY_JOIN_TOKEN=aaaaaa.0123456789abcdef sh`,
          nodes: [],
        };
        scripts.push(script);
        return jsonResponse(script, { status: 201 });
      },
    },
    {
      method: 'DELETE',
      pattern: `${paths.joinScripts(':cluster')}/:id`,
      handle: async ({ params }) => {
        scripts.splice(
          scripts.findIndex(({ id }) => id === params['id']),
          1,
        );
        return noContent;
      },
    },
  ];
}

export function componentAction(): Route {
  return {
    method: 'POST',
    pattern: `${paths.components(':cluster')}/:name`,
    handle: async (request) => {
      const { dryRun } = (await request.json()) as { dryRun?: boolean };
      return dryRun
        ? jsonResponse({
            changes: [
              {
                object: 'ConfigMap kruise-system/kruise-manager-config',
                change: 'update',
                diff: '-  featureGates: ""\n+  featureGates: "PreDownloadImageForInPlaceUpdate=true"',
              },
            ],
            refused: [],
          })
        : jsonResponse({ ...tasks()[0], kind: 'component' });
    },
  };
}
