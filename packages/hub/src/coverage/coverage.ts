/**
 * One coverage: its objects in memory, followed at the center for as long as somebody here wants to know, by one watch
 * however many those are.
 *
 * Promises: watchers see every change once and in order, over broken links, restarts of the hub and revisions that the
 * center has forgotten: the watch goes on at the revision that is held, and where that is too old everything is read anew
 * and the exact difference is told, so nobody is sent away to list again. Only where the center's history is another than the
 * one held (it was restored from a backup) are watchers told 410.
 *
 * The center is asked in the name of one of those who watch, never in the node's name for others: when it refuses that one,
 * that one's watches end, and the next lends its name. Whether a newcomer may look at what is held already is for the owner
 * to have asked before `join`.
 */
import { isApiError, type AnyObject, type ApiError } from '@skerry/api';
import { Backoff, describeError, sleep, Waiters, type Clock, type Logger } from '@skerry/base';
import { RevisionProgress, WatchCache, type EncoderSet, type SourceEvent } from '@skerry/serving';
import type { CoverageChange, HeldObject } from '#cache/cache-file.ts';
import { credentialsOf, type Caller, type Upstream } from '#contract.ts';
import { coverageText, type CoverageKey } from '#coverage/coverage-key.ts';
import { differenceTo, type WholeEntry } from '#coverage/difference.ts';
import type { ServedResources } from '#coverage/served-kind.ts';
import { listInPages } from '#coverage/upstream-list.ts';
import { upstreamWatch, type UpstreamEvent } from '#coverage/upstream-watch.ts';

export interface CoverageOptions {
  readonly key: CoverageKey;
  readonly upstream: Upstream;
  readonly served: ServedResources;
  /** Takes changes to the disk. */
  readonly save: (change: CoverageChange) => void;
  /** All of it has been read from the center. */
  readonly onRenewed: () => void;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
}

/** What is needed to answer from a coverage. */
export interface CoverageState {
  readonly cache: WatchCache;
  readonly encoders: EncoderSet;
}

/** Somebody who watches. */
export interface CoverageUse {
  readonly caller: Caller;
  /** Aborts, with an `ApiError` as its reason, when the center refuses the caller. */
  readonly refused: AbortSignal;
  leave(): void;
}

const watchLifeMs = 30 * 60_000;
const historyMax = 2_000;
const decodedMax = 64;
/** A streamed list that brings nothing for this long is given up, for servers that know of no such thing. */
const initialStallMs = 10_000;

export class Coverage {
  readonly key: CoverageKey;
  readonly text: string;
  readonly #options: CoverageOptions;
  readonly #uses = new Map<CoverageUse, (error: ApiError) => void>();
  readonly #changes = new Waiters();
  readonly #secret: boolean;
  #state: (CoverageState & { readonly progress: RevisionProgress }) | undefined;
  #kind = '';
  #live = false;
  #asOfMs = 0;
  #usedMs: number;
  #own: boolean;
  #saved = false;
  #streamsLists = true;
  #broken: ApiError | undefined;

  constructor(options: CoverageOptions, { own = false }: { own?: boolean } = {}) {
    this.#options = options;
    this.key = options.key;
    this.text = coverageText(options.key);
    this.#own = own;
    this.#usedMs = options.clock.now();
    this.#secret = options.key.group === '' && options.key.resource === 'secrets';
  }

  /** Takes up what the disk has. */
  restore(held: { kind: string; revision: number; asOfMs: number }, objects: readonly HeldObject[]): void {
    this.#kind = held.kind;
    this.#asOfMs = held.asOfMs;
    this.#saved = true;
    this.#renew(
      objects.map(({ key, revision, value }) => ({ ...placeOf(key), revision, value })),
      held.revision,
    );
  }

  /** Undefined until the first whole state is there. */
  get state(): CoverageState | undefined {
    return this.#state;
  }

  get kind(): string {
    return this.#kind;
  }

  get revision(): number {
    return this.#state?.cache.revision ?? 0;
  }

  /** Whether it is what the center has now, but for the time that a change takes on its way. */
  get live(): boolean {
    return this.#live && this.#options.upstream.isLinked();
  }

  /** When it was last what the center has, on the wall clock. */
  get asOfMs(): number {
    return this.live ? this.#options.clock.now() : this.#asOfMs;
  }

  get usedMs(): number {
    return this.#usedMs;
  }

  get used(): boolean {
    return this.#uses.size > 0;
  }

  get bytes(): number {
    return this.#state?.cache.bytes ?? 0;
  }

  touch(caller: Caller): void {
    this.#usedMs = this.#options.clock.now();
    this.#own ||= caller.type === 'node';
  }

  join(caller: Caller): CoverageUse {
    this.touch(caller);
    const refusal = new AbortController();
    const use: CoverageUse = {
      caller,
      refused: refusal.signal,
      leave: () => {
        this.#uses.delete(use);
      },
    };
    this.#uses.set(use, (error) => refusal.abort(error));
    this.#broken = undefined;
    this.#changes.wake();
    return use;
  }

  /** Resolves when there is a state to answer from; rejects with what the center refuses, or the signal's reason. */
  async whenReady(signal: AbortSignal): Promise<CoverageState> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#state) return this.#state;
      if (this.#broken) throw this.#broken;
      await this.#changes.wait(signal);
    }
  }

  /**
   * Puts another object in the place of one that is held, here alone and only until the center is read again, which is
   * what follows of it next: then all is read anew, and watchers begin again.
   * @returns the object as it now is; undefined where there is none in its place.
   */
  edit({ namespace, name }: { namespace: string; name: string }, object: AnyObject): AnyObject | undefined {
    const state = this.#state;
    const held = state?.cache.get(namespace, name);
    if (!state || !held) return undefined;
    const revision = state.cache.revision + 1;
    const { apiVersion, kind, metadata } = held.object;
    const own = { name: metadata?.name, namespace: metadata?.namespace, uid: metadata?.uid };
    const edited = {
      ...object,
      apiVersion,
      kind,
      metadata: { ...object.metadata, ...own, resourceVersion: String(revision) },
    };
    const change: SourceEvent = {
      type: 'put',
      namespace,
      name,
      revision,
      value: Buffer.from(JSON.stringify(edited)),
    };
    this.#tooOld = true;
    state.cache.apply([change]);
    state.progress.advance(revision);
    this.#save(this.#saved ? [change] : undefined);
    return edited;
  }

  /** What is held was edited here before a restart. */
  distrust(): void {
    this.#tooOld = true;
  }

  /** It is no longer on the disk. */
  evicted(): void {
    this.#saved = false;
  }

  /** Follows the center until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    const { upstream, clock, log, random } = this.#options;
    const backoff = new Backoff({ baseMs: 500, maxMs: 30_000, jitter: 0.5, random });
    while (!signal.aborted) {
      await upstream.whenLinked(signal).catch(() => undefined);
      const sponsor = this.#sponsor();
      if (!sponsor) {
        await this.#changes.wait(signal).catch(() => undefined);
        continue;
      }
      try {
        await this.#follow(sponsor, signal, () => backoff.reset());
        continue;
      } catch (error) {
        if (signal.aborted) break;
        if (isApiError(error) && this.#handle(error, sponsor)) continue;
        log.debug('watch of the center failed', { coverage: this.text, error: describeError(error) });
      } finally {
        if (this.#live) this.#asOfMs = clock.now();
        this.#live = false;
      }
      await sleep(clock, backoff.next(), signal).catch(() => undefined);
    }
    this.#changes.wake();
  }

  /** Ends all watchers, in order. */
  stop(): void {
    this.#state?.cache.stop();
    this.#changes.wake();
  }

  /** Whether going on at once makes sense. */
  #handle(error: ApiError, sponsor: CoverageUse): boolean {
    if (error.code === 401 || error.code === 403) {
      const refuse = this.#uses.get(sponsor);
      this.#uses.delete(sponsor);
      refuse?.(error);
      this.#changes.wake();
      return true;
    }
    if (error.code === 410) {
      this.#tooOld = true;
      return true;
    }
    if ((error.code === 422 || error.code === 400) && this.#streamsLists && !this.#state) {
      this.#streamsLists = false;
      return true;
    }
    // What can't be served by the center, neither can it here.
    if (error.code >= 400 && error.code < 500 && error.code !== 429 && !this.#state) {
      this.#broken = error;
      for (const [use, refuse] of this.#uses) {
        this.#uses.delete(use);
        refuse(error);
      }
      this.#changes.wake();
      return true;
    }
    return false;
  }

  /** The center has forgotten the revision that is held. */
  #tooOld = false;

  #sponsor(): CoverageUse | undefined {
    let first: CoverageUse | undefined;
    for (const use of this.#uses.keys()) {
      if (use.caller.type === 'node') return use;
      first ??= use;
    }
    return first;
  }

  async #follow(sponsor: CoverageUse, signal: AbortSignal, onProgress: () => void): Promise<void> {
    const { upstream, random, clock } = this.#options;
    const credentials = credentialsOf(sponsor.caller);
    const wholeFirst = !this.#state || this.#tooOld;
    if (wholeFirst && !this.#streamsLists) {
      const whole = await listInPages(upstream.transport, this.key, { credentials, signal });
      this.#takeWhole(whole.kind, whole.entries, whole.revision);
    }
    const streaming = wholeFirst && this.#streamsLists;
    const stalled = new AbortController();
    let timer = streaming ? clock.after(initialStallMs, () => stalled.abort(stall)) : undefined;
    let initial = streaming ? new Map<string, WholeEntry>() : undefined;
    const events = upstreamWatch(upstream.transport, this.key, {
      ...(streaming ? {} : { revision: this.revision }),
      timeoutSeconds: Math.round((watchLifeMs * (1 + random())) / 1000),
      credentials,
      signal: AbortSignal.any([signal, stalled.signal]),
      onOpen: () => {
        onProgress();
        if (!streaming) this.#live = true;
        this.#changes.wake();
      },
    });
    try {
      for await (const batch of events) {
        timer?.cancel();
        timer = undefined;
        if (!initial) {
          this.#apply(batch);
          continue;
        }
        const rest = this.#gather(initial, batch);
        if (rest) {
          initial = undefined;
          this.#live = true;
          this.#apply(rest);
          this.#changes.wake();
        } else timer = clock.after(initialStallMs, () => stalled.abort(stall));
      }
    } catch (error) {
      if (error !== stall) throw error;
      this.#streamsLists = false;
    } finally {
      timer?.cancel();
    }
  }

  /** Takes initial events; what comes behind their end is returned. */
  #gather(
    initial: Map<string, WholeEntry>,
    batch: readonly UpstreamEvent[],
  ): readonly UpstreamEvent[] | undefined {
    for (const [index, event] of batch.entries()) {
      if (event.type === 'BOOKMARK') {
        if (event.object.metadata?.annotations?.['k8s.io/initial-events-end'] !== 'true') continue;
        this.#takeWhole(event.object.kind ?? '', [...initial.values()], event.revision);
        return batch.slice(index + 1);
      }
      const entry = entryOf(event);
      if (event.type === 'DELETED') initial.delete(`${entry.namespace}/${entry.name}`);
      else initial.set(`${entry.namespace}/${entry.name}`, entry);
    }
    return undefined;
  }

  #takeWhole(kind: string, entries: readonly WholeEntry[], revision: number): void {
    this.#kind = kind || this.#kind;
    this.#tooOld = false;
    this.#options.onRenewed();
    const state = this.#state;
    const events = state && differenceTo(state.cache, entries, revision);
    if (state && events && revision >= state.cache.revision) {
      state.cache.apply(events);
      state.progress.advance(revision);
      this.#save(this.#saved ? events : undefined);
      return;
    }
    // Watchers of another history begin anew.
    state?.cache.load([], state.cache.revision);
    this.#renew(entries, revision);
    this.#save(undefined);
    this.#changes.wake();
  }

  #renew(entries: readonly WholeEntry[], revision: number): void {
    const { clock, served } = this.#options;
    const { group, resource, version } = this.key;
    const { encoders, fieldValueOf } = served.of({ group, version, resource }, this.#kind);
    const progress = new RevisionProgress(revision);
    const cache = new WatchCache({
      resource: { group, resource },
      namespaced: this.key.namespace !== undefined || entries.some(({ namespace }) => namespace !== ''),
      progress,
      clock,
      verbatim: true,
      fieldValue: fieldValueOf,
      historyMax,
      decodedMax,
    });
    cache.load(entries, revision);
    this.#state = { cache, encoders, progress };
  }

  #apply(batch: readonly UpstreamEvent[]): void {
    const state = this.#state;
    const last = batch.at(-1);
    if (!state || !last) return;
    const changes = batch.flatMap((event): SourceEvent[] => {
      if (event.type === 'BOOKMARK' || event.revision <= state.cache.revision) return [];
      const entry = entryOf(event);
      return [event.type === 'DELETED' ? { type: 'delete', ...entry } : { type: 'put', ...entry }];
    });
    state.cache.apply(changes);
    state.progress.advance(last.revision);
    if (this.#saved) this.#save(changes);
  }

  /** Unset: all of it. */
  #save(changes: readonly SourceEvent[] | undefined): void {
    const state = this.#state;
    if (!state) return;
    const objects: CoverageChange['objects'] = new Map();
    if (changes) {
      for (const { type, namespace, name, revision, value } of changes)
        objects.set(
          namespace === '' ? name : `${namespace}/${name}`,
          type === 'delete' ? undefined : { revision, value },
        );
    } else {
      for (const item of state.cache.list({}))
        objects.set(item.key, { revision: item.revision, value: item.json });
    }
    this.#saved = true;
    this.#options.save({
      kind: this.#kind,
      own: this.#own,
      whole: changes === undefined,
      secret: this.#secret,
      revision: state.cache.revision,
      asOfMs: this.#options.clock.now(),
      usedMs: this.#usedMs,
      objects,
    });
  }
}

const stall = new Error('the list was not streamed');

function entryOf({ object, json, revision }: Exclude<UpstreamEvent, { type: 'BOOKMARK' }>): WholeEntry & {
  written: AnyObject;
} {
  const { namespace = '', name = '' } = object.metadata ?? {};
  return { namespace, name, value: json, revision, written: object };
}

/** A key is `namespace/name` or a name, neither of which has a slash of its own. */
function placeOf(key: string): { namespace: string; name: string } {
  const slash = key.indexOf('/');
  return slash < 0
    ? { namespace: '', name: key }
    : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
