import type { ConfigMap, KubeObject, Pod, Secret } from '@skerry/api';
import { silentLogger, systemClock } from '@skerry/base';
import { eventually } from '@skerry/base/testing';
import { Informer, resources, type ApiClient } from '@skerry/client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HubHarness } from '#testing/hub-harness.ts';

let harness: HubHarness;
const stops: (() => Promise<void>)[] = [];
beforeEach(async () => {
  harness = await HubHarness.start();
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  await harness.close();
});

const namespace = 'default';
const configMaps = (client: ApiClient = harness.admin) => client.resource<ConfigMap>(resources.configMaps);
const secrets = (client: ApiClient = harness.admin) => client.resource<Secret>(resources.secrets);
const readAll = { apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'watch'] };

/** An informer of ConfigMaps, and what it was told: `+a`, `~a`, `-a`. */
function follow(client: ApiClient, scope: object = { namespace }) {
  const told: string[] = [];
  const informer = new Informer<ConfigMap>({
    source: configMaps(client),
    name: 'configmaps',
    scope,
    clock: systemClock,
    log: silentLogger,
    random: Math.random,
  });
  const tell = (mark: string) => (object: ConfigMap) => void told.push(`${mark}${object.metadata.name}`);
  informer.addHandler({ onAdd: tell('+'), onUpdate: tell('~'), onDelete: tell('-') });
  const stop = new AbortController();
  const running = informer.run(stop.signal);
  stops.push(async () => {
    stop.abort();
    await running;
  });
  return { informer, told };
}

const create = (name: string, value = '1') =>
  configMaps().create({ metadata: { name, namespace }, data: { value } });
const change = (name: string, value: string) =>
  configMaps().patch(name, { data: { value } }, { namespace, type: 'merge' });
const remove = (name: string) => configMaps().delete(name, { namespace });

/** Makes a pod of the node use the ConfigMap, so that the node may read it. */
async function holdOnNode(name: string): Promise<void> {
  await harness.admin
    .resource(resources.serviceAccounts)
    .create({ metadata: { name: 'default', namespace } });
  const env = { envFrom: [{ configMapRef: { name } }] };
  await harness.admin.resource<Pod>(resources.pods).create({
    metadata: { name: 'p', namespace },
    spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'i', ...env }] },
  });
}

describe('a watch over a hub', () => {
  test('is told of a cut what happened meanwhile, exactly and once, without listing again', async () => {
    const { token } = await harness.podToken(namespace, 'reader', [readAll]);
    await Promise.all(['stays', 'changes', 'goes'].map((name) => create(name)));
    const { informer, told } = follow(harness.as(token));
    await eventually(() => expect(informer.list().length).toBe(3));
    told.length = 0;
    harness.link.cut();
    await remove('goes');
    await change('changes', '2');
    await change('changes', '3');
    await create('comes');
    await create('passes');
    await remove('passes');
    const before = harness.link.asked.length;
    harness.link.mend();
    await eventually(() => expect(informer.get(namespace, 'comes')).toBeDefined());
    await change('stays', '2');
    await eventually(() => expect(told.at(-1)).toBe('~stays'));
    expect(told.filter((each) => !each.endsWith('passes'))).toEqual(
      expect.arrayContaining(['-goes', '~changes', '+comes', '~stays']),
    );
    expect(informer.get(namespace, 'changes')?.data).toEqual({ value: '3' });
    const watches = harness.link.asked.slice(before).filter((line) => line.includes('configmaps'));
    expect(watches).toHaveLength(1);
    expect(watches[0]).toContain('resourceVersion=');
  });

  test('is told the difference where the center has forgotten the revision', async () => {
    const { token } = await harness.podToken(namespace, 'reader', [readAll]);
    await Promise.all(['stays', 'changes', 'goes', 'goes-too'].map((name) => create(name)));
    const { informer, told } = follow(harness.as(token));
    await eventually(() => expect(informer.list().length).toBe(4));
    told.length = 0;
    harness.link.cut();
    await remove('goes');
    await remove('goes-too');
    await change('changes', '2');
    await create('comes');
    await harness.forgetHistory();
    harness.link.mend();
    await eventually(() => expect(informer.get(namespace, 'comes')).toBeDefined());
    expect([...told].sort()).toEqual(['+comes', '-goes', '-goes-too', '~changes']);
  });

  test('is one watch of the center, however many watch here', async () => {
    const { token } = await harness.podToken(namespace, 'reader', [readAll]);
    await create('a');
    const all = Array.from({ length: 20 }, () => follow(harness.as(token)));
    for (const { informer } of all) await eventually(() => expect(informer.hasSynced()).toBe(true));
    await change('a', '2');
    for (const { told } of all) await eventually(() => expect(told).toEqual(['+a', '~a']));
    expect(harness.link.asked.filter((line) => /configmaps.*watch=true/.test(line))).toHaveLength(1);
  });

  test('begins from the disk after a restart without a link, and goes on when that is back', async () => {
    await create('a');
    await holdOnNode('a');
    const scope = { namespace, fieldSelector: 'metadata.name=a' };
    const first = follow(harness.node, scope);
    await eventually(() => expect(first.told).toEqual(['+a']));
    await stops.pop()?.();
    harness.link.cut();
    await harness.restart();
    const second = follow(harness.node, scope);
    await eventually(() => expect(second.informer.get(namespace, 'a')?.data).toEqual({ value: '1' }));
    await change('a', '2');
    harness.link.mend();
    await eventually(() => expect(second.told).toEqual(['+a', '~a']));
  });
});

describe('reads without a link', () => {
  test('are answered with what was read before, marked with their age', async () => {
    const { token } = await harness.podToken(namespace, 'reader', [readAll]);
    await create('a');
    const pod = harness.transportOf(token);
    const read = (path: string) =>
      pod.request({ method: 'GET', path, headers: { accept: 'application/json' } });
    const list = `/api/v1/namespaces/${namespace}/configmaps?limit=500`;
    expect((await read(list)).headers['age']).toBeUndefined();
    harness.link.cut();
    const answer = await read(list);
    expect([answer.status, answer.headers['warning']]).toEqual([200, '110 skerry-hub "Response is Stale"']);
    expect(Number(answer.headers['age'])).toBeGreaterThanOrEqual(0);
    // Allowed once, by the same rule, and not yet asked for: the narrower question has its answer.
    const { items } = await configMaps(harness.as(token)).list({ namespace, labelSelector: 'x=y' });
    expect(items).toEqual([]);
    await expect(
      harness.as(token).request('GET', '/api/v1/namespaces/default/services'),
    ).rejects.toMatchObject({
      code: 503,
    });
  });

  test('tell apart what is not there from what was not read', async () => {
    const { token } = await harness.podToken(namespace, 'reader', [readAll]);
    await create('a');
    await create('b');
    const pod = configMaps(harness.as(token));
    await pod.get('a', { namespace });
    await expect(pod.get('none', { namespace })).rejects.toMatchObject({ code: 404 });
    harness.link.cut();
    expect((await pod.get('a', { namespace })).data).toEqual({ value: '1' });
    await expect(pod.get('b', { namespace })).rejects.toMatchObject({ code: 503 });
    harness.link.mend();
    await pod.list({ namespace });
    await harness.link.idle();
    harness.link.cut();
    expect((await pod.get('b', { namespace })).data).toEqual({ value: '1' });
    await expect(pod.get('none', { namespace })).rejects.toMatchObject({ code: 404 });
  });

  test('serve discovery to whoever read it before', async () => {
    const { token } = await harness.podToken(namespace, 'reader', [readAll]);
    const before = await harness.as(token).request('GET', '/api/v1');
    harness.link.cut();
    expect(await harness.as(token).request('GET', '/api/v1')).toEqual(before);
    await expect(harness.as(token).request('GET', '/apis/apps/v1')).rejects.toMatchObject({ code: 503 });
  });

  test('show the tables of custom resources that were shown last, to whom they were shown', async () => {
    const group = 'shop.example.com';
    await harness.admin.request('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      body: {
        metadata: { name: `tills.${group}` },
        spec: {
          group,
          scope: 'Namespaced',
          names: { plural: 'tills', singular: 'till', kind: 'Till' },
          versions: [
            {
              name: 'v1',
              served: true,
              storage: true,
              additionalPrinterColumns: [{ name: 'Drawer', type: 'string', jsonPath: '.drawer' }],
              schema: {
                openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
              },
            },
          ],
        },
      },
    });
    const tills = { group, version: 'v1', resource: 'tills', kind: 'Till', namespaced: true } as const;
    const till = { metadata: { name: 'one', namespace }, drawer: 'open' } as KubeObject;
    await eventually(() => harness.admin.resource(tills).create(till));
    const may = { apiGroups: [group], resources: ['tills'], verbs: ['list'] };
    const { token } = await harness.podToken(namespace, 'reader', [may]);
    const { token: other } = await harness.podToken(namespace, 'other', [readAll]);
    const table = async (of: string, path = `/apis/${group}/v1/namespaces/${namespace}/tills?limit=500`) => {
      const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
      const headers = { accept, 'accept-encoding': 'gzip' };
      const { status, body } = await harness.transportOf(of).request({ method: 'GET', path, headers });
      const chunks: Uint8Array[] = [];
      for await (const chunk of body) chunks.push(chunk);
      return { status, text: Buffer.concat(chunks).toString() };
    };
    await table(token);
    await harness.admin.resource(tills).patch('one', { drawer: 'shut' }, { namespace, type: 'merge' });
    const shown = await table(token);
    expect(shown.text).toContain('"cells":["one","shut"]');
    expect((await table(other)).status).toBe(403);
    harness.link.cut();
    expect(await table(token)).toEqual(shown);
    expect((await table(other)).status).toBe(403);
    expect((await table(token, `/apis/${group}/v1/namespaces/${namespace}/tills`)).status).toBe(503);
  });

  test('give every form of what was read in one', async () => {
    const { token } = await harness.podToken(namespace, 'reader', [readAll]);
    await create('a');
    await configMaps(harness.as(token)).list({ namespace });
    harness.link.cut();
    const ask = async (accept: string) => {
      const path = `/api/v1/namespaces/${namespace}/configmaps`;
      const { headers, body } = await harness
        .transportOf(token)
        .request({ method: 'GET', path, headers: { accept } });
      const chunks: Uint8Array[] = [];
      for await (const chunk of body) chunks.push(chunk);
      return { type: headers['content-type'], text: Buffer.concat(chunks).toString('latin1') };
    };
    expect(await ask('application/json;as=Table;g=meta.k8s.io;v=v1')).toMatchObject({
      text: expect.stringContaining('"kind":"Table"') as string,
    });
    expect(await ask('application/vnd.kubernetes.protobuf')).toMatchObject({
      type: 'application/vnd.kubernetes.protobuf',
      text: expect.stringMatching(/^k8s\0/) as string,
    });
    const partial = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
    expect((await ask(partial)).text).toContain('PartialObjectMetadataList');
  });
});

test('custom resources are read, watched and kept as built-in ones are', async () => {
  const group = 'shop.example.com';
  const tills = { group, version: 'v1', resource: 'tills', kind: 'Till', namespaced: true } as const;
  const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  await harness.admin.request('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    body: {
      metadata: { name: `tills.${group}` },
      spec: {
        group,
        scope: 'Namespaced',
        names: { plural: 'tills', singular: 'till', kind: 'Till' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
      },
    },
  });
  type Till = KubeObject & { readonly drawer?: string };
  const atCenter = harness.admin.resource<Till>(tills);
  const make = (name: string) =>
    eventually(() => atCenter.create({ metadata: { name, namespace }, drawer: 'open' }));
  await make('one');
  const { token } = await harness.podToken(namespace, 'reader', [
    { apiGroups: [group], resources: ['tills'], verbs: ['get', 'list', 'watch'] },
  ]);
  const pod = harness.as(token);
  const informer = new Informer<Till>({
    source: pod.resource<Till>(tills),
    name: 'tills',
    scope: { namespace },
    clock: systemClock,
    log: silentLogger,
    random: Math.random,
  });
  const stop = new AbortController();
  const running = informer.run(stop.signal);
  stops.push(async () => {
    stop.abort();
    await running;
  });
  await eventually(() => expect(informer.get(namespace, 'one')?.drawer).toBe('open'));
  await harness.link.idle();
  harness.link.cut();
  await make('two');
  expect((await pod.resource<Till>(tills).get('one', { namespace })).drawer).toBe('open');
  expect((await pod.resource<Till>(tills).list({ namespace })).items).toHaveLength(1);
  await expect(
    pod.resource<Till>(tills).create({ metadata: { name: 'three', namespace } }),
  ).rejects.toMatchObject({ code: 503 });
  harness.link.mend();
  await eventually(() => expect(informer.get(namespace, 'two')?.drawer).toBe('open'));
});

describe('an edit on the machine', () => {
  const ref = { group: '', version: 'v1', resource: 'configmaps' };
  const place = { namespace, name: 'a' };

  test('is refused with a link; without one it is seen by whoever watches, listed, and outlives a restart', async () => {
    await create('a');
    await holdOnNode('a');
    const scope = { namespace, fieldSelector: 'metadata.name=a' };
    const first = follow(harness.node, scope);
    await eventually(() => expect(first.told).toEqual(['+a']));
    const [held] = first.informer.list();
    const edited = { ...held, data: { value: 'edited' } } as never;
    await expect(harness.hub.edit(ref, place, edited)).rejects.toMatchObject({ code: 409 });
    harness.link.cut();
    await harness.hub.edit(ref, place, edited);
    await eventually(() => expect(first.informer.get(namespace, 'a')?.data).toEqual({ value: 'edited' }));
    await expect(harness.hub.edit(ref, { namespace, name: 'none' }, edited)).rejects.toMatchObject({
      code: 404,
    });
    await stops.pop()?.();
    await harness.restart();
    expect(harness.hub.edits()).toMatchObject([{ resource: 'configmaps', name: 'a' }]);
    const second = follow(harness.node, scope);
    await eventually(() => expect(second.informer.get(namespace, 'a')?.data).toEqual({ value: 'edited' }));
    harness.link.mend();
    await eventually(() => expect(second.informer.get(namespace, 'a')?.data).toEqual({ value: '1' }));
    expect(harness.hub.edits()).toEqual([]);
    await change('a', '2');
    await eventually(() => expect(second.informer.get(namespace, 'a')?.data).toEqual({ value: '2' }));
  });
});

describe('writes without a link', () => {
  test('are refused with a Status that says why, and are not done later', async () => {
    const { token } = await harness.podToken(namespace, 'writer', [{ ...readAll, verbs: ['*'] }]);
    const pod = configMaps(harness.as(token));
    await pod.create({ metadata: { name: 'with', namespace } });
    harness.link.cut();
    await expect(pod.create({ metadata: { name: 'without', namespace } })).rejects.toMatchObject({
      code: 503,
      reason: 'ServiceUnavailable',
      status: { details: { retryAfterSeconds: 10 } },
    });
    await expect(pod.delete('with', { namespace })).rejects.toMatchObject({ code: 503 });
    harness.link.mend();
    const names = (await configMaps().list({ namespace })).items.map(({ metadata }) => metadata.name);
    expect(names).toContain('with');
    expect(names).not.toContain('without');
  });
});

describe('a caller', () => {
  test("reads no other namespace's Secrets, though the node holds them, with a link or without", async () => {
    await harness.admin.resource(resources.namespaces).create({ metadata: { name: 'other' } });
    await secrets().create({ metadata: { name: 's', namespace: 'other' }, stringData: { a: 'hidden' } });
    const strong = await harness.podToken('other', 'strong', [
      { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list', 'watch'] },
    ]);
    const weak = await harness.podToken(namespace, 'weak', [readAll]);
    // The strong one watches, lists and gets, so that all of it is here.
    const watching = new AbortController();
    const events = secrets(harness.as(strong.token)).watch({ namespace: 'other', signal: watching.signal });
    await events[Symbol.asyncIterator]().next();
    await secrets(harness.as(strong.token)).list({ namespace: 'other' });
    await secrets(harness.as(strong.token)).get('s', { namespace: 'other' });
    const attempts = () => {
      const pod = secrets(harness.as(weak.token));
      const signal = AbortSignal.timeout(5_000);
      return [
        () => pod.get('s', { namespace: 'other' }),
        () => pod.get('s', { namespace: 'other', resourceVersion: '0' }),
        () => pod.list({ namespace: 'other' }),
        () => pod.list({ namespace: 'other', resourceVersion: '0' }),
        () => pod.list(),
        async () =>
          pod.watch({ namespace: 'other', resourceVersion: '0', signal })[Symbol.asyncIterator]().next(),
      ];
    };
    for (const attempt of attempts()) await expect(attempt()).rejects.toMatchObject({ code: 403 });
    harness.link.cut();
    expect((await secrets(harness.as(strong.token)).get('s', { namespace: 'other' })).metadata.name).toBe(
      's',
    );
    for (const attempt of attempts()) await expect(attempt()).rejects.toMatchObject({ code: 403 });
    await harness.restart();
    for (const attempt of attempts()) await expect(attempt()).rejects.toMatchObject({ code: 403 });
    watching.abort();
  });

  test('that was never asked about is refused without a link', async () => {
    const first = await harness.podToken(namespace, 'first', [readAll]);
    const second = await harness.podToken(namespace, 'second', [readAll]);
    await create('a');
    await configMaps(harness.as(first.token)).list({ namespace });
    harness.link.cut();
    await expect(configMaps(harness.as(second.token)).list({ namespace })).rejects.toMatchObject({
      code: 503,
    });
  });

  test('that lost a right at the center has lost it here', async () => {
    const { token } = await harness.podToken(namespace, 'reader', [readAll]);
    await create('a');
    const pod = configMaps(harness.as(token));
    await pod.list({ namespace });
    await harness.admin.request(
      'DELETE',
      `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/roles/reader`,
    );
    await eventually(async () => {
      await expect(pod.list({ namespace })).rejects.toMatchObject({ code: 403 });
    });
    harness.link.cut();
    await expect(pod.list({ namespace })).rejects.toMatchObject({ code: 403 });
  });

  test('with a token that is none is nobody, with a link and without', async () => {
    await expect(harness.hub.identify('nonsense')).rejects.toMatchObject({ code: 401 });
    const { token } = await harness.podToken(namespace, 'reader', [readAll]);
    await harness.hub.identify(token);
    await harness.link.idle();
    harness.link.cut();
    await expect(harness.hub.identify('nonsense')).rejects.toMatchObject({ code: 401 });
    await expect(harness.hub.identify(`${token}x`)).rejects.toMatchObject({ code: 401 });
  });

  test('is a pod of this node only for as long as it runs here', async () => {
    const { token, uid } = await harness.podToken(namespace, 'reader', [readAll]);
    await harness.hub.identify(token);
    harness.link.cut();
    expect((await harness.hub.identify(token)).pod?.uid).toBe(uid);
    harness.pods.delete(uid);
    await expect(harness.hub.identify(token)).rejects.toMatchObject({ code: 401 });
  });
});
