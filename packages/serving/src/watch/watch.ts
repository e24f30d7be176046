import { ApiError, isApiError } from '@skerry/api';
import { describeError, type Clock, type Timer } from '@skerry/base';
import type { Frames } from '#cache/frames.ts';
import { tooOldResourceVersion } from '#cache/history.ts';
import type { Selection } from '#cache/selection.ts';
import { selectedEvent, type SelectedEvent, type WatchCache } from '#cache/watch-cache.ts';
import type { CachedObject, ConvertedObjects, Encoder, Scope, SelectableObject, Sink } from '#contract.ts';
import type { ListOptions } from '#list/list-options.ts';
import { waitUntilFresh } from '#list/list.ts';
import type { Freshness } from '#list/list.ts';
import { FrameQueue } from '#watch/frame-queue.ts';
import type { WatchMemory } from '#watch/watch-memory.ts';

export interface WatchRequest extends Freshness {
  readonly cache: WatchCache;
  readonly scope: Scope;
  readonly options: ListOptions;
  readonly encoder: Encoder;
  readonly sink: Sink;
  /** In [0, 1): spreads the ends of watches that name no timeout. */
  readonly random: () => number;
  /** Ends the watch at once: the client is gone. */
  readonly signal: AbortSignal;
  /** Bookmarks of an idle watch come at most this often, for a client whose bytes cost something; as often as the cache makes them unless told. */
  readonly bookmarkEveryMs?: number;
  /** Frames a slow reader may be behind, and their bytes. */
  readonly queue?: { readonly framesMax: number; readonly bytesMax: number };
  /** Shared by all watches of a server; what one may be behind is bounded without it too. */
  readonly memory?: WatchMemory;
  readonly observer?: WatchObserver;
  /** The form that selectors see, which is also the encoder's; as the cache has it unless told. */
  readonly shown?: ConvertedObjects;
}

/** Hears of a watch, for those who count. */
export interface WatchObserver {
  /** A frame of so many bytes is on its way. */
  sent(bytes: number): void;
  /** The watch was ended because its client did not read. */
  tooSlow(): void;
}

export interface WatchStream {
  /** Resolves when the stream has ended, for whatever reason; never rejects. */
  readonly done: Promise<void>;
}

const queueDefault = { framesMax: 10_000, bytesMax: 32 * 1024 * 1024 };

/**
 * WATCH into a sink. Resolves when the answer may begin; what comes later, a resourceVersion that is too old included, comes as
 * frames. The rules of resourceVersion and sendInitialEvents are those of
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-watch
 * @throws ApiError Timeout when the cache does not come to the revision that initial events must have.
 */
export async function watch(request: WatchRequest): Promise<WatchStream> {
  const { options, cache } = request;
  const { resourceVersion, sendInitialEvents } = options;
  const initial = sendInitialEvents ?? !resourceVersion;
  if (initial || !resourceVersion) await waitUntilFresh(request, cache, resourceVersion);
  const stream = new Stream(request);
  if (request.signal.aborted) return stream;
  if (initial) stream.startWithState();
  else stream.startAfter(resourceVersion || cache.revision);
  return stream;
}

class Stream implements WatchStream {
  readonly done: Promise<void>;
  readonly #cache: WatchCache;
  readonly #encoder: Encoder;
  readonly #selection: Selection;
  /** What is followed: the selection, or all at its place, where what selectors see is known only after a conversion. */
  readonly #followed: Selection;
  readonly #bookmarks: boolean;
  readonly #bookmarkEveryMs: number;
  readonly #marksInitialEnd: boolean;
  readonly #queue: FrameQueue;
  readonly #observer: WatchObserver | undefined;
  readonly #clock: Clock;
  readonly #timer: Timer;
  #bookmarkedMs: number;
  /** The client knows of everything up to here, or did not ask for it. */
  #revision = 0;
  #first = true;
  /** What has come and waits for its conversion, in order; bounded as what waits to be read is. */
  #gate: Promise<void> | undefined;
  #held = 0;
  readonly #heldMax: number;
  #stopWatching: (() => void) | undefined;

  constructor(request: WatchRequest) {
    const { cache, encoder, options, sink, signal, clock } = request;
    this.#cache = cache;
    this.#encoder = encoder;
    const { shown } = request;
    this.#selection = cache.select(request.scope, options, shown && ((item) => shown.object(item)));
    this.#followed =
      shown && this.#selection.looks ? cache.select(this.#selection.place, {}) : this.#selection;
    this.#bookmarks = options.allowWatchBookmarks;
    this.#bookmarkEveryMs = request.bookmarkEveryMs ?? 0;
    this.#clock = clock;
    this.#bookmarkedMs = clock.monotonic();
    this.#marksInitialEnd = options.allowWatchBookmarks && options.sendInitialEvents === true;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.done = promise;
    const abort = () => this.#queue.abort();
    const onEnd = () => {
      this.#timer.cancel();
      this.#stopWatching?.();
      signal.removeEventListener('abort', abort);
      resolve();
    };
    const limits = request.queue ?? queueDefault;
    this.#heldMax = limits.framesMax;
    this.#observer = request.observer;
    this.#queue = new FrameQueue(sink, {
      ...limits,
      ...(request.memory ? { memory: request.memory } : {}),
      onOverflow: () => this.#observer?.tooSlow(),
      onEnd,
    });
    const seconds = options.timeoutSeconds || 1800 * (1 + request.random());
    this.#timer = clock.after(seconds * 1000, () => this.#timeOut());
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  }

  /** Everything there is as ADDED, then what happens. */
  startWithState(): void {
    const { items } = this.#cache.page(this.#followed, {});
    this.#revision = this.#cache.revision;
    this.#follow(undefined);
    const revision = this.#revision;
    this.#inOrder(items, () => this.#queue.begin(this.#initialFrames(this.#selected(items), revision)));
  }

  #follow(afterRevision: number | undefined): readonly SelectedEvent[] {
    const { missed, stop } = this.#cache.watch(this.#followed, {
      afterRevision,
      callbacks: {
        onEvents: (events, frames) => this.#send(events, frames),
        onBookmark: (revision, frames) => this.#bookmark(revision, frames),
        onEnd: (reason) => this.#end(reason),
      },
    });
    this.#stopWatching = stop;
    return missed;
  }

  /** What has happened since, then what happens. */
  startAfter(revision: number): void {
    this.#revision = revision;
    try {
      const missed = this.#follow(revision);
      this.#inOrder(this.#itemsOf(missed), () => this.#queue.begin(this.#encoded(this.#narrowed(missed))));
    } catch (error) {
      if (!isApiError(error)) throw error;
      this.#fail(error);
    }
  }

  #selected(items: readonly SelectableObject[]): readonly SelectableObject[] {
    if (this.#followed === this.#selection) return items;
    return items.filter((item) => this.#selection.matches(item));
  }

  /** What the events of what is followed are to the selection. */
  #narrowed(events: readonly SelectedEvent[]): readonly SelectedEvent[] {
    if (this.#followed === this.#selection) return events;
    return events.flatMap(({ type, item, base }) => {
      const previous = type === 'DELETED' ? item : base;
      return selectedEvent({ type, revision: item.revision, current: item, previous }, this.#selection) ?? [];
    });
  }

  /** What must be in its form before events are told. */
  #itemsOf(events: readonly SelectedEvent[]): CachedObject[] {
    if (this.#followed === this.#selection) return events.map(({ item }) => item);
    return events.flatMap(({ item, base }) => (base ? [base, item] : [item]));
  }

  *#initialFrames(items: Iterable<SelectedEvent['item']>, revision: number): Generator<Uint8Array> {
    for (const item of items) yield this.#frame({ type: 'ADDED', item });
    if (this.#marksInitialEnd)
      yield this.#counted(this.#encoder.bookmark(revision, { initialEventsEnd: true }));
  }

  *#encoded(events: Iterable<SelectedEvent>): Generator<Uint8Array> {
    for (const event of events) yield this.#frame(event);
  }

  #frame({ type, item, base }: SelectedEvent, frames?: Frames): Uint8Array {
    const own = this.#encoder.firstFrameDiffers && this.#first;
    this.#first = false;
    return this.#counted(
      own || !frames
        ? this.#encoder.event(type, item, own, base)
        : frames.event(this.#encoder, type, item, base),
    );
  }

  #counted(frame: Uint8Array): Uint8Array {
    this.#observer?.sent(frame.length);
    return frame;
  }

  #send(events: readonly SelectedEvent[], frames: Frames): void {
    const wanted = events.filter(({ item }) => item.revision > this.#revision);
    const last = wanted.at(-1);
    if (!last) return;
    this.#revision = last.item.revision;
    this.#inOrder(this.#itemsOf(wanted), () => {
      const told = this.#narrowed(wanted);
      if (told.length > 0) this.#queue.push(told.map((event) => this.#frame(event, frames)));
    });
  }

  #bookmark(revision: number, frames: Frames): void {
    if (!this.#bookmarks || revision <= this.#revision) return;
    const nowMs = this.#clock.monotonic();
    if (nowMs - this.#bookmarkedMs < this.#bookmarkEveryMs) return;
    this.#bookmarkedMs = nowMs;
    this.#revision = revision;
    this.#inOrder([], () => void this.#queue.push([this.#counted(frames.bookmark(this.#encoder, revision))]));
  }

  #timeOut(): void {
    // The last word is how far the client has come, so that it can go on from there.
    const { revision } = this.#cache;
    const told = this.#bookmarks && revision > this.#revision;
    this.#inOrder([], () => {
      if (told)
        this.#queue.push([this.#counted(this.#encoder.bookmark(revision, { initialEventsEnd: false }))]);
      this.#queue.end();
    });
  }

  #end(reason: 'reloaded' | 'stopped'): void {
    const expired = tooOldResourceVersion(this.#revision, this.#cache.revision);
    this.#inOrder([], () => {
      if (reason === 'reloaded') this.#fail(expired);
      else this.#queue.end();
    });
  }

  /**
   * Runs `action` once the encoder has what it needs of `items`, and after all that came before it. At once, where nothing
   * waits: only objects that somebody must be asked to convert take time.
   */
  #inOrder(items: readonly CachedObject[], action: () => void): void {
    const ready = this.#gate
      ? this.#gate.then(() => this.#encoder.prepare?.(items))
      : this.#encoder.prepare?.(items);
    if (!ready) {
      action();
      return;
    }
    // What is waited for first is the state that the watch begins with; what piles up behind is bounded.
    const count = this.#gate ? items.length : 0;
    this.#held += count;
    if (this.#held > this.#heldMax) {
      this.#queue.drop();
      return;
    }
    const gate = ready
      .then(action, (error: unknown) => this.#fail(asApiError(error)))
      .then(() => {
        this.#held -= count;
        if (this.#gate === gate) this.#gate = undefined;
      });
    this.#gate = gate;
  }

  #fail(error: ApiError): void {
    this.#queue.push([this.#encoder.error(error.status)]);
    this.#queue.end();
  }
}

function asApiError(error: unknown): ApiError {
  return isApiError(error) ? error : new ApiError('InternalError', describeError(error), { cause: error });
}
