import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { EndpointSlice, KubeObject, PoolCrossing, Service } from '@skerry/api';
import { silentLogger } from '@skerry/base';
import { eventually, FakeClock } from '@skerry/base/testing';
import { resources, type ApiClient, type ResourceClient, type ResourceRef } from '@skerry/client';
import { FakeApiClient } from '@skerry/client/testing';
import { ReachablePools } from '#reachable-pools.ts';
import { createClusterView, poolLabel, serviceIndex, type ClusterView } from '#cluster-view.ts';

let stateDirectory: string;
let clock: FakeClock;
let client: FakeApiClient;
let reachablePools: ReachablePools;
let stop: () => Promise<void>;

beforeEach(async () => {
  stateDirectory = await mkdtemp(join(tmpdir(), 'skerry-view-'));
  clock = new FakeClock();
  client = new FakeApiClient({ clock });
  reachablePools = new ReachablePools();
});

afterEach(async () => {
  await stop();
  await rm(stateDirectory, { recursive: true });
});

function start({ cut = false, pool = 'east' } = {}): ClusterView {
  const view = createClusterView({
    client: cut ? unreachable() : client,
    pool,
    reachablePools,
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

const crossing = (pool: string, range: string): PoolCrossing => ({
  pool,
  ranges: [range],
  gateways: [],
  peerGateways: [],
});

test('slices of pools that are crossed to are followed for as long as they are', async () => {
  slice('for-east', 'east');
  slice('for-west', 'west');
  slice('for-south', 'south');
  const view = start();
  await settled(() => expect(slicesOf(view)).toEqual(['for-east']));
  reachablePools.learn([crossing('west', '10.0.1.0/24')]);
  await settled(() => expect(slicesOf(view)).toEqual(['for-east', 'for-west']));
  reachablePools.learn([crossing('south', '10.0.2.0/24')]);
  await settled(() => expect(slicesOf(view)).toEqual(['for-east', 'for-south']));
  reachablePools.learn([]);
  await settled(() => expect(slicesOf(view)).toEqual(['for-east']));
});

test('a node that starts while cut off knows the slices of pools that it crosses to', async () => {
  slice('for-west', 'west');
  reachablePools.learn([crossing('west', '10.0.1.0/24')]);
  const view = start();
  await settled(() => expect(slicesOf(view)).toEqual(['for-west']));
  await clock.advance(2_000);
  await stop();
  reachablePools = new ReachablePools();
  const cut = start({ cut: true });
  await settled(() => expect(slicesOf(cut)).toEqual(['for-west']));
});

test('only addresses of pods cross', () => {
  reachablePools.learn([crossing('west', '10.0.1.0/24')]);
  const has = (pool: string, address: string) => reachablePools.has(pool, address);
  expect([has('west', '10.0.1.7'), has('west', '192.168.0.10'), has('south', '10.0.1.7')]).toEqual([
    true,
    false,
    false,
  ]);
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
