import type { AnyObject, FieldSelector, GroupResource, Selector } from '@skerry/api';
import type { Clock, Timer } from '@skerry/base';
import { CachedEntry, DecodedObjects, EndedEntry, keyOf } from '#cache/cached-entry.ts';
import type { EntryCodec } from '#cache/cached-entry.ts';
import { FieldIndex } from '#cache/field-index.ts';
import { Frames } from '#cache/frames.ts';
import { History, tooOldResourceVersion } from '#cache/history.ts';
import type { RevisionProgress } from '#cache/revision-progress.ts';
import { Selection, fieldByPath } from '#cache/selection.ts';
import { SortedEntries } from '#cache/sorted-entries.ts';
import { Subscriptions } from '#cache/subscriptions.ts';
import type {
  CacheEvent,
  CachedObject,
  Decode,
  Scope,
  SelectableObject,
  SourceEntry,
  SourceEvent,
} from '#contract.ts';

export interface WatchCacheOptions {
  readonly resource: GroupResource;
  /** Whether `namespace` of its objects is set. */
  readonly namespaced: boolean;
  /** Of the feed that fills this cache, shared by all caches of that feed. */
  readonly progress: RevisionProgress;
  readonly clock: Clock;
  /** Unset: `decodeJson`, and the JSON of objects is cut from the value instead of serialized again. */
  readonly decode?: Decode;
  /** Whether values are the objects' JSON as it is answered, `metadata.resourceVersion` included; for a source that is a server itself. */
  readonly verbatim?: boolean;
  /** Fields by which objects and watchers are found without a scan: `spec.nodeName`. */
  readonly indexedFields?: readonly string[];
  /** Values of fields that are not plain paths; undefined: take the path. */
  readonly fieldValue?: (object: AnyObject, field: string) => string | undefined;
  /** Events kept for watches and pages that begin in the past. */
  readonly historyMax?: number;
  /** Objects held decoded, besides the text of all. */
  readonly decodedMax?: number;
  /** How often watchers that asked for bookmarks get one. */
  readonly bookmarkIntervalMs?: number;
}

/** A watcher's view of one event: what entered or left its selection counts as added or deleted. */
export interface SelectedEvent {
  readonly type: CacheEvent['type'];
  readonly item: SelectableObject;
  /** Of a modification: the state before, which the watcher has seen. */
  readonly base?: SelectableObject;
}

export interface WatcherCallbacks {
  /** Events in order, with frames shared by all watchers of the round. Must not throw. */
  onEvents(events: readonly SelectedEvent[], frames: Frames): void;
  /** Time for a bookmark at this revision. */
  onBookmark(revision: number, frames: Frames): void;
  /** The cache has been filled anew or stopped; nothing comes after this. */
  onEnd(reason: 'reloaded' | 'stopped'): void;
}

interface Watcher {
  readonly selection: Selection;
  readonly callbacks: WatcherCallbacks;
  pending: SelectedEvent[];
}

/** Objects of one list, newest or as of a revision. */
export interface Page {
  readonly items: readonly SelectableObject[];
  /** Selected or not, objects in scope behind the last one; only counted where no selector narrows. */
  readonly remaining: number | undefined;
  readonly more: boolean;
}

/**
 * The state of one resource in memory, and its recent past. Everything that reads the API reads this: objects are held as text,
 * serialized at most once per revision, lists are slices of sorted keys, and watchers are found by index.
 *
 * Not a copy per revision: the state at an older revision is the newest one with the events since then undone, so pages of a long
 * list stay consistent at the cost of what changed meanwhile, for as long as the history reaches back.
 *
 * Not thread-safe and needs not be: `load`, `apply` and reads are synchronous, so whoever looks sees whole batches.
 */
export class WatchCache {
  readonly resource: GroupResource;
  readonly namespaced: boolean;
  readonly progress: RevisionProgress;
  readonly #clock: Clock;
  readonly #codec: EntryCodec;
  readonly #items = new Map<string, CachedEntry>();
  readonly #sorted = new SortedEntries<CachedEntry>();
  readonly #index: FieldIndex;
  readonly #history: History;
  readonly #watchers: Subscriptions<Watcher>;
  readonly #bookmarkIntervalMs: number;
  #bookmarkTimer: Timer | undefined;
  /** Newest revision that has been loaded or applied. A feed may repeat what a load had already. */
  #newest = 0;
  #bytes = 0;
  /** Since it was made. */
  readonly counts = { received: 0, dispatched: 0, loads: 0 };

  constructor(options: WatchCacheOptions) {
    this.resource = options.resource;
    this.namespaced = options.namespaced;
    this.progress = options.progress;
    this.#clock = options.clock;
    const { decode, fieldValue, indexedFields: fields = [] } = options;
    this.#codec = {
      decode,
      verbatim: options.verbatim ?? false,
      fieldValue: (object, field) => fieldValue?.(object, field) ?? fieldByPath(object, field),
      indexedFields: fields,
      decoded: new DecodedObjects(options.decodedMax ?? 2000),
    };
    this.#index = new FieldIndex(fields);
    const watchers = new Subscriptions<Watcher>({ fields, namespaced: options.namespaced });
    this.#watchers = watchers;
    this.#history = new History(options.clock, {
      lengthMax: options.historyMax ?? 10_000,
      bucketsOf: (event) => watchers.bucketsOf(event),
    });
    this.#bookmarkIntervalMs = options.bookmarkIntervalMs ?? 60_000;
  }

  /**
   * What the state is exact at: the newest revision of the feed, since a resource that has not changed is as new as the rest; or its
   * own, when it was loaded ahead of the feed.
   */
  get revision(): number {
    return Math.max(this.progress.revision, this.#newest);
  }

  get size(): number {
    return this.#items.size;
  }

  /** Bytes of all objects as the source has them. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Events that are held for watches and pages that begin in the past. */
  get historyLength(): number {
    return this.#history.length;
  }

  get watcherCount(): number {
    return this.#watchers.all.size;
  }

  /** Replaces everything by the state at `revision`. Watchers end: what happened in between is not known. */
  load(entries: Iterable<SourceEntry>, revision: number): void {
    this.#items.clear();
    this.#index.clear();
    this.#bytes = 0;
    for (const entry of entries) {
      const item = new CachedEntry(entry, this.#codec, { passing: true });
      this.#items.set(item.key, item);
      this.#index.add(item);
      this.#bytes += item.size;
    }
    this.#sorted.reset(this.#items.values());
    this.#history.reset(revision);
    this.counts.loads++;
    this.#newest = revision;
    this.#endWatchers('reloaded');
  }

  /** Events in order of revision. The owner advances `progress` afterwards. */
  apply(events: readonly SourceEvent[]): void {
    const touched = new Set<Watcher>();
    for (const source of events) {
      const event = this.#change(source);
      if (!event) continue;
      this.#history.append(event);
      this.counts.received++;
      this.#watchers.forEvent(event, (watcher) => {
        const selected = selectedEvent(event, watcher.selection);
        if (!selected) return;
        watcher.pending.push(selected);
        touched.add(watcher);
      });
    }
    const frames = new Frames();
    for (const watcher of touched) {
      const { pending } = watcher;
      watcher.pending = [];
      this.counts.dispatched += pending.length;
      watcher.callbacks.onEvents(pending, frames);
    }
  }

  get(namespace: string, name: string): CachedEntry | undefined {
    return this.#items.get(keyOf(namespace, name));
  }

  /** All selected objects now, in order. */
  list(
    scope: Scope,
    selectors: { labelSelector?: Selector; fieldSelector?: FieldSelector } = {},
  ): CachedObject[] {
    return [...this.page(this.select(scope, selectors), {}).items];
  }

  /** `shown`: the form that selectors see; as it is here unless told. */
  select(
    scope: Scope,
    selectors: { labelSelector?: Selector; fieldSelector?: FieldSelector },
    shown?: (item: CachedObject) => AnyObject,
  ): Selection {
    return new Selection(scope, selectors, shown);
  }

  /**
   * Some of the selected objects, in order, from the first key at or after `startKey`.
   * @throws ApiError Expired when `revision` is older than the history.
   */
  page(
    selection: Selection,
    { revision, startKey = '', limit = Infinity }: { revision?: number; startKey?: string; limit?: number },
  ): Page {
    const prefix = selection.namespace === undefined ? '' : `${selection.namespace}/`;
    const first = startKey > prefix ? startKey : prefix;
    const then = this.#changesSince(revision ?? this.revision);
    if (then.size === 0 && selection.whole) {
      const start = this.#sorted.lowerBound(first);
      const end = Math.max(start, this.#sorted.endOf(prefix));
      const stop = Math.min(end, start + limit);
      return { items: this.#sorted.slice(start, stop), more: stop < end, remaining: end - stop };
    }
    const items: SelectableObject[] = [];
    let more = false;
    for (const item of this.#candidates(selection, { prefix, first }, then)) {
      if (!selection.matches(item)) continue;
      if (items.length >= limit) {
        more = true;
        break;
      }
      items.push(item);
    }
    const last = items.at(-1);
    if (!more || !last) return { items, remaining: 0, more };
    return { items, more, remaining: selection.whole ? this.#countAfter(last.key, prefix, then) : undefined };
  }

  /**
   * Follows the selected objects from `afterRevision` (unset: now). The events since then come back at once, later ones through the
   * callbacks; nothing is lost or doubled between.
   * @throws ApiError Expired when `afterRevision` is older than the history.
   */
  watch(
    selection: Selection,
    { afterRevision, callbacks }: { afterRevision?: number; callbacks: WatcherCallbacks },
  ): { missed: SelectedEvent[]; stop: () => void } {
    const missed: SelectedEvent[] = [];
    if (afterRevision !== undefined) {
      for (const event of this.#history.since(afterRevision, this.#watchers.bucketOf(selection))) {
        const selected = selectedEvent(event, selection);
        if (selected) missed.push(selected);
      }
    }
    const watcher: Watcher = { selection, callbacks, pending: [] };
    this.#watchers.add(watcher);
    this.#scheduleBookmarks();
    return { missed, stop: () => this.#watchers.remove(watcher) };
  }

  /** Ends all watchers: the resource is served no more, or the server stops. */
  stop(): void {
    this.#endWatchers('stopped');
    this.#bookmarkTimer?.cancel();
    this.#bookmarkTimer = undefined;
  }

  #change(source: SourceEvent): CacheEvent | undefined {
    const { revision } = source;
    if (revision <= this.#newest) return undefined;
    this.#newest = revision;
    const key = keyOf(source.namespace, source.name);
    const previous = this.#items.get(key);
    if (source.type === 'delete') {
      // A deletion of what was never seen: it came and went before the state that was loaded.
      if (!previous) return undefined;
      this.#items.delete(key);
      this.#sorted.remove(key);
      this.#index.remove(previous);
      this.#bytes -= previous.size;
      return { type: 'DELETED', revision, current: new EndedEntry(previous, revision), previous };
    }
    const current = new CachedEntry(source, this.#codec);
    this.#items.set(key, current);
    this.#sorted.put(current);
    this.#index.replace(previous, current);
    this.#bytes += current.size - (previous?.size ?? 0);
    return { type: previous ? 'MODIFIED' : 'ADDED', revision, current, previous };
  }

  /** For each key that changed after `revision`: what it was then. */
  #changesSince(revision: number): Map<string, SelectableObject | undefined> {
    const then = new Map<string, SelectableObject | undefined>();
    if (revision >= this.revision) return then;
    if (revision < this.#history.floor) throw tooOldResourceVersion(revision, this.#history.floor);
    for (const { current, previous } of this.#history.since(revision)) {
      if (!then.has(current.key)) then.set(current.key, previous);
    }
    return then;
  }

  /** Objects as they were, in order, among which the selected ones are. */
  *#candidates(
    selection: Selection,
    { prefix, first }: { prefix: string; first: string },
    then: ReadonlyMap<string, SelectableObject | undefined>,
  ): Generator<SelectableObject> {
    const few = this.#fewKeys(selection);
    if (few) {
      const keys = then.size === 0 ? [...few] : [...new Set([...few, ...then.keys()])];
      for (const key of keys.filter((key) => key >= first && key.startsWith(prefix)).sort()) {
        const item = then.has(key) ? then.get(key) : this.#items.get(key);
        if (item) yield item;
      }
      return;
    }
    const changed = [...then.keys()].filter((key) => key >= first && key.startsWith(prefix)).sort();
    let next = 0;
    const end = this.#sorted.endOf(prefix);
    for (let index = this.#sorted.lowerBound(first); index < end; index++) {
      const item = this.#sorted.at(index) as CachedEntry;
      while (next < changed.length && (changed[next] as string) < item.key) {
        const was = then.get(changed[next++] as string);
        if (was) yield was;
      }
      if (changed[next] !== item.key) {
        yield item;
        continue;
      }
      const was = then.get(changed[next++] as string);
      if (was) yield was;
    }
    for (; next < changed.length; next++) {
      const was = then.get(changed[next] as string);
      if (was) yield was;
    }
  }

  /** Keys of the objects that can match now, where something says so; undefined: any. */
  #fewKeys(selection: Selection): Iterable<string> | undefined {
    const { namespace, name } = selection;
    if (name !== undefined && (namespace !== undefined || !this.namespaced)) {
      return [keyOf(namespace ?? '', name)];
    }
    return this.#index.find(selection);
  }

  #countAfter(
    lastKey: string,
    prefix: string,
    then: ReadonlyMap<string, SelectableObject | undefined>,
  ): number {
    let count = this.#sorted.endOf(prefix) - this.#sorted.lowerBound(`${lastKey}\0`);
    for (const [key, was] of then) {
      if (key <= lastKey || !key.startsWith(prefix)) continue;
      count += Number(was !== undefined) - Number(this.#items.has(key));
    }
    return count;
  }

  #endWatchers(reason: 'reloaded' | 'stopped'): void {
    for (const watcher of this.#watchers.all) {
      this.#watchers.remove(watcher);
      watcher.callbacks.onEnd(reason);
    }
  }

  #scheduleBookmarks(): void {
    this.#bookmarkTimer ??= this.#clock.after(this.#bookmarkIntervalMs, () => {
      this.#bookmarkTimer = undefined;
      if (this.#watchers.all.size === 0) return;
      const frames = new Frames();
      for (const watcher of this.#watchers.all) watcher.callbacks.onBookmark(this.revision, frames);
      this.#scheduleBookmarks();
    });
  }
}

/** What an event is to a watcher, by the rules of selector transitions; undefined: nothing. */
export function selectedEvent(event: CacheEvent, selection: Selection): SelectedEvent | undefined {
  const { current, previous } = event;
  const before = previous !== undefined && selection.matches(previous);
  if (event.type === 'DELETED') return before ? { type: 'DELETED', item: current } : undefined;
  const now = selection.matches(current);
  if (now && before) return { type: 'MODIFIED', item: current, base: previous };
  if (now) return { type: 'ADDED', item: current };
  if (before && previous) return { type: 'DELETED', item: leftAt(event, previous) };
  return undefined;
}

const left = new WeakMap<CacheEvent, EndedEntry>();

/** The state before the event that took an object out of a selection, made once for all watchers that lose it. */
function leftAt(event: CacheEvent, previous: SelectableObject): EndedEntry {
  let item = left.get(event);
  if (!item) left.set(event, (item = new EndedEntry(previous, event.revision)));
  return item;
}
