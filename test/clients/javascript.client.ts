/** `@kubernetes/client-node` against a real center with simulated nodes; its streams are in `streams.client.ts`. */
import {
  AppsV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  type KubernetesObject,
  KubernetesObjectApi,
  makeInformer,
  Metrics,
  PatchStrategy,
  setHeaderOptions,
  topNodes,
  type V1ConfigMap,
  Watch,
} from '@kubernetes/client-node';
import { eventually } from '@skerry/base/testing';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ClientCenter } from './client-center.ts';

describe('the JavaScript client', () => {
  const namespace = 'default';
  const settings = (name: string, data: Record<string, string> = { a: '1' }): V1ConfigMap => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, labels: { from: 'js' } },
    data,
  });
  let cluster: ClientCenter;
  let config: KubeConfig;
  let core: CoreV1Api;
  let objects: KubernetesObjectApi;

  beforeAll(async () => {
    cluster = await ClientCenter.start({ nodes: 1 });
    config = new KubeConfig();
    config.loadFromFile(join(cluster.center.dataDirectory, 'admin.kubeconfig'));
    core = config.makeApiClient(CoreV1Api);
    objects = KubernetesObjectApi.makeApiClient(config);
  });

  afterAll(async () => {
    await cluster?.stop();
  });

  test('creates, reads, replaces, lists in pages and deletes', async () => {
    for (const name of ['p1', 'p2', 'p3'])
      await core.createNamespacedConfigMap({ namespace, body: settings(name) });
    const read = await core.readNamespacedConfigMap({ namespace, name: 'p1' });
    expect(read.metadata?.creationTimestamp).toBeInstanceOf(Date);
    read.data = { a: '2' };
    expect((await core.replaceNamespacedConfigMap({ namespace, name: 'p1', body: read })).data).toEqual({
      a: '2',
    });
    const first = await core.listNamespacedConfigMap({ namespace, labelSelector: 'from=js', limit: 2 });
    expect(first.items.map(({ metadata }) => metadata?.name)).toEqual(['p1', 'p2']);
    const rest = await core.listNamespacedConfigMap({
      namespace,
      labelSelector: 'from=js',
      limit: 2,
      _continue: first.metadata?._continue,
    });
    expect(rest.items.map(({ metadata }) => metadata?.name)).toEqual(['p3']);
    await core.deleteCollectionNamespacedConfigMap({ namespace, labelSelector: 'from=js' });
    await expect(core.readNamespacedConfigMap({ namespace, name: 'p1' })).rejects.toMatchObject({
      code: 404,
      body: expect.stringContaining('configmaps \\"p1\\" not found') as unknown,
    });
  });

  test.each([
    [PatchStrategy.MergePatch, { data: { a: null, b: '2' } }],
    [PatchStrategy.StrategicMergePatch, { data: { a: null, b: '2' } }],
    [
      PatchStrategy.JsonPatch,
      [
        { op: 'remove', path: '/data/a' },
        { op: 'add', path: '/data/b', value: '2' },
      ],
    ],
  ])('patches by %s', async (strategy, body) => {
    await core.createNamespacedConfigMap({ namespace, body: settings('patched') });
    const patched = await core.patchNamespacedConfigMap(
      { namespace, name: 'patched', body },
      setHeaderOptions('Content-Type', strategy),
    );
    expect(patched.data).toEqual({ b: '2' });
    await core.deleteNamespacedConfigMap({ namespace, name: 'patched' });
  });

  test('applies on the server, and owns what it applied', async () => {
    const apply = (data: Record<string, string>, fieldManager: string, force?: boolean) =>
      core.patchNamespacedConfigMap(
        { namespace, name: 'applied', body: settings('applied', data), fieldManager, force },
        setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply),
      );
    const made = await apply({ a: '1' }, 'one');
    expect(made.metadata?.managedFields).toMatchObject([{ manager: 'one', operation: 'Apply' }]);
    await expect(apply({ a: '2' }, 'two')).rejects.toMatchObject({ code: 409 });
    expect((await apply({ a: '2' }, 'two', true)).data).toEqual({ a: '2' });
  });

  test('watches, from where a list ended', async () => {
    const list = await core.listNamespacedConfigMap({ namespace });
    const events: string[] = [];
    const controller = await new Watch(config).watch(
      `/api/v1/namespaces/${namespace}/configmaps`,
      { resourceVersion: list.metadata?.resourceVersion, allowWatchBookmarks: true },
      (type, object: KubernetesObject) => void events.push(`${type} ${object.metadata?.name}`),
      () => undefined,
    );
    try {
      await core.createNamespacedConfigMap({ namespace, body: settings('watched') });
      await core.deleteNamespacedConfigMap({ namespace, name: 'watched' });
      await eventually(() => expect(events).toEqual(['ADDED watched', 'DELETED watched']));
    } finally {
      controller.abort();
    }
  });

  test('keeps an informer', async () => {
    const informer = makeInformer(config, `/api/v1/namespaces/${namespace}/configmaps`, () =>
      core.listNamespacedConfigMap({ namespace }),
    );
    const seen: string[] = [];
    for (const verb of ['add', 'update', 'delete'] as const)
      informer.on(verb, ({ metadata }) => void seen.push(`${verb} ${metadata?.name}`));
    await informer.start();
    try {
      await core.createNamespacedConfigMap({ namespace, body: settings('informed') });
      await core.replaceNamespacedConfigMap({
        namespace,
        name: 'informed',
        body: settings('informed', { a: '9' }),
      });
      await eventually(() => expect(informer.get('informed', namespace)?.data).toEqual({ a: '9' }));
      await core.deleteNamespacedConfigMap({ namespace, name: 'informed' });
      await eventually(() => expect(seen).toContain('delete informed'));
      expect(informer.get('informed', namespace)).toBeUndefined();
    } finally {
      await informer.stop();
    }
  });

  test('reads and writes objects of any kind', async () => {
    const made = await objects.create(settings('any'));
    expect(made.metadata?.uid).toBeTruthy();
    const patched = await objects.patch(
      settings('any', { b: '2' }),
      undefined,
      undefined,
      undefined,
      undefined,
      PatchStrategy.MergePatch,
    );
    expect(patched).toMatchObject({ data: { a: '1', b: '2' } });
    const list = await objects.list('v1', 'ConfigMap', namespace);
    expect(list.items.map(({ metadata }) => metadata?.name)).toContain('any');
    expect(await objects.delete(settings('any'))).toMatchObject({ status: 'Success' });
  });

  test('works with kinds of a definition', async () => {
    const group = 'js.example.org';
    await objects.create({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `gizmos.${group}` },
      spec: {
        group,
        scope: 'Namespaced',
        names: { plural: 'gizmos', singular: 'gizmo', kind: 'Gizmo' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            // As the client calls it.
            schema: { openAPIV3Schema: { type: 'object', x_kubernetes_preserve_unknown_fields: true } },
          },
        ],
      },
    } as KubernetesObject);
    const custom = config.makeApiClient(CustomObjectsApi);
    const at = { group, version: 'v1', namespace, plural: 'gizmos' };
    const body = { apiVersion: `${group}/v1`, kind: 'Gizmo', metadata: { name: 'g' }, spec: { x: 1 } };
    await eventually(() => custom.createNamespacedCustomObject({ ...at, body }));
    const merged: unknown = await custom.patchNamespacedCustomObject(
      { ...at, name: 'g', body: { spec: { y: 2 } } },
      setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
    );
    expect(merged).toMatchObject({ spec: { x: 1, y: 2 } });
  });

  test('scales a Deployment and reads metrics', async () => {
    const apps = config.makeApiClient(AppsV1Api);
    const labels = { app: 'web' };
    await apps.createNamespacedDeployment({
      namespace,
      body: {
        metadata: { name: 'web' },
        spec: {
          replicas: 1,
          selector: { matchLabels: labels },
          template: {
            metadata: { labels },
            spec: { containers: [{ name: 'web', image: 'registry.example/web:1' }] },
          },
        },
      },
    });
    await eventually(async () => {
      const scale = await apps.readNamespacedDeploymentScale({ namespace, name: 'web' });
      scale.spec = { replicas: 2 };
      await apps.replaceNamespacedDeploymentScale({ namespace, name: 'web', body: scale });
    });
    await eventually(async () => {
      const { status } = await apps.readNamespacedDeployment({ namespace, name: 'web' });
      expect(status?.availableReplicas).toBe(2);
    });
    await eventually(async () => {
      const metrics = await new Metrics(config).getNodeMetrics();
      expect(metrics.items.map(({ metadata }) => metadata.name)).toEqual(['sim-0']);
    });
    expect((await topNodes(core)).map(({ Node: { metadata } }) => metadata?.name)).toEqual(['sim-0']);
  });
});
