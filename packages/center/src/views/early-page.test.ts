import type { KubeObject, WatchEvent } from '@skerry/api';
import { silentLogger as log } from '@skerry/base';
import { FakeClock } from '@skerry/base/testing';
import type { ApiClient, ResourceRef, Transport, WatchRequest } from '@skerry/client';
import { expect, test } from 'vitest';
import { ClusterCaches } from '#cache/cluster-caches.ts';
import type { Rights } from '#rights/rights.ts';
import { callerNamed } from '#testing/caller-named.ts';
import { syntheticNode, syntheticPod } from '#testing/synthetic-objects.ts';
import { ViewService } from '#views/view-service.ts';

/** A cluster that has told of its first nodes and pods, and of the others only once `rest` is over. */
function tellingSlowly(rest: Promise<void>): ApiClient {
  const nodes = Array.from({ length: 1_000 }, (_, index) => syntheticNode(index));
  const pods = Array.from({ length: 200 }, (_, index) => syntheticPod(index, { nodes: 1_000 }));
  const told = ({ resource }: ResourceRef): readonly object[][] =>
    resource === 'nodes'
      ? [nodes.slice(0, 600), nodes.slice(600)]
      : resource === 'pods'
        ? [pods.slice(0, 100), pods.slice(100)]
        : [[], []];
  const resource = (ref: ResourceRef) => ({
    list: () => Promise.reject(new Error('not asked for')),
    async *watch({ signal }: WatchRequest): AsyncGenerator<WatchEvent> {
      const [first = [], others = []] = told(ref);
      const added = (object: object): WatchEvent => ({
        type: 'ADDED',
        object: structuredClone(object) as KubeObject,
      });
      for (const object of first) yield added(object);
      await rest;
      for (const object of others) yield added(object);
      const annotations = { 'k8s.io/initial-events-end': 'true' };
      yield { type: 'BOOKMARK', object: { metadata: { resourceVersion: '1', annotations } } };
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    },
  });
  return { resource, request: async () => ({}) } as unknown as ApiClient;
}

test('the first pods are shown before all nodes are known, and only those of known places', async () => {
  const clock = new FakeClock();
  const rest = Promise.withResolvers<void>();
  const client = tellingSlowly(rest.promise);
  const transport = {} as Transport;
  const random = () => 0;
  const caches = new ClusterCaches({ reader: () => ({ client, transport }), clock, log, random });
  const rights = {
    required: async () => ({ scope: 'all' }),
    actions: async (_: unknown, { items }: { items: readonly unknown[] }) => items.map(() => []),
  } as unknown as Rights;
  const access = { as: () => client } as never;
  const views = new ViewService({ access, caches, rights, clock, log, random });
  const opening = views.open(callerNamed('ann'), { cluster: 'edge', resource: 'pods' });
  for (let turn = 0; turn < 5; turn++) await clock.advance(20);
  const view = await opening;
  const ready = view.ready(10_000, { soon: true });
  for (let turn = 0; turn < 5; turn++) await clock.advance(20);
  await ready;
  const early = await view.page({});
  expect(early.freshness.state).toBe('connecting');
  expect(early.total).toBeGreaterThan(0);
  expect(early.rows.every(({ pool }) => pool !== undefined)).toBe(true);
  rest.resolve();
  for (let turn = 0; turn < 5; turn++) await clock.advance(20);
  expect(await view.page({})).toMatchObject({ total: 200, freshness: { state: 'live' } });
  views.close();
  caches.close();
});
