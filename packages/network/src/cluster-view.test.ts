import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { EndpointSlice, KubeObject, Service } from '@skerry/api';
import { silentLogger } from '@skerry/base';
import { eventually, FakeClock } from '@skerry/base/testing';
import { resources, type ApiClient, type ResourceClient, type ResourceRef } from '@skerry/client';
import { FakeApiClient } from '@skerry/client/testing';
import { createClusterView, poolLabel, serviceIndex, type ClusterView } from '#cluster-view.ts';

let stateDirectory: string;
let clock: FakeClock;
let client: FakeApiClient;
let stop: () => Promise<void>;

beforeEach(async () => {
  stateDirectory = await mkdtemp(join(tmpdir(), 'skerry-view-'));
  clock = new FakeClock();
  client = new FakeApiClient({ clock });
});

afterEach(async () => {
  await stop();
  await rm(stateDirectory, { recursive: true });
});

function start({ cut = false, pool = 'east' } = {}): ClusterView {
  const view = createClusterView({
    client: cut ? unreachable() : client,
    pool,
    stateDirectory,
    clock,
    log: silentLogger,
    random: () => 0,
  });
  const end = new AbortController();
  const running = view.run(end.signal);
  stop = async () => {
    end.abort();
    await clock.advance(0);
    await running;
  };
  return view;
}

/** An API that answers nothing. */
function unreachable(): ApiClient {
  const never = new Promise<never>(() => undefined);
  return {
    resource: <T extends KubeObject>(ref: ResourceRef): ResourceClient<T> => ({
      ...client.resource<T>(ref),
      list: () => never,
      async *watch({ signal }) {
        yield* [];
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      },
    }),
    request: () => never,
    as: unreachable,
    close: () => undefined,
  };
}

const slice = (name: string, pool?: string) =>
  client.seed<EndpointSlice>(resources.endpointSlices, {
    metadata: {
      name,
      namespace: 'default',
      labels: { 'kubernetes.io/service-name': 'web', ...(pool ? { [poolLabel]: pool } : {}) },
    },
    addressType: 'IPv4',
    endpoints: [],
  });
const service = (name: string) =>
  client.seed<Service>(resources.services, { metadata: { name, namespace: 'default' }, spec: {} });
const slicesOf = (view: ClusterView) =>
  view.slices
    .byIndex(serviceIndex, 'default/web')
    .map(({ metadata }) => metadata.name ?? '')
    .toSorted((a, b) => a.localeCompare(b));
const settled = (check: () => void) =>
  eventually(async () => {
    await clock.advance(1_000);
    check();
  });

test('slices are those of the own pool and of none', async () => {
  slice('for-east', 'east');
  slice('for-west', 'west');
  slice('for-all');
  const view = start();
  await settled(() => expect(slicesOf(view)).toEqual(['for-all', 'for-east']));
});

test('a slice that moves into the pool is told of once, and one that leaves it goes', async () => {
  slice('a');
  const view = start();
  await settled(() => expect(view.slices.isKnown()).toBe(true));
  const seen: string[] = [];
  view.slices.addHandler({
    onAdd: () => seen.push('add'),
    onUpdate: () => seen.push('update'),
    onDelete: () => seen.push('delete'),
  });
  const label = (pool: string) =>
    client.edit<EndpointSlice>(
      resources.endpointSlices,
      { namespace: 'default', name: 'a' },
      ({ metadata }) => {
        metadata.labels = { ...metadata.labels, [poolLabel]: pool };
      },
    );
  label('east');
  await settled(() => expect(view.slices.list()[0]?.metadata.labels?.[poolLabel]).toBe('east'));
  label('west');
  await settled(() => expect(slicesOf(view)).toEqual([]));
  expect(seen.at(0)).toBe('add');
  expect(seen.at(-1)).toBe('delete');
});

test('a node that starts while cut off knows what it knew, changes included', async () => {
  service('old');
  service('gone');
  let view = start();
  await settled(() => expect(view.services.size).toBe(2));
  await clock.advance(1_000);
  client.remove(resources.services, { namespace: 'default', name: 'gone' });
  service('new');
  await settled(() => expect(view.services.get('default', 'new')).toBeDefined());
  await stop();
  view = start({ cut: true });
  await settled(() => expect(view.services.isKnown()).toBe(true));
  const names = view.services.list().map(({ metadata }) => metadata.name);
  expect(new Set(names)).toEqual(new Set(['new', 'old']));
  expect(view.services.isCurrent()).toBe(false);
});

test('what changed while the node was away is told as changes', async () => {
  service('stays');
  service('goes');
  const first = start();
  await settled(() => expect(first.services.isCurrent()).toBe(true));
  await stop();
  client.remove(resources.services, { namespace: 'default', name: 'goes' });
  const view = start();
  const gone: (string | undefined)[] = [];
  view.services.addHandler({ onDelete: ({ metadata }) => gone.push(metadata.name) });
  await settled(() => expect(view.services.isCurrent()).toBe(true));
  expect(gone).toEqual(['goes']);
});

test('a file of another pool is not believed', async () => {
  slice('for-east', 'east');
  const view = start();
  await settled(() => expect(view.slices.isCurrent()).toBe(true));
  await stop();
  const moved = start({ cut: true, pool: 'west' });
  await clock.advance(5_000);
  expect(moved.slices.isKnown()).toBe(false);
});
