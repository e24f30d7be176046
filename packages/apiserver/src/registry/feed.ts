import type { GroupResource } from '@skerry/api';
import { Backoff, describeError, sleep, type Clock, type Logger } from '@skerry/base';
import type { CachedObject, RevisionProgress, SourceEntry, SourceEvent } from '@skerry/serving';
import { CompactedError, type Store, type StoreEvent } from '@skerry/store';
import type { StorageEncryption } from '#encryption/storage-encryption.ts';
import { prefixOfKey, registryPrefix, type StoredResource } from '#registry/stored-resource.ts';

/** Hears of changes after the caches have them. */
export interface ChangeListener {
  /** Whether anyone wants to hear of this resource. */
  watches(resource: GroupResource): boolean;
  notify(resource: GroupResource, type: 'put' | 'delete', item: CachedObject): void;
}

/** Entries read from the store at once when caches are filled. */
const pageSize = 5000;

/** Revisions that caches are filled with from before a start, as far as the store still has them. */
const replayedRevisionsMax = 5000;

/**
 * Fills the watch caches from the store and keeps them filled: one watch over everything, whose events are shared out by
 * resource in order of revision, after which `progress` says how far all caches have come.
 *
 * Caches begin at a revision of the recent past and are given what happened since, so that after a restart of the server
 * a client goes on watching from where it was, instead of every client reading everything at once.
 *
 * A resource that is added while everything is being set up (a CRD of before) begins there too. One that is added later is
 * read at the then newest revision while its events wait, so that none is lost or applied twice.
 *
 * A watch that breaks is taken up where it broke; only when the store has forgotten that place is everything read again,
 * and caches then end their watchers with 410.
 */
export class StoreFeed {
  readonly #store: Store;
  readonly #progress: RevisionProgress;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #changes: ChangeListener;
  readonly #encryption: Pick<StorageEncryption, 'prepare'>;
  readonly #resources = new Map<string, StoredResource>();
  /** Events of resources that are being read; the read is short, and bounded by its pages. */
  readonly #waiting = new Map<string, StoreEvent[]>();
  /** Until `settled`: what the first read and the watch after it brought of resources that nobody has registered yet. */
  #unclaimed: { revision: number; byPrefix: Map<string, Unclaimed> } | undefined;
  #following = true;
  /** Counts full reads: one that happens while a resource is being added makes its waiting events incomplete. */
  #reads = 0;

  constructor(parts: {
    store: Store;
    progress: RevisionProgress;
    clock: Clock;
    log: Logger;
    changes: ChangeListener;
    encryption: Pick<StorageEncryption, 'prepare'>;
  }) {
    this.#store = parts.store;
    this.#progress = parts.progress;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#changes = parts.changes;
    this.#encryption = parts.encryption;
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
    if (this.#unclaimed) {
      const { revision, byPrefix } = this.#unclaimed;
      const { entries = [], events = [] } = byPrefix.get(resource.prefix) ?? {};
      byPrefix.delete(resource.prefix);
      this.#enter(resource, { entries, revision }, events);
      return;
    }
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
      this.#enter(resource, read, waiting);
    } finally {
      this.#waiting.delete(resource.prefix);
    }
  }

  #enter(
    resource: StoredResource,
    { entries, revision }: { entries: readonly RawEntry[]; revision: number },
    events: readonly StoreEvent[],
  ): void {
    resource.cache.load(entriesOf(resource, entries), revision);
    const missed = events.filter((event) => event.revision > revision);
    if (missed.length > 0) resource.cache.apply(missed.map((event) => sourceEvent(resource, event)));
    this.#resources.set(resource.prefix, resource);
  }

  /** Says that whatever was there before the start has been added. */
  settled(): void {
    this.#unclaimed = undefined;
  }

  remove(resource: StoredResource): void {
    this.#resources.delete(resource.prefix);
    resource.cache.stop();
  }

  /** Fills all caches as of a revision of the recent past, which is returned: `run` brings what happened since. */
  async start(): Promise<number> {
    const { entries, revision } = await this.#readRecent();
    const byPrefix = this.#load(entries, revision);
    for (const prefix of this.#resources.keys()) byPrefix.delete(prefix);
    this.#unclaimed = {
      revision,
      byPrefix: new Map([...byPrefix].map(([prefix, group]) => [prefix, { entries: group, events: [] }])),
    };
    return revision;
  }

  async #reload(): Promise<number> {
    // Not from the past: readers have seen what is newer.
    const { entries, revision } = await this.#read(registryPrefix);
    this.#load(entries, revision);
    return revision;
  }

  #load(entries: readonly RawEntry[], revision: number): Map<string, RawEntry[]> {
    this.#reads++;
    this.#unclaimed = undefined;
    const byPrefix = Map.groupBy(entries, ({ key }) => prefixOfKey(key));
    for (const resource of this.#resources.values()) {
      resource.cache.load(entriesOf(resource, byPrefix.get(resource.prefix) ?? []), revision);
    }
    this.#progress.advance(revision);
    for (const resource of this.#resources.values()) this.#tellAll(resource);
    return byPrefix;
  }

  /** Follows the store after `start` until the signal. */
  async run(afterRevision: number, signal: AbortSignal): Promise<void> {
    const backoff = new Backoff({ baseMs: 50, maxMs: 5000 });
    let revision = afterRevision;
    while (!signal.aborted) {
      let forgotten = false;
      try {
        for await (const batch of this.#store.watch({
          prefix: registryPrefix,
          afterRevision: revision,
          signal,
        })) {
          this.#following = true;
          const asking = this.#encryption.prepare(batch);
          if (asking) await asking;
          this.#apply(batch);
          revision = batch.at(-1)!.revision;
          this.#progress.advance(revision);
          backoff.reset();
        }
        if (signal.aborted) return;
        this.#log.warn('store watch ended', { revision });
      } catch (error) {
        if (signal.aborted) return;
        forgotten = error instanceof CompactedError;
        this.#log.error('store watch failed', { revision, error: describeError(error) });
      }
      this.#following = false;
      await sleep(this.#clock, backoff.next(), signal).catch(() => undefined);
      if (signal.aborted) return;
      if (!forgotten) {
        this.#following = true;
        continue;
      }
      try {
        revision = await this.#reload();
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
        this.#leaveUnclaimed(prefix, events);
        continue;
      }
      const heard = this.#changes.watches(resource.groupResource);
      const gone = heard ? lastStates(resource, events) : [];
      resource.cache.apply(events.map((event) => sourceEvent(resource, event)));
      if (heard) this.#tell(resource, events, gone);
    }
  }

  /** Bounded by what is replayed at a start, and by how soon `settled` comes. */
  #leaveUnclaimed(prefix: string, events: readonly StoreEvent[]): void {
    if (!this.#unclaimed) return;
    const { byPrefix } = this.#unclaimed;
    const known = byPrefix.get(prefix);
    if (known) known.events.push(...events);
    else byPrefix.set(prefix, { entries: [], events: [...events] });
  }

  /** After a load every object counts as put: those who index can't know what they missed. */
  #tellAll(resource: StoredResource): void {
    if (!this.#changes.watches(resource.groupResource)) return;
    for (const item of resource.cache.list({})) this.#changes.notify(resource.groupResource, 'put', item);
  }

  #tell(resource: StoredResource, events: readonly StoreEvent[], gone: readonly CachedObject[]): void {
    for (const item of gone) this.#changes.notify(resource.groupResource, 'delete', item);
    for (const key of new Set(events.filter(({ type }) => type === 'put').map(({ key }) => key))) {
      const { namespace, name } = resource.locate(key);
      const item = resource.cache.get(namespace, name);
      if (item) this.#changes.notify(resource.groupResource, 'put', item);
    }
  }

  async #readRecent(): Promise<{ entries: RawEntry[]; revision: number }> {
    const { revision, compactedRevision } = this.#store;
    try {
      return await this.#read(
        registryPrefix,
        Math.max(compactedRevision, revision - replayedRevisionsMax, 1),
      );
    } catch (error) {
      // Compacted meanwhile: then there is less past to begin with.
      if (error instanceof CompactedError) return this.#read(registryPrefix);
      throw error;
    }
  }

  async #read(prefix: string, at?: number): Promise<{ entries: RawEntry[]; revision: number }> {
    const entries: RawEntry[] = [];
    let page = await this.#store.range(prefix, {
      limit: pageSize,
      ...(at === undefined ? {} : { revision: at }),
    });
    const { revision } = page;
    entries.push(...page.entries);
    while (page.more) {
      const startKey = `${page.entries.at(-1)!.key}\0`;
      page = await this.#store.range(prefix, { limit: pageSize, revision, startKey });
      entries.push(...page.entries);
    }
    await this.#encryption.prepare(entries);
    return { entries, revision };
  }
}

/** The objects that the events delete, as they are before. */
function lastStates(resource: StoredResource, events: readonly StoreEvent[]): CachedObject[] {
  const states: CachedObject[] = [];
  for (const { type, key } of events) {
    if (type !== 'delete') continue;
    const { namespace, name } = resource.locate(key);
    const item = resource.cache.get(namespace, name);
    if (item) states.push(item);
  }
  return states;
}

interface Unclaimed {
  readonly entries: readonly RawEntry[];
  readonly events: StoreEvent[];
}

interface RawEntry {
  readonly key: string;
  readonly value: Uint8Array;
  readonly modRevision: number;
}

const nothing = new Uint8Array();

function entriesOf(resource: StoredResource, entries: readonly RawEntry[]): SourceEntry[] {
  resource.values.reset();
  return entries.flatMap((entry) => {
    const value = resource.values.take(entry);
    return value ? [{ ...resource.locate(entry.key), value, revision: entry.modRevision }] : [];
  });
}

function sourceEvent(resource: StoredResource, event: StoreEvent): SourceEvent {
  const { key, value, revision } = event;
  const opened =
    event.type === 'put' ? resource.values.take({ key, value, modRevision: revision }) : undefined;
  const place = { ...resource.locate(key), revision };
  if (opened) return { ...place, type: 'put', value: opened, written: resource.values.takeWritten(value) };
  if (event.type === 'delete') resource.values.forget(key);
  return { ...place, type: 'delete', value: nothing };
}
