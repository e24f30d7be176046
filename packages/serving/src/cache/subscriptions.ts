import type { CacheEvent, SelectableObject } from '#contract.ts';
import type { Selection } from '#cache/selection.ts';
import { keyOf } from '#cache/cached-entry.ts';

/** One watcher of a cache. */
export interface Subscriber {
  readonly selection: Selection;
}

/**
 * Watchers, found by what they watch: one object, one value of an indexed field, one namespace, or everything. An event looks up
 * four places instead of asking every watcher, which is what lets thousands of nodes each watch their own pods.
 */
export class Subscriptions<S extends Subscriber> {
  readonly #fields: readonly string[];
  readonly #namespaced: boolean;
  readonly #everything = new Set<S>();
  /** Bucket name → its watchers; names begin with the kind of bucket. */
  readonly #buckets = new Map<string, Set<S>>();
  readonly #all = new Set<S>();

  constructor(options: { fields: readonly string[]; namespaced: boolean }) {
    this.#fields = options.fields;
    this.#namespaced = options.namespaced;
  }

  get all(): ReadonlySet<S> {
    return this.#all;
  }

  add(subscriber: S): void {
    this.#all.add(subscriber);
    const bucket = this.bucketOf(subscriber.selection);
    if (bucket === undefined) {
      this.#everything.add(subscriber);
      return;
    }
    const set = this.#buckets.get(bucket);
    if (set) set.add(subscriber);
    else this.#buckets.set(bucket, new Set([subscriber]));
  }

  remove(subscriber: S): void {
    this.#all.delete(subscriber);
    this.#everything.delete(subscriber);
    const bucket = this.bucketOf(subscriber.selection);
    const set = bucket === undefined ? undefined : this.#buckets.get(bucket);
    if (!set || bucket === undefined) return;
    set.delete(subscriber);
    if (set.size === 0) this.#buckets.delete(bucket);
  }

  /** Calls `visit` for every watcher that the event might concern; each once. */
  forEvent(event: CacheEvent, visit: (subscriber: S) => void): void {
    for (const subscriber of this.#everything) visit(subscriber);
    if (this.#buckets.size === 0) return;
    for (const bucket of this.bucketsOf(event)) this.#visit(bucket, visit);
  }

  /** Where watchers are looked up that the event might concern. */
  bucketsOf({ current, previous }: CacheEvent): string[] {
    const buckets = [`object ${current.key}`];
    if (current.namespace !== '') buckets.push(`namespace ${current.namespace}`);
    for (const field of this.#fields) {
      const now = this.#fieldBucket(field, current);
      const before = previous && this.#fieldBucket(field, previous);
      buckets.push(now);
      if (before !== undefined && before !== now) buckets.push(before);
    }
    return buckets;
  }

  #visit(bucket: string, visit: (subscriber: S) => void): void {
    const set = this.#buckets.get(bucket);
    if (set) for (const subscriber of set) visit(subscriber);
  }

  /** Where a watcher of this is found; undefined where it hears of everything. */
  bucketOf(selection: Selection): string | undefined {
    const { namespace, name } = selection;
    if (name !== undefined && (namespace !== undefined || !this.#namespaced)) {
      return `object ${keyOf(namespace ?? '', name)}`;
    }
    for (const field of this.#fields) {
      const value = selection.exact(field);
      if (value !== undefined) return `${field}=${value}`;
    }
    return namespace === undefined ? undefined : `namespace ${namespace}`;
  }

  #fieldBucket(field: string, item: SelectableObject): string {
    return `${field}=${item.field(field)}`;
  }
}
