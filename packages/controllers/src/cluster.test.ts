import { ApiError } from '@skerry/api';
import type {
  ConfigMap,
  Event as CoreEvent,
  DaemonSet,
  Deployment,
  KubeObject,
  Namespace,
  Node,
  Pod,
  ServiceAccount,
} from '@skerry/api';
import { startTestServer } from '@skerry/apiserver/testing';
import type { TestServer } from '@skerry/apiserver/testing';
import { systemClock } from '@skerry/base';
import { eventually, recordingLogger } from '@skerry/base/testing';
import { createClient, createHttpTransport, resources } from '@skerry/client';
import type { ApiClient, ResourceRef } from '@skerry/client';
import { createCertificateAuthority } from '@skerry/pki';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { NodePool } from '#edge/node-pool/definition.ts';
import { runControllers } from '#manager.ts';

let server: TestServer;
let client: ApiClient;
let running: Promise<void>;
let stop: AbortController;
const log = recordingLogger();

beforeEach(async () => {
  server = await startTestServer();
  client = createClient({
    transport: createHttpTransport({ server: server.url }),
    userAgent: 'test',
    clock: systemClock,
  });
  stop = new AbortController();
  await ensureNamespace('default');
  await ensureNamespace('kube-system');
  running = runControllers({
    client,
    clock: systemClock,
    log,
    random: Math.random,
    signal: stop.signal,
    clusterCidr: '10.244.0.0/16',
    authority: await createCertificateAuthority({ commonName: 'test', clock: systemClock }),
  });
});

afterEach(async () => {
  stop.abort();
  await running;
  client.close();
  await server.close();
  expect(log.lines.splice(0).filter(({ level }) => level === 'error' || level === 'warn')).toEqual([]);
});

async function ensureNamespace(name: string): Promise<void> {
  await client
    .resource<Namespace>(resources.namespaces)
    .create({ metadata: { name } })
    .catch((error: unknown) => {
      if (!(error instanceof ApiError) || error.code !== 409) throw error;
    });
}

const count = async (ref: ResourceRef, namespace?: string) =>
  (await client.resource(ref).list({ namespace })).items.length;
const gone = (ref: ResourceRef, name: string, namespace?: string) =>
  eventually(() =>
    expect(client.resource(ref).get(name, { namespace })).rejects.toMatchObject({ code: 404 }),
  );

function deployment(name: string): Deployment {
  return {
    metadata: { name, namespace: 'default' },
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'c', image: 'busybox' }] },
      },
    },
  };
}

test('a Deployment gets its pods, and deleting it takes sets and pods with it', async () => {
  const deployments = client.resource<Deployment>(resources.deployments);
  await deployments.create(deployment('web'));
  await eventually(async () => expect(await count(resources.pods, 'default')).toBe(3));
  await eventually(async () => {
    const { status, metadata } = await deployments.get('web', { namespace: 'default' });
    expect(status).toMatchObject({ replicas: 3, updatedReplicas: 3, unavailableReplicas: 3 });
    expect(status?.observedGeneration).toBe(metadata.generation);
  });
  await deployments.delete('web', { namespace: 'default' });
  await eventually(async () => {
    expect(await count(resources.replicaSets, 'default')).toBe(0);
    expect(await count(resources.pods, 'default')).toBe(0);
  });
});

test('foreground deletion holds the owner until its dependents have gone', async () => {
  const deployments = client.resource<Deployment>(resources.deployments);
  await deployments.create(deployment('web'));
  await eventually(async () => expect(await count(resources.pods, 'default')).toBe(3));
  await deployments.delete('web', { namespace: 'default', propagationPolicy: 'Foreground' });
  await gone(resources.deployments, 'web', 'default');
  expect(await count(resources.replicaSets, 'default')).toBe(0);
  expect(await count(resources.pods, 'default')).toBe(0);
});

test('orphaned dependents stay and lose their owner', async () => {
  const deployments = client.resource<Deployment>(resources.deployments);
  await deployments.create(deployment('web'));
  await eventually(async () => expect(await count(resources.pods, 'default')).toBe(3));
  await deployments.delete('web', { namespace: 'default', propagationPolicy: 'Orphan' });
  await gone(resources.deployments, 'web', 'default');
  const sets = await client.resource(resources.replicaSets).list({ namespace: 'default' });
  expect(sets.items.map(({ metadata }) => metadata?.ownerReferences)).toEqual([undefined]);
});

test('an object whose owner never was is collected, one with a living owner is not', async () => {
  const maps = client.resource<ConfigMap>(resources.configMaps);
  const owner = await maps.create({ metadata: { name: 'owner', namespace: 'default' } });
  const owned = (name: string, uid: string): ConfigMap => ({
    metadata: {
      name,
      namespace: 'default',
      ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid }],
    },
  });
  await maps.create(owned('kept', owner.metadata.uid ?? ''));
  await maps.create(owned('stray', '11111111-2222-3333-4444-555555555555'));
  await gone(resources.configMaps, 'stray', 'default');
  await expect(maps.get('kept', { namespace: 'default' })).resolves.toBeDefined();
});

test('an owner in another namespace is none, is told of, and its own dependents stay', async () => {
  await ensureNamespace('other');
  const maps = client.resource<ConfigMap>(resources.configMaps);
  const owner = await maps.create({ metadata: { name: 'owner', namespace: 'default' } });
  const { uid = '' } = owner.metadata;
  const owned = (name: string, namespace: string): ConfigMap => ({
    metadata: {
      name,
      namespace,
      ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid }],
    },
  });
  await maps.create(owned('kept', 'default'));
  await maps.create(owned('stray', 'other'));
  await gone(resources.configMaps, 'stray', 'other');
  // Whoever is looked at after the stray one sees the owner where it is.
  const kept = await maps.get('kept', { namespace: 'default' });
  await maps.update({ ...kept, data: { looked: 'at' } });
  await maps.create(owned('younger', 'default'));
  await maps.create(owned('last', 'other'));
  await gone(resources.configMaps, 'last', 'other');
  for (const name of ['kept', 'younger'])
    await expect(maps.get(name, { namespace: 'default' })).resolves.toBeDefined();
  await eventually(async () => {
    const { items } = await client.resource<CoreEvent>(resources.events).list({ namespace: 'other' });
    expect(items.map(({ reason, message }) => `${reason}: ${message}`)).toContain(
      `OwnerRefInvalidNamespace: ownerRef [v1/ConfigMap, namespace: other, name: owner, uid: ${uid}] does not exist in namespace "other"`,
    );
  });
});

test('a DaemonSet runs on each node, and its history can be read', async () => {
  const nodes = client.resource<Node>(resources.nodes);
  await nodes.create({ metadata: { name: 'n1' } });
  const { selector, template } = deployment('agent').spec!;
  await client
    .resource<DaemonSet>(resources.daemonSets)
    .create({ metadata: { name: 'agent', namespace: 'default' }, spec: { selector, template } });
  const targets = async () =>
    (await client.resource<Pod>(resources.pods).list({ namespace: 'default' })).items.map(
      ({ spec }) =>
        spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms[0]
          ?.matchFields?.[0]?.values?.[0],
    );
  await eventually(async () => expect(await targets()).toEqual(['n1']));
  await nodes.create({ metadata: { name: 'n2' } });
  await eventually(async () => expect(new Set(await targets())).toEqual(new Set(['n1', 'n2'])));
  expect(await count(resources.controllerRevisions, 'default')).toBe(1);
  await eventually(async () => {
    const ranges = (await nodes.list()).items.map(({ spec }) => spec?.podCIDR);
    expect(new Set(ranges)).toEqual(new Set(['10.244.0.0/24', '10.244.1.0/24']));
  });
});

test('a namespace is furnished, and emptied before it goes', async () => {
  await ensureNamespace('shop');
  await eventually(async () => {
    await client.resource<ServiceAccount>(resources.serviceAccounts).get('default', { namespace: 'shop' });
    const root = await client
      .resource<ConfigMap>(resources.configMaps)
      .get('kube-root-ca.crt', { namespace: 'shop' });
    expect(root.data?.['ca.crt']).toContain('BEGIN CERTIFICATE');
  });
  const held: KubeObject = {
    metadata: { name: 'held', namespace: 'shop', finalizers: ['example.com/hold'] },
  };
  await client.resource(resources.configMaps).create(held);
  await client.resource(resources.namespaces).delete('shop');
  await eventually(async () => {
    const { status } = await client.resource<Namespace>(resources.namespaces).get('shop');
    expect(status?.phase).toBe('Terminating');
    expect(status?.conditions).toContainEqual(
      expect.objectContaining({
        type: 'NamespaceFinalizersRemaining',
        status: 'True',
        message: expect.stringContaining('example.com/hold in 1 resource instances') as string,
      }),
    );
  });
  const patch = { metadata: { finalizers: null } };
  await client.resource(resources.configMaps).patch('held', patch, { type: 'merge', namespace: 'shop' });
  await gone(resources.namespaces, 'shop');
});

test('node pools are served as soon as controllers run, and reach their nodes', async () => {
  const pools = client.resource<NodePool>(resources.nodePools);
  await eventually(() => pools.create({ metadata: { name: 'tokyo' }, spec: { labels: { rack: 'r1' } } }));
  expect((await pools.get('tokyo')).spec).toMatchObject({ type: 'Edge', leaderReplicas: 1 });
  const nodes = client.resource<Node>(resources.nodes);
  await nodes.create({ metadata: { name: 'n1', labels: { 'apps.openyurt.io/nodepool': 'tokyo' } } });
  await eventually(async () => {
    expect((await nodes.get('n1')).metadata.labels).toMatchObject({ rack: 'r1' });
    expect((await pools.get('tokyo')).status).toMatchObject({ unreadyNodeNum: 1, nodes: ['n1'] });
  });
  const old = client.resource<NodePool>({ ...resources.nodePools, version: 'v1beta1' });
  expect((await old.get('tokyo')).apiVersion).toBe('apps.openyurt.io/v1beta1');
});

test('a disruption budget tells how many pods may go', async () => {
  await client.resource<Deployment>(resources.deployments).create(deployment('web'));
  await client.resource(resources.podDisruptionBudgets).create({
    metadata: { name: 'web', namespace: 'default' },
    spec: { maxUnavailable: 1, selector: { matchLabels: { app: 'web' } } },
  } as KubeObject);
  const pods = client.resource<Pod>(resources.pods);
  await eventually(async () => expect(await count(resources.pods, 'default')).toBe(3));
  for (const pod of (await pods.list({ namespace: 'default' })).items) {
    const conditions = [{ type: 'Ready', status: 'True' }];
    await pods.update({ ...pod, status: { phase: 'Running', conditions } }, { subresource: 'status' });
  }
  await eventually(async () => {
    const budget = await client.resource(resources.podDisruptionBudgets).get('web', { namespace: 'default' });
    expect(budget).toMatchObject({
      status: { expectedPods: 3, currentHealthy: 3, desiredHealthy: 2, disruptionsAllowed: 1 },
    });
  });
});

test('controllers carry on where they were when the API server comes back', async () => {
  const deployments = client.resource<Deployment>(resources.deployments);
  await deployments.create(deployment('web'));
  await eventually(async () => expect(await count(resources.pods, 'default')).toBe(3));
  const port = Number(new URL(server.url).port);
  await server.server.close();
  const restarted = await startTestServer({ store: server.store, port });
  try {
    await eventually(() =>
      deployments.patch('web', { spec: { replicas: 5 } }, { type: 'merge', namespace: 'default' }),
    );
    await eventually(async () => expect(await count(resources.pods, 'default')).toBe(5));
    // What was written while they could not see it is seen as well.
    expect(await count(resources.replicaSets, 'default')).toBe(1);
  } finally {
    stop.abort();
    await running;
    await restarted.close();
    log.lines.splice(0);
  }
});

test('objects go with the custom resource that owns them, and with owners that own each other', async () => {
  const pools = client.resource<NodePool>(resources.nodePools);
  await eventually(() => pools.create({ metadata: { name: 'tokyo' } }));
  const pool = await pools.get('tokyo');
  const maps = client.resource<ConfigMap>(resources.configMaps);
  const reference = { apiVersion: 'apps.openyurt.io/v1beta2', kind: 'NodePool', name: 'tokyo' };
  const owned = (name: string): ConfigMap => ({
    metadata: {
      name,
      namespace: 'default',
      ownerReferences: [{ ...reference, uid: pool.metadata?.uid ?? '', blockOwnerDeletion: true }],
    },
  });
  const first = await maps.create(owned('first'));
  const second = await maps.create({
    metadata: {
      name: 'second',
      namespace: 'default',
      ownerReferences: [
        {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          name: 'first',
          uid: first.metadata.uid ?? '',
          blockOwnerDeletion: true,
        },
      ],
    },
  });
  const back = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    name: 'second',
    uid: second.metadata.uid,
    blockOwnerDeletion: true,
  };
  const ownerReferences = [...(first.metadata.ownerReferences ?? []), back];
  await maps.patch('first', { metadata: { ownerReferences } }, { type: 'merge', namespace: 'default' });
  await maps.delete('second', { namespace: 'default', propagationPolicy: 'Foreground' });
  await gone(resources.configMaps, 'second', 'default');
  await expect(maps.get('first', { namespace: 'default' })).resolves.toMatchObject({
    metadata: { ownerReferences: [reference] },
  });
  await pools.delete('tokyo');
  await gone(resources.configMaps, 'first', 'default');
});
