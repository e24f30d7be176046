import type { KubeObject, WatchEvent } from '@skerry/api';
import { silentLogger } from '@skerry/base';
import { FakeClock } from '@skerry/base/testing';
import type { ApiClient, Transport, WatchRequest } from '@skerry/client';
import { expect, test } from 'vitest';
import { Interner } from '#cache/interner.ts';
import { ResourceCache } from '#cache/resource-cache.ts';
import { syntheticPod } from '#testing/synthetic-objects.ts';
import { builtinViews } from '#views/builtin-views.ts';

/** Some pods, and after a while the word that these are all. */
function slowly(pods: number, rest: Promise<void>) {
  return {
    list: () => Promise.reject(new Error('not asked for')),
    async *watch({ signal }: WatchRequest): AsyncGenerator<WatchEvent> {
      for (let index = 0; index < pods; index++)
        yield { type: 'ADDED', object: structuredClone(syntheticPod(index, { nodes: 5 })) as KubeObject };
      await rest;
      yield {
        type: 'BOOKMARK',
        object: { metadata: { resourceVersion: '1', annotations: { 'k8s.io/initial-events-end': 'true' } } },
      };
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    },
  };
}

test('what has come of a first whole state is shown before all of it is there', async () => {
  const clock = new FakeClock();
  const rest = Promise.withResolvers<void>();
  const cache = new ResourceCache({
    view: builtinViews.get('pods')!,
    client: { resource: () => slowly(60, rest.promise) } as unknown as ApiClient,
    transport: {} as Transport,
    interner: new Interner(),
    clock,
    log: silentLogger,
    random: () => 0,
  });
  let told = 0;
  cache.onChange(() => told++);
  void cache.run();
  const ready = cache.ready(1_000, { rows: 50 });
  await clock.advance(20);
  await ready;
  expect([cache.rows().length, cache.items().length, cache.synced, told]).toEqual([60, 0, false, 1]);
  expect(cache.freshness()).toEqual({ state: 'connecting', read: 60 });
  rest.resolve();
  await clock.advance(20);
  expect([cache.rows().length, cache.items().length, cache.synced]).toEqual([60, 60, true]);
  expect(cache.freshness()).toEqual({ state: 'live' });
  cache.close();
});
