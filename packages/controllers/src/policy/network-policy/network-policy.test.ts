import type {
  Crossing,
  Namespace,
  NetworkPolicy,
  NetworkPolicySpec,
  Node,
  Pod,
  PoolPolicy,
} from '@skerry/api';
import { resources } from '@skerry/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createNetworkPolicyController } from '#policy/network-policy/network-policy.ts';
import { createHarness } from '#testing/harness.ts';
import type { Harness } from '#testing/harness.ts';

const poolLabel = 'apps.openyurt.io/nodepool';
let cluster: Harness;

beforeEach(async () => {
  cluster = createHarness();
  for (const pool of ['east', 'west']) {
    const labels = { [poolLabel]: pool };
    cluster.client.seed<Node>(resources.nodes, { metadata: { name: `${pool}-1`, labels } });
  }
  cluster.client.seed<Node>(resources.nodes, { metadata: { name: 'alone' } });
  for (const [name, labels] of [
    ['shop', { team: 'a' }],
    ['tools', { team: 'b' }],
    ['empty', { team: 'b' }],
  ] as const) {
    cluster.client.seed<Namespace>(resources.namespaces, { metadata: { name, labels } });
  }
  pod('shop/web', { node: 'east-1', ip: '10.0.0.1', app: 'web', port: 8080 });
  pod('shop/db', { node: 'east-1', ip: '10.0.0.2', app: 'db', port: 5432 });
  pod('shop/far-web', { node: 'west-1', ip: '10.0.1.1', app: 'web', port: 9090 });
  pod('tools/probe', { node: 'east-1', ip: '10.0.0.3', app: 'probe', port: 8081 });
  pod('tools/host', { node: 'east-1', ip: '192.168.0.1', app: 'probe', hostNetwork: true });
  pod('tools/done', { node: 'east-1', ip: '10.0.0.4', app: 'probe', phase: 'Succeeded' });
  await cluster.start(createNetworkPolicyController(cluster.context));
});

afterEach(async () => {
  await cluster.stop();
  expect(cluster.errors()).toEqual([]);
});

function pod(
  key: string,
  of: { node: string; ip: string; app: string; port?: number; hostNetwork?: boolean; phase?: string },
): void {
  const [namespace, name = ''] = key.split('/');
  const { node, ip, app, port, hostNetwork, phase = 'Running' } = of;
  cluster.client.seed<Pod>(resources.pods, {
    metadata: { namespace, name, labels: { app } },
    spec: {
      nodeName: node,
      hostNetwork,
      containers: [{ name: 'c', ports: port === undefined ? [] : [{ name: 'main', containerPort: port }] }],
    },
    status: { phase, podIP: ip, podIPs: [{ ip }] },
  });
}

function policy(spec: NetworkPolicySpec): void {
  cluster.client.seed<NetworkPolicy>(resources.networkPolicies, {
    metadata: { name: 'rules', namespace: 'shop', uid: 'policy-uid' },
    spec: { policyTypes: ['Ingress'], ...spec },
  });
}

const pause = () => cluster.clock.advance(1_000);
const web = { podSelector: { matchLabels: { app: 'web' } } };
const probe = { podSelector: { matchLabels: { app: 'probe' } } };
const derived = () => cluster.client.all<PoolPolicy>(resources.poolPolicies);
const of = (pool: string) => derived().find(({ metadata }) => metadata.labels?.[poolLabel] === pool)?.spec;

test('each pool with a selected pod has its own, which goes with the policy', async () => {
  policy(web);
  await pause();
  expect(derived()).toHaveLength(2);
  expect(derived()[0]?.metadata).toMatchObject({
    namespace: 'shop',
    ownerReferences: [{ kind: 'NetworkPolicy', name: 'rules', uid: 'policy-uid' }],
  });
  expect(of('east')).toEqual({ policy: 'rules', ...web, ingress: [] });
  cluster.client.remove(resources.pods, { namespace: 'shop', name: 'far-web' });
  await pause();
  expect(derived()).toHaveLength(1);
  cluster.client.remove(resources.networkPolicies, { namespace: 'shop', name: 'rules' });
  await pause();
  expect(derived()).toEqual([]);
});

test.each<[string, NetworkPolicySpec, { ingress?: unknown; egress?: unknown }]>([
  ['nothing', { policyTypes: ['Ingress', 'Egress'] }, { ingress: [], egress: [] }],
  ['anyone', { ingress: [{}] }, { ingress: [{}] }],
  ['an empty list of peers is anyone', { ingress: [{ from: [], ports: [] }] }, { ingress: [{}] }],
  [
    'pods of the same namespace, those of the pool alone',
    { ingress: [{ from: [{ podSelector: {} }] }] },
    {
      ingress: [
        {
          peers: {
            addresses: ['10.0.0.1', '10.0.0.2'],
            selectors: [{ namespaces: ['shop'], podSelector: {} }],
          },
        },
      ],
    },
  ],
  [
    'pods of namespaces by label, without those in the network of their host and those that ended',
    { ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: 'b' } } }] }] },
    {
      ingress: [
        {
          peers: {
            addresses: ['10.0.0.3'],
            selectors: [{ namespaces: ['empty', 'tools'], podSelector: {} }],
          },
        },
      ],
    },
  ],
  [
    'both selectors are one condition',
    { ingress: [{ from: [{ namespaceSelector: {}, ...probe }] }] },
    { ingress: [{ peers: { addresses: ['10.0.0.3'], selectors: [probe] } }] },
  ],
  [
    'blocks and ports as they are',
    {
      ingress: [
        {
          from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.9.0.0/16'] } }],
          ports: [{ port: 80 }, { protocol: 'UDP' }, { port: 8000, endPort: 9000 }, { port: 'main' }],
        },
      ],
    },
    {
      ingress: [
        {
          peers: { blocks: [{ cidr: '10.0.0.0/8', except: ['10.9.0.0/16'] }] },
          ports: [
            { protocol: 'TCP', port: 80 },
            { protocol: 'UDP' },
            { protocol: 'TCP', port: 8000, endPort: 9000 },
            { protocol: 'TCP', name: 'main' },
          ],
        },
      ],
    },
  ],
  [
    'a named port of those who are reached, by its number there',
    {
      policyTypes: ['Egress'],
      egress: [{ to: [{ namespaceSelector: {} }], ports: [{ port: 'main' }] }],
    },
    {
      egress: [
        { ports: [{ protocol: 'TCP', port: 5432 }], peers: { addresses: ['10.0.0.2'] } },
        { ports: [{ protocol: 'TCP', port: 8080 }], peers: { addresses: ['10.0.0.1'] } },
        { ports: [{ protocol: 'TCP', port: 8081 }], peers: { addresses: ['10.0.0.3'] } },
      ],
    },
  ],
])('%s', async (_, spec, expected) => {
  policy({ ...web, ...spec });
  await pause();
  expect(of('east')).toEqual({ policy: 'rules', ...web, ...expected });
});

test('peers follow pods, their labels, and the labels of namespaces', async () => {
  policy({ ...web, ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: 'b' } } }] }] });
  const peers = () => of('east')?.ingress?.[0]?.peers?.addresses;
  await pause();
  pod('tools/second', { node: 'alone', ip: '10.0.2.1', app: 'probe' });
  await pause();
  expect(peers()).toEqual(['10.0.0.3', '10.0.2.1']);
  cluster.client.edit<Namespace>(resources.namespaces, { name: 'tools' }, ({ metadata }) => {
    metadata.labels = {};
  });
  await pause();
  expect(peers()).toBeUndefined();
  expect(of('west')?.ingress?.[0]?.peers).toEqual({
    selectors: [{ namespaces: ['empty'], podSelector: {} }],
  });
});

test('pods of another pool are peers where a Crossing lets them be', async () => {
  policy({ ...web, ingress: [{ from: [{ podSelector: {} }] }] });
  await pause();
  const peers = () => of('east')?.ingress?.[0]?.peers?.addresses;
  expect(peers()).toEqual(['10.0.0.1', '10.0.0.2']);
  cluster.client.seed<Crossing>(resources.crossings, {
    metadata: { name: 'east-west' },
    spec: { pools: ['west', 'east'] },
  });
  await pause();
  expect(peers()).toEqual(['10.0.0.1', '10.0.0.2', '10.0.1.1']);
});

test('a change that policies do not ask about writes nothing', async () => {
  policy({ ...web, ingress: [{ from: [{ podSelector: {} }] }] });
  await pause();
  const before = cluster.client.requests.length;
  cluster.client.edit<Pod>(resources.pods, { namespace: 'shop', name: 'db' }, ({ metadata, status }) => {
    metadata.annotations = { note: 'x' };
    if (status) status.message = 'x';
  });
  await pause();
  expect(cluster.client.requests).toHaveLength(before);
});
