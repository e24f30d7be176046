import type { Clock, MetricRegistry } from '@skerry/base';
import type { Store } from '@skerry/store';

const secondsBuckets = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
];

/**
 * The store, with every question to it timed, under the names that dashboards look for: there is no etcd here, and what they
 * want to know is how long storing takes.
 */
export function measuredStore(store: Store, metrics: MetricRegistry, clock: Clock): Store {
  const labels = ['operation', 'group', 'resource'];
  const seconds = metrics.histogram({
    name: 'etcd_request_duration_seconds',
    help: 'How long the store took to answer.',
    labels,
    buckets: secondsBuckets,
  });
  const total = metrics.counter({ name: 'etcd_requests_total', help: 'Questions to the store.', labels });
  const errors = metrics.counter({
    name: 'etcd_request_errors_total',
    help: 'Questions that the store answered with an error; a conflict is one.',
    labels,
  });
  const timed = async <T>(operation: string, key: string, answer: () => Promise<T>): Promise<T> => {
    const names = [operation, ...placeOf(key)];
    const startedMs = clock.monotonic();
    total.with(...names).add();
    try {
      return await answer();
    } catch (error) {
      errors.with(...names).add();
      throw error;
    } finally {
      seconds.with(...names).observe((clock.monotonic() - startedMs) / 1000);
    }
  };
  return {
    get revision() {
      return store.revision;
    },
    get compactedRevision() {
      return store.compactedRevision;
    },
    get: (key, options) => timed('get', key, () => store.get(key, options)),
    range: (prefix, options) => timed('list', prefix, () => store.range(prefix, options)),
    create: (key, value, options) => timed('create', key, () => store.create(key, value, options)),
    update: (key, value, options) => timed('update', key, () => store.update(key, value, options)),
    delete: (key, options) => timed('delete', key, () => store.delete(key, options)),
    watch: (options) => store.watch(options),
    compact: (revision) => store.compact(revision),
    scrub: (...given) => store.scrub(...given),
    close: () => store.close(),
  };
}

/** Group and resource of `/registry/<group or core>/<resource>/…`. */
function placeOf(key: string): [group: string, resource: string] {
  const [, , group = '', resource = ''] = key.split('/', 4);
  return [group === 'core' ? '' : group, resource];
}
