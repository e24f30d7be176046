import type { StoredResource } from '#registry/stored-resource.ts';
import type { MetricRegistry, Sampled } from '@skerry/base';

/** Numbers of the watch caches, read when they are asked for. */
export function measureCaches(metrics: MetricRegistry, resources: () => Iterable<StoredResource>): void {
  const perResource = (
    type: 'counter' | 'gauge',
    name: string,
    help: string,
    value: (cache: StoredResource['cache']) => number,
  ): void => {
    metrics.sampled({ name, help, type, labels: ['group', 'resource'] }, function* (): Sampled {
      for (const { groupResource, cache } of resources())
        yield [[groupResource.group, groupResource.resource], value(cache)];
    });
  };
  metrics.sampled(
    {
      name: 'apiserver_storage_objects',
      help: 'Objects that are stored, by resource.',
      type: 'gauge',
      labels: ['resource'],
    },
    function* (): Sampled {
      for (const { groupResource, cache } of resources()) {
        const { group, resource } = groupResource;
        yield [[group ? `${resource}.${group}` : resource], cache.size];
      }
    },
  );
  perResource('gauge', 'apiserver_resource_objects', 'Objects that are stored.', ({ size }) => size);
  perResource(
    'gauge',
    'apiserver_resource_size_estimate_bytes',
    'Bytes of the objects that are stored.',
    ({ bytes }) => bytes,
  );
  perResource(
    'counter',
    'apiserver_watch_cache_events_received_total',
    'Changes that the watch cache has been told of.',
    ({ counts }) => counts.received,
  );
  perResource(
    'counter',
    'apiserver_watch_cache_events_dispatched_total',
    'Events that the watch cache has handed to watchers.',
    ({ counts }) => counts.dispatched,
  );
  perResource(
    'counter',
    'apiserver_watch_cache_initializations_total',
    'Times that the watch cache was filled anew.',
    ({ counts }) => counts.loads,
  );
  perResource(
    'gauge',
    'apiserver_watch_cache_resource_version',
    'Revision that the watch cache has come to.',
    ({ revision }) => revision,
  );
  perResource(
    'gauge',
    'watch_cache_capacity',
    'Events of the past that the watch cache holds.',
    ({ historyLength }) => historyLength,
  );
  perResource(
    'gauge',
    'apiserver_watch_cache_watchers',
    'Open watches of the resource.',
    ({ watcherCount }) => watcherCount,
  );
}
