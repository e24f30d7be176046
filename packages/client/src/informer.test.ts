import type { ConfigMap } from '@skerry/api';
import { ApiError } from '@skerry/api';
import { silentLogger } from '@skerry/base';
import { FakeClock } from '@skerry/base/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { InformerFactory, resources } from '#index.ts';
import { FakeApiClient } from '#testing/index.ts';

let clock: FakeClock;
let client: FakeApiClient;
let stop: AbortController;

beforeEach(() => {
  clock = new FakeClock();
  client = new FakeApiClient({ clock });
  stop = new AbortController();
});
afterEach(() => stop.abort());

function factory(from: Pick<FakeApiClient, 'resource'> = client) {
  return new InformerFactory({ client: from as FakeApiClient, clock, log: silentLogger, random: () => 0 });
}

const configMap = (name: string, data = 'a', labels = {}): ConfigMap => ({
  metadata: { name, namespace: 'default', labels },
  data: { data },
});

test('an informer holds what was there, then follows every change', async () => {
  client.seed(resources.configMaps, configMap('one'));
  const seen: string[] = [];
  const informers = factory();
  const informer = informers.informer<ConfigMap>(resources.configMaps);
  informer.addHandler({
    onAdd: (object) => seen.push(`add ${object.metadata.name}`),
    onUpdate: (object, old) => seen.push(`update ${old.data?.data} ${object.data?.data}`),
    onDelete: (object) => seen.push(`delete ${object.metadata.name}`),
  });
  void informers.run(stop.signal);
  await clock.advance(0);
  expect(informer.hasSynced()).toBe(true);
  const maps = client.resource<ConfigMap>(resources.configMaps);
  await maps.create(configMap('two'));
  await maps.update(configMap('two', 'b'));
  await maps.delete('one', { namespace: 'default' });
  await clock.advance(0);
  expect(seen).toEqual(['add one', 'add two', 'update a b', 'delete one']);
  expect(informer.get('default', 'two')?.data).toEqual({ data: 'b' });
  expect(informer.list('default')).toHaveLength(1);
  expect(informer.list('other')).toEqual([]);
});

test('an index follows the objects, also when it is added late', async () => {
  client.seed(resources.configMaps, configMap('one', 'x'));
  const informers = factory();
  const informer = informers.informer<ConfigMap>(resources.configMaps);
  void informers.run(stop.signal);
  await clock.advance(0);
  informer.addIndex('data', ({ data }) => Object.values(data ?? {}));
  expect(informer.byIndex('data', 'x')).toHaveLength(1);
  await client.resource<ConfigMap>(resources.configMaps).update(configMap('one', 'y'));
  await clock.advance(0);
  expect(informer.byIndex('data', 'x')).toEqual([]);
  expect(informer.byIndex('data', 'y')).toHaveLength(1);
});

test('a factory gives one informer per resource and scope', () => {
  const informers = factory();
  const all = informers.informer(resources.pods);
  expect(informers.informer(resources.pods)).toBe(all);
  expect(informers.informer(resources.pods, { fieldSelector: 'spec.nodeName=a' })).not.toBe(all);
});

test('after an expired watch the copy is read again and the difference told', async () => {
  let watches = 0;
  const expiring = {
    resource: () => ({
      ...client.resource<ConfigMap>(resources.configMaps),
      async *watch(options: Parameters<ReturnType<typeof client.resource>['watch']>[0]) {
        watches++;
        if (watches === 2) throw new ApiError('Expired', 'too old resource version');
        const inner = client.resource<ConfigMap>(resources.configMaps).watch(options);
        for await (const event of inner) {
          yield event;
          if (watches === 1 && event.type === 'BOOKMARK') return;
        }
      },
    }),
  };
  client.seed(resources.configMaps, configMap('gone'));
  const informers = factory(expiring as unknown as FakeApiClient);
  const informer = informers.informer<ConfigMap>(resources.configMaps);
  const deleted: string[] = [];
  informer.addHandler({ onDelete: (object) => deleted.push(object.metadata.name ?? '') });
  void informers.run(stop.signal);
  await clock.advance(0);
  client.remove(resources.configMaps, { namespace: 'default', name: 'gone' });
  client.seed(resources.configMaps, configMap('new'));
  await clock.advance(10_000);
  expect(watches).toBeGreaterThanOrEqual(3);
  expect(deleted).toEqual(['gone']);
  expect(informer.list().map(({ metadata }) => metadata.name)).toEqual(['new']);
});

test('an object of the first state is cut down as it comes in, not once all are held', async () => {
  for (const name of ['one', 'two', 'three']) client.seed(resources.configMaps, configMap(name));
  let cut = 0;
  const counts: number[] = [];
  const counting = {
    resource: () => ({
      ...client.resource<ConfigMap>(resources.configMaps),
      async *watch(options: Parameters<ReturnType<typeof client.resource>['watch']>[0]) {
        for await (const event of client.resource<ConfigMap>(resources.configMaps).watch(options)) {
          counts.push(cut);
          yield event;
        }
      },
    }),
  };
  const informers = new InformerFactory({
    client: counting as unknown as FakeApiClient,
    clock,
    log: silentLogger,
    random: () => 0,
    transform: (object) => {
      cut++;
      return object;
    },
  });
  informers.informer<ConfigMap>(resources.configMaps);
  void informers.run(stop.signal);
  await clock.advance(0);
  // Three objects and the bookmark that ends them.
  expect(counts).toEqual([0, 1, 2, 3]);
});

test('a server that refuses streamed lists is listed instead', async () => {
  const old = {
    resource: () => ({
      ...client.resource<ConfigMap>(resources.configMaps),
      watch(options: Parameters<ReturnType<typeof client.resource>['watch']>[0]) {
        if (options.sendInitialEvents) throw new ApiError('Invalid', 'sendInitialEvents is forbidden');
        return client.resource<ConfigMap>(resources.configMaps).watch(options);
      },
    }),
  };
  client.seed(resources.configMaps, configMap('one'));
  const informers = factory(old as unknown as FakeApiClient);
  const informer = informers.informer<ConfigMap>(resources.configMaps);
  void informers.run(stop.signal);
  await clock.advance(0);
  expect(informer.list()).toHaveLength(1);
  client.seed(resources.configMaps, configMap('two'));
  await clock.advance(0);
  expect(informer.list()).toHaveLength(2);
});
