import { silentLogger } from '@skerry/base';
import { FakeClock } from '@skerry/base/testing';
import { FakeApiClient } from '@skerry/client/testing';
import { expect, test } from 'vitest';
import { AvailabilityKeeper } from '#clusters/availability.ts';
import type { Cluster } from '#clusters/cluster.ts';
import { centerResources } from '#management/resources.ts';

function harness(phase: 'Running' | 'Creating' = 'Running') {
  const clock = new FakeClock();
  const client = new FakeApiClient({ clock });
  const clusters = client.resource<Cluster>(centerResources.clusters);
  let answers = true;
  const keepers: AbortController[] = [];
  return {
    clock,
    clusters,
    goDown: () => void (answers = false),
    comeBack: () => void (answers = true),
    async create() {
      await clusters.create({ metadata: { name: 'osaka' }, spec: { type: 'hosted' } });
      await clusters.patch('osaka', { status: { phase } }, { type: 'merge', subresource: 'status' });
    },
    start() {
      const stop = new AbortController();
      keepers.push(stop);
      const keeper = new AvailabilityKeeper({
        client,
        clock,
        log: silentLogger,
        probe: () => (answers ? Promise.resolve('v1.36.3') : Promise.reject(new Error('connection refused'))),
      });
      void keeper.run(stop.signal);
      return () => stop.abort(new Error('stopped'));
    },
    status: async () => (await clusters.get('osaka')).status,
  };
}

test('the share of answered probes is kept, and a center that starts again counts on', async () => {
  const h = harness();
  await h.create();
  const stop = h.start();
  await h.clock.advance(9 * 60_000);
  stop();
  h.goDown();
  const stopAgain = h.start();
  await h.clock.advance(60_000);
  const status = await h.status();
  expect(status?.phase).toBe('Unreachable');
  expect(status?.availability?.ratio).toBeGreaterThan(0.8);
  expect(status?.availability?.ratio).toBeLessThan(0.99);
  expect(status?.conditions).toMatchObject([
    { type: 'Ready', status: 'False', reason: 'Unreachable', message: 'connection refused' },
  ]);
  stopAgain();
});

test('one lost probe is no outage', async () => {
  const h = harness();
  await h.create();
  const stop = h.start();
  await h.clock.advance(10_000);
  h.goDown();
  await h.clock.advance(10_000);
  expect((await h.status())?.phase).toBe('Running');
  h.comeBack();
  await h.clock.advance(60_000);
  const availability = (await h.status())?.availability;
  expect(availability?.failed).toBe(1);
  stop();
});

test('a cluster that is still being made is not counted', async () => {
  const h = harness('Creating');
  await h.create();
  const stop = h.start();
  await h.clock.advance(60_000);
  expect((await h.status())?.availability).toBeUndefined();
  stop();
});
