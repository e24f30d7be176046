import { WatchMemory, type WatchObserver } from '@skerry/serving';
import type { MetricRegistry } from '@skerry/base';

/** What all watchers of a server may together be behind. */
const unreadBytesMax = 512 * 1024 * 1024;
const sizeBuckets = [1024, 2048, 4096, 8192, 16_384, 32_768, 65_536, 131_072];

interface WatchedKind {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
}

/** Counts what watches send and which of them are ended because nobody reads. */
export class WatchMetrics {
  readonly memory = new WatchMemory(unreadBytesMax);
  readonly #events;
  readonly #sizes;
  readonly #terminated;
  readonly #observers = new WeakMap<WatchedKind, WatchObserver>();

  constructor(metrics: MetricRegistry) {
    const labels = ['group', 'version', 'resource'];
    this.#events = metrics.counter({
      name: 'apiserver_watch_events_total',
      help: 'Events sent to watchers, bookmarks included.',
      labels,
    });
    this.#sizes = metrics.histogram({
      name: 'apiserver_watch_events_sizes',
      help: 'Bytes of events sent to watchers.',
      labels,
      buckets: sizeBuckets,
    });
    this.#terminated = metrics.counter({
      name: 'apiserver_terminated_watchers_total',
      help: 'Watches that were ended because their client did not read.',
      labels: ['group', 'resource'],
    });
    metrics.sampled(
      {
        name: 'apiserver_watch_unread_bytes',
        help: 'Bytes of events that watchers have not read yet.',
        type: 'gauge',
      },
      () => [[[], this.memory.bytes]],
    );
  }

  observerOf(kind: WatchedKind): WatchObserver {
    let observer = this.#observers.get(kind);
    if (!observer) this.#observers.set(kind, (observer = this.#make(kind)));
    return observer;
  }

  #make({ group, version, resource }: WatchedKind): WatchObserver {
    const events = this.#events.with(group, version, resource);
    const sizes = this.#sizes.with(group, version, resource);
    return {
      sent(bytes) {
        events.add();
        sizes.observe(bytes);
      },
      tooSlow: () => this.#terminated.with(group, resource).add(),
    };
  }
}
