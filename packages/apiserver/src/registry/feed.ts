import type { AnyObject, GroupResource } from '@skerry/api';
import { Backoff, describeError, sleep, type Clock, type Logger } from '@skerry/base';
import type { RevisionProgress, SourceEntry, SourceEvent } from '@skerry/serving';
import type { Store, StoreEvent } from '@skerry/store';
import { prefixOfKey, registryPrefix, type StoredResource } from '#registry/stored-resource.ts';

/** Hears of changes after the caches have them. */
export interface ChangeListener {
  /** Whether anyone wants to hear of this resource. */
  watches(resource: GroupResource): boolean;
  notify(resource: GroupResource, type: 'put' | 'delete', object: AnyObject): void;
}

/** Entries read from the store at once when caches are filled. */
const pageSize = 5000;

/**
 * Fills the watch caches from the store and keeps them filled: one watch over everything, whose events are shared out by
 * resource in order of revision, after which `progress` says how far all caches have come. A resource that is added later
 * (a CRD) is read at the then newest revision while its events wait, so that none is lost or applied twice.
 * When the watch is lost (too slow, compacted), everything is read again; caches then end their watchers with 410.
 */
export class StoreFeed {
  readonly #store: Store;
  readonly #progress: RevisionProgress;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #changes: ChangeListener;
  readonly #resources = new Map<string, StoredResource>();
  /** Events of resources that are being read; the read is short, and bounded by its pages. */
  readonly #waiting = new Map<string, StoreEvent[]>();
  #following = true;
  /** Counts full reads: one that happens while a resource is being added makes its waiting events incomplete. */
  #reads = 0;

  constructor(parts: {
    store: Store;
    progress: RevisionProgress;
    clock: Clock;
    log: Logger;
    changes: ChangeListener;
  }) {
    this.#store = parts.store;
    this.#progress = parts.progress;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#changes = parts.changes;
  }

  /** Whether what the store has reaches the caches. */
  get following(): boolean {
    return this.#following;
  }

  /** Known before `start`: filled by it. */
  register(resource: StoredResource): void {
    this.#resources.set(resource.prefix, resource);
  }

  /** Added while running; resolves when its cache is filled. */
  async add(resource: StoredResource): Promise<void> {
    try {
      let reads: number;
      let waiting: StoreEvent[];
      let read: { entries: RawEntry[]; revision: number };
      do {
        reads = this.#reads;
        waiting = [];
        this.#waiting.set(resource.prefix, waiting);
        read = await this.#read(resource.prefix);
      } while (reads !== this.#reads);
      const { entries, revision } = read;
      resource.cache.load(entriesOf(resource, entries), revision);
      const missed = waiting.filter((event) => event.revision > revision);
      if (missed.length > 0) resource.cache.apply(missed.map((event) => sourceEvent(resource, event)));
      this.#resources.set(resource.prefix, resource);
    } finally {
      this.#waiting.delete(resource.prefix);
    }
  }

  remove(resource: StoredResource): void {
    this.#resources.delete(resource.prefix);
    resource.cache.stop();
  }

  /** Fills all caches. */
  async start(): Promise<number> {
    const { entries, revision } = await this.#read(registryPrefix);
    this.#reads++;
    const byPrefix = new Map<string, RawEntry[]>();
    for (const entry of entries) {
      const prefix = prefixOfKey(entry.key);
      const group = byPrefix.get(prefix);
      if (group) group.push(entry);
      else byPrefix.set(prefix, [entry]);
    }
    for (const resource of this.#resources.values()) {
      resource.cache.load(entriesOf(resource, byPrefix.get(resource.prefix) ?? []), revision);
    }
    this.#progress.advance(revision);
    for (const resource of this.#resources.values()) this.#tellAll(resource);
    return revision;
  }

  /** Follows the store after `start` until the signal. */
  async run(afterRevision: number, signal: AbortSignal): Promise<void> {
    const backoff = new Backoff({ baseMs: 50, maxMs: 5000 });
    let revision = afterRevision;
    while (!signal.aborted) {
      try {
        for await (const batch of this.#store.watch({
          prefix: registryPrefix,
          afterRevision: revision,
          signal,
        })) {
          this.#following = true;
          this.#apply(batch);
          revision = batch.at(-1)!.revision;
          this.#progress.advance(revision);
          backoff.reset();
        }
        if (signal.aborted) return;
        this.#log.warn('store watch ended', { revision });
      } catch (error) {
        if (signal.aborted) return;
        this.#log.error('store watch failed', { revision, error: describeError(error) });
      }
      this.#following = false;
      await sleep(this.#clock, backoff.next(), signal).catch(() => undefined);
      if (signal.aborted) return;
      try {
        revision = await this.start();
        this.#following = true;
      } catch (error) {
        this.#log.error('store read failed', { error: describeError(error) });
      }
    }
  }

  #apply(batch: readonly StoreEvent[]): void {
    const byPrefix = new Map<string, StoreEvent[]>();
    for (const event of batch) {
      const prefix = prefixOfKey(event.key);
      const group = byPrefix.get(prefix);
      if (group) group.push(event);
      else byPrefix.set(prefix, [event]);
    }
    for (const [prefix, events] of byPrefix) {
      const resource = this.#resources.get(prefix);
      if (!resource) {
        this.#waiting.get(prefix)?.push(...events);
        continue;
      }
      const heard = this.#changes.watches(resource.groupResource);
      const gone = heard ? lastStates(resource, events) : [];
      resource.cache.apply(events.map((event) => sourceEvent(resource, event)));
      if (heard) this.#tell(resource, events, gone);
    }
  }

  /** After a load every object counts as put: those who index can't know what they missed. */
  #tellAll(resource: StoredResource): void {
    if (!this.#changes.watches(resource.groupResource)) return;
    for (const { object } of resource.cache.list({}))
      this.#changes.notify(resource.groupResource, 'put', object);
  }

  #tell(resource: StoredResource, events: readonly StoreEvent[], gone: readonly AnyObject[]): void {
    for (const object of gone) this.#changes.notify(resource.groupResource, 'delete', object);
    for (const key of new Set(events.filter(({ type }) => type === 'put').map(({ key }) => key))) {
      const { namespace, name } = resource.locate(key);
      const item = resource.cache.get(namespace, name);
      if (item) this.#changes.notify(resource.groupResource, 'put', item.object);
    }
  }

  async #read(prefix: string): Promise<{ entries: RawEntry[]; revision: number }> {
    const entries: RawEntry[] = [];
    let page = await this.#store.range(prefix, { limit: pageSize });
    const { revision } = page;
    entries.push(...page.entries);
    while (page.more) {
      const startKey = `${page.entries.at(-1)!.key}\0`;
      page = await this.#store.range(prefix, { limit: pageSize, revision, startKey });
      entries.push(...page.entries);
    }
    return { entries, revision };
  }
}

/** The objects that the events delete, as they are before. */
function lastStates(resource: StoredResource, events: readonly StoreEvent[]): AnyObject[] {
  const states: AnyObject[] = [];
  for (const { type, key } of events) {
    if (type !== 'delete') continue;
    const { namespace, name } = resource.locate(key);
    const item = resource.cache.get(namespace, name);
    if (item) states.push(item.object);
  }
  return states;
}

interface RawEntry {
  readonly key: string;
  readonly value: Uint8Array;
  readonly modRevision: number;
}

function entriesOf(resource: StoredResource, entries: readonly RawEntry[]): SourceEntry[] {
  return entries.map((entry) => ({
    ...resource.locate(entry.key),
    value: entry.value,
    revision: entry.modRevision,
  }));
}

function sourceEvent(resource: StoredResource, event: StoreEvent): SourceEvent {
  return { ...resource.locate(event.key), type: event.type, value: event.value, revision: event.revision };
}
