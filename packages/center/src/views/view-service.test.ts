import type { KubeObject } from '@skerry/api';
import { silentLogger, systemClock } from '@skerry/base';
import { eventually } from '@skerry/base/testing';
import { resources } from '@skerry/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ClusterCaches } from '#cache/cluster-caches.ts';
import type { Page, ViewQuery } from '#contract/index.ts';
import { Rights } from '#rights/rights.ts';
import { syntheticNode } from '#testing/synthetic-objects.ts';
import { callerNamed } from '#testing/caller-named.ts';
import { clusterName, startTestCluster, type TestCluster } from '#testing/test-cluster.ts';
import { ViewService } from '#views/view-service.ts';

let cluster: TestCluster;
let caches: ClusterCaches;
let views: ViewService;

const rbac = (kind: string, resource: string, namespaced = true) => ({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind,
  resource,
  namespaced,
});

async function create(ref: Parameters<TestCluster['admin']['resource']>[0], object: object): Promise<void> {
  await cluster.admin.resource(ref).create(object as KubeObject);
}

async function bind(namespace: string, user: string, role = 'view'): Promise<void> {
  await create(rbac('RoleBinding', 'rolebindings'), {
    metadata: { name: user, namespace },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: user }],
  });
}

const pod = (namespace: string, name: string, nodeName?: string) => ({
  metadata: { name, namespace, labels: { app: name } },
  spec: { nodeName, containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '500m' } } }] },
});

beforeAll(async () => {
  cluster = await startTestCluster(['ann', 'nobody', 'owner', 'robin']);
  caches = new ClusterCaches({
    reader: () => cluster.reader,
    clock: systemClock,
    log: silentLogger,
    random: () => 0,
  });
  const rights = new Rights({
    access: cluster.access,
    cacheOf: (name) => caches.of(name),
    clock: systemClock,
  });
  views = new ViewService({
    access: cluster.access,
    caches,
    rights,
    clock: systemClock,
    log: silentLogger,
    random: () => 0,
  });
  for (const namespace of ['shop', 'bank']) {
    await create(resources.namespaces, { metadata: { name: namespace } });
    await create(resources.serviceAccounts, { metadata: { name: 'default', namespace } });
  }
  for (const index of [0, 1, 2]) {
    const node = syntheticNode(index, { ready: index === 2 ? 'Unknown' : 'True' });
    await create(resources.nodes, node);
    await cluster.admin
      .resource(resources.nodes)
      .patch(node.metadata.name!, { status: node.status }, { type: 'merge', subresource: 'status' });
  }
  await create(resources.pods, pod('shop', 'web', 'node-00000'));
  await create(resources.pods, pod('shop', 'far', 'node-00002'));
  await create(resources.pods, pod('bank', 'vault', 'node-00001'));
  await bind('shop', 'ann');
});
afterAll(async () => {
  views.close();
  caches.close();
  await cluster.close();
});

const page = (user: string, resource: string, query: ViewQuery = {}) =>
  views.page(callerNamed(user), { cluster: clusterName, resource, query });
const names = ({ rows }: Page) => rows.map(({ name }) => name);
const cell = (shown: Page, row: number, id: string) =>
  shown.rows[row]?.cells[shown.columns.findIndex((column) => column.id === id)];

describe('a view', () => {
  test('shows all to who may see all, by region and pool', async () => {
    const shown = await page('admin', 'pods');
    expect(shown.freshness).toEqual({ state: 'live' });
    expect(shown.groups.map(({ region, pool, total }) => [region, pool, total])).toEqual([
      ['beijing', 'beijing-0', 1],
      ['guangzhou', 'guangzhou-0', 1],
      ['osaka', 'osaka-0', 1],
    ]);
    expect(names(shown)).toEqual(['web', 'vault', 'far']);
    expect(shown.rows[0]).toMatchObject({ namespace: 'shop', region: 'beijing', pool: 'beijing-0' });
    expect(cell(shown, 0, 'cpu')).toBe(0.5);
  });

  test('shows pods of a node out of reach as they were last seen', async () => {
    const shown = await page('admin', 'pods', { q: 'far' });
    expect(cell(shown, 0, 'status')).toMatchObject({ state: 'Last known: Pending', tone: 'disconnected' });
  });

  test('of nodes says what their pods take', async () => {
    await eventually(async () => {
      const shown = await page('admin', 'nodes', { q: 'node-00000' });
      expect([cell(shown, 0, 'pods'), cell(shown, 0, 'cpu-requested'), cell(shown, 0, 'gpu')]).toEqual([
        1, 0.5, 8,
      ]);
    });
    expect((await page('admin', 'nodes', { q: 'status:NotReady' })).rows.map(({ name }) => name)).toEqual([
      'node-00002',
    ]);
  });

  test('of a workload says in which pools its pods are', async () => {
    const template = {
      metadata: { labels: { app: 'agent' } },
      spec: { containers: [{ name: 'c', image: 'i' }] },
    };
    await create(resources.daemonSets, {
      metadata: { name: 'agent', namespace: 'shop' },
      spec: { selector: { matchLabels: { app: 'agent' } }, template },
    });
    for (const index of [0, 1]) {
      const { metadata, spec } = pod('shop', `agent-${index}`, `node-0000${index}`);
      const owner = { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'agent', uid: 'u', controller: true };
      await create(resources.pods, { metadata: { ...metadata, ownerReferences: [owner] }, spec });
    }
    await eventually(async () => {
      expect(cell(await page('admin', 'daemonsets.apps'), 0, 'pools')).toBe('beijing-0 1, guangzhou-0 1');
    });
    for (const index of [0, 1])
      await cluster.admin
        .resource(resources.pods)
        .delete(`agent-${index}`, { namespace: 'shop', gracePeriodSeconds: 0 });
    await eventually(async () => expect((await page('admin', 'pods')).total).toBe(3));
  });

  test('shows namespaces that the caller has rights in, and no more', async () => {
    expect(names(await page('ann', 'pods', { group: 'none' }))).toEqual(['far', 'web']);
    expect(names(await page('ann', 'pods', { namespace: ['bank'] }))).toEqual([]);
    await expect(page('nobody', 'pods', { namespace: ['shop'] })).rejects.toMatchObject({ code: 403 });
    expect((await page('ann', 'pods')).facets['namespace']).toEqual([{ value: 'shop', count: 2 }]);
    expect(names(await page('ann', 'namespaces'))).toEqual(['shop']);
  });

  test.each(['pods', 'nodes', 'secrets', 'clusterroles.rbac.authorization.k8s.io'])(
    'of %s is refused to who may see none, in the words of the API server',
    async (resource) => {
      await expect(page('nobody', resource)).rejects.toMatchObject({
        code: 403,
        message: expect.stringMatching(
          /^\S+ is forbidden: User "nobody" cannot list resource "\w+" in API group/,
        ) as string,
      });
    },
  );

  test('follows rights that are given and taken', async () => {
    await bind('bank', 'ann');
    await eventually(async () => expect(names(await page('ann', 'pods', { q: 'vault' }))).toEqual(['vault']));
    await cluster.admin.resource(rbac('RoleBinding', 'rolebindings')).delete('ann', { namespace: 'bank' });
    await eventually(async () => expect(names(await page('ann', 'pods', { q: 'vault' }))).toEqual([]));
  });

  test('says what the caller may do to each row', async () => {
    const actions = async (user: string) => (await page(user, 'pods', { q: 'web' })).rows[0]?.actions;
    expect(await actions('admin')).toEqual(['logs', 'evict', 'edit', 'delete']);
    expect(await actions('ann')).toEqual(['logs']);
  });

  test('shows only nodes of the pools that a grant is limited to', async () => {
    cluster.limits.set('owner', { pools: ['guangzhou-0'], owners: [] });
    const shown = await page('owner', 'nodes');
    expect(names(shown)).toEqual(['node-00001']);
    expect(shown.rows[0]?.actions).toEqual([]);
    await create(rbac('ClusterRole', 'clusterroles', false), {
      metadata: { name: 'own-nodes' },
      rules: [{ apiGroups: [''], resources: ['nodes'], resourceNames: ['node-00001'], verbs: ['patch'] }],
    });
    await create(rbac('ClusterRoleBinding', 'clusterrolebindings', false), {
      metadata: { name: 'own-nodes' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'own-nodes' },
      subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'owner' }],
    });
    await eventually(async () =>
      expect((await page('owner', 'nodes')).rows[0]?.actions).toEqual(['cordon', 'drain']),
    );
  });

  test('keeps values of secrets where they are', async () => {
    await create(resources.secrets, {
      metadata: { name: 'key', namespace: 'shop' },
      stringData: { password: 'hunter2' },
    });
    await eventually(async () => expect(names(await page('admin', 'secrets'))).toContain('key'));
    const shown = await page('admin', 'secrets', { q: 'key' });
    expect([cell(shown, 0, 'type'), cell(shown, 0, 'data')]).toEqual(['Opaque', 1]);
    expect(JSON.stringify(shown)).not.toContain('hunter2');
    expect(caches.of(clusterName).held('secrets')).toBeUndefined();
  });

  test('of custom resources has the columns of their definition', async () => {
    await create(resources.customResourceDefinitions, {
      metadata: { name: 'widgets.shop.example' },
      spec: {
        group: 'shop.example',
        scope: 'Namespaced',
        names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
            additionalPrinterColumns: [
              { name: 'Size', type: 'integer', jsonPath: '.spec.size' },
              { name: 'Phase', type: 'string', jsonPath: '.spec.phase' },
              { name: 'Checked', type: 'date', jsonPath: '.spec.checked' },
            ],
          },
        ],
      },
    });
    const ref = {
      group: 'shop.example',
      version: 'v1',
      kind: 'Widget',
      resource: 'widgets',
      namespaced: true,
    };
    await eventually(() =>
      create(ref, {
        apiVersion: 'shop.example/v1',
        kind: 'Widget',
        metadata: { name: 'w', namespace: 'shop' },
        spec: { size: 3, phase: 'Failed', checked: new Date(Date.now() - 3_600_000).toISOString() },
      }),
    );
    const shown = await page('admin', 'widgets.shop.example');
    expect(shown.columns.map(({ id }) => id)).toEqual([
      'name',
      'namespace',
      'status',
      'size',
      'checked',
      'age',
    ]);
    expect(shown.rows[0]?.cells.slice(0, 4)).toEqual(['w', 'shop', { state: 'Failed', tone: 'error' }, 3]);
    expect(shown.columns[4]?.type).toBe('date');
    expect(Math.abs(Date.now() - 3_600_000 - Date.parse(cell(shown, 0, 'checked') as string))).toBeLessThan(
      60_000,
    );
    await cluster.admin.resource(ref).patch('w', { spec: { size: 4 } }, { type: 'merge', namespace: 'shop' });
    await eventually(async () =>
      expect((await page('admin', 'widgets.shop.example', { q: 'size:4' })).total).toBe(1),
    );
    expect(names(await page('admin', 'widgets.v1.shop.example'))).toEqual(['w']);
  });

  test('that the center may not read is read as the caller', async () => {
    await bind('bank', 'robin', 'admin');
    await eventually(async () => expect(names(await page('robin', 'secrets'))).toEqual([]));
    await create(resources.secrets, { metadata: { name: 'pin', namespace: 'bank' } });
    await eventually(async () => expect(names(await page('robin', 'secrets'))).toEqual(['pin']));
    await expect(page('ann', 'secrets')).rejects.toMatchObject({ code: 403 });
  });

  test.each([
    ['a cluster', { cluster: 'nowhere', resource: 'pods' }],
    ['a resource', { cluster: clusterName, resource: 'nothings.example' }],
    ['a resource by a path', { cluster: clusterName, resource: '../pods' }],
  ])('of %s that is not there is not found', async (_, where) => {
    await expect(views.page(callerNamed('admin'), { ...where, query: {} })).rejects.toMatchObject({
      code: 404,
    });
  });
});
