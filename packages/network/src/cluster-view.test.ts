import { afterEach, beforeEach, expect, test } from 'vitest';
import type { EndpointSlice, PoolCrossing } from '@skerry/api';
import { silentLogger } from '@skerry/base';
import { eventually, FakeClock } from '@skerry/base/testing';
import { resources } from '@skerry/client';
import { FakeApiClient } from '@skerry/client/testing';
import { ReachablePools } from '#reachable-pools.ts';
import { createClusterView, poolLabel, serviceIndex, type ClusterView } from '#cluster-view.ts';

let clock: FakeClock;
let client: FakeApiClient;
let reachablePools: ReachablePools;
let stop: () => Promise<void>;

beforeEach(() => {
  clock = new FakeClock();
  client = new FakeApiClient({ clock });
  reachablePools = new ReachablePools();
});

afterEach(async () => {
  await stop();
});

function start(): ClusterView {
  const view = createClusterView({
    client,
    pool: 'east',
    reachablePools,
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
