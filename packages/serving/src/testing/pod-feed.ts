import type { AnyObject, ColumnInfo } from '@skerry/api';
import { FakeClock } from '@skerry/base/testing';
import { RevisionProgress } from '#cache/revision-progress.ts';
import { WatchCache } from '#cache/watch-cache.ts';
import type { WatchCacheOptions } from '#cache/watch-cache.ts';

/** A served kind with two columns, for tests. */
export const podKind = {
  group: '',
  version: 'v1',
  kind: 'Pod',
  resource: 'pods',
  columns: [
    { name: 'Name', type: 'string', format: 'name', priority: 0, cell: (pod) => pod.metadata?.name ?? '' },
    {
      name: 'Age',
      type: 'string',
      priority: 0,
      cell: (pod, nowMs) => `${(nowMs - Date.parse(pod.metadata?.creationTimestamp ?? '')) / 1000}s`,
    },
  ] satisfies ColumnInfo[],
};

/** A cache of pods with its source in hand: each change is the next revision. Begins at revision 100 with what it is given. */
export class PodFeed {
  readonly clock = new FakeClock();
  readonly progress = new RevisionProgress(100);
  readonly cache: WatchCache;
  #revision = 100;

  constructor(options: Partial<WatchCacheOptions> = {}) {
    this.cache = new WatchCache({
      resource: { group: '', resource: 'pods' },
      namespaced: true,
      progress: this.progress,
      clock: this.clock,
      indexedFields: ['spec.nodeName'],
      ...options,
    });
    this.cache.load([], 100);
  }

  get revision(): number {
    return this.#revision;
  }

  /** `place` is `namespace/name`. */
  put(place: string, spec: { node?: string; labels?: Record<string, string>; phase?: string } = {}): number {
    const revision = ++this.#revision;
    this.cache.apply([{ type: 'put', ...this.entry(place, spec, revision) }]);
    this.progress.advance(revision);
    return revision;
  }

  delete(place: string): number {
    const revision = ++this.#revision;
    const [namespace = '', name = ''] = place.split('/');
    this.cache.apply([{ type: 'delete', namespace, name, value: new Uint8Array(), revision }]);
    this.progress.advance(revision);
    return revision;
  }

  /** Something else in the store changed. */
  pass(): number {
    this.progress.advance(++this.#revision);
    return this.#revision;
  }

  entry(
    place: string,
    { node, labels, phase }: { node?: string; labels?: Record<string, string>; phase?: string },
    revision: number,
  ) {
    const [namespace = '', name = ''] = place.split('/');
    const metadata = { name, namespace, labels, creationTimestamp: '2025-12-31T23:59:00Z' };
    const pod: AnyObject = {
      kind: 'Pod',
      apiVersion: 'v1',
      metadata,
      spec: { nodeName: node },
      status: { phase },
    };
    return { namespace, name, revision, value: Buffer.from(JSON.stringify(pod)) };
  }
}
