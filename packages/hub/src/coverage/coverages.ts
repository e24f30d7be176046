/**
 * All coverages of a hub: those in memory, which somebody uses or has just used, and those that only the disk has. A
 * question is answered from the coverage of exactly its key, or from a wider one.
 */
import type { AnyObject } from '@skerry/api';
import type { Clock, Logger, Timer } from '@skerry/base';
import type { SourceEntry } from '@skerry/serving';
import type { CacheFile, CoverageChange, HeldCoverage } from '#cache/cache-file.ts';
import { CacheWriter } from '#cache/cache-writer.ts';
import type { Caller, Upstream } from '#contract.ts';
import {
  covers,
  coverageText,
  parseCoverage,
  resourceText,
  type CoverageKey,
  type ResourceVersionRef,
} from '#coverage/coverage-key.ts';
import { Coverage, type CoverageUse } from '#coverage/coverage.ts';
import { ServedResources } from '#coverage/served-kind.ts';

export interface CoveragesOptions {
  readonly file: CacheFile;
  readonly upstream: Upstream;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  /** Coverages that callers other than the node may keep in memory at a time, and their bytes. */
  readonly guestsMax?: number;
  readonly guestBytesMax?: number;
}

/** An object that somebody on the machine changed while it was cut off. */
export interface LocalEdit extends ResourceVersionRef {
  readonly namespace: string;
  readonly name: string;
  readonly atMs: number;
}

const editSpace = 'edit';

function isSamePlace(a: LocalEdit, b: LocalEdit): boolean {
  return a.group === b.group && a.resource === b.resource && a.namespace === b.namespace && a.name === b.name;
}

interface Known {
  readonly key: CoverageKey;
  readonly text: string;
  kind: string;
  revision: number;
  own: boolean;
  asOfMs: number;
  bytes: number;
}

interface Running {
  readonly coverage: Coverage;
  readonly stop: AbortController;
  following: Promise<void> | undefined;
  idle: Timer | undefined;
  /** Requests that answer from it just now. */
  readers: number;
}

/** How long a coverage stays in memory, and followed, when nobody uses it any more: clients come again. */
const lingerMs = 60_000;
const guestsMaxDefault = 256;
const guestBytesMaxDefault = 48 << 20;

export class Coverages {
  readonly served: ServedResources;
  readonly writer: CacheWriter;
  readonly #options: CoveragesOptions;
  readonly #known = new Map<string, Known>();
  readonly #byResource = new Map<string, Set<Known>>();
  readonly #running = new Map<string, Running>();
  /** By `coverageText`. */
  readonly #edits = new Map<string, LocalEdit[]>();
  #closed = false;

  constructor(options: CoveragesOptions) {
    this.#options = options;
    const { file, clock, log } = options;
    this.served = new ServedResources(clock);
    this.writer = new CacheWriter({ file, clock, log, onEvicted: (keys) => this.#evicted(keys) });
    for (const held of file.coverages()) {
      const key = parseCoverage(held.key);
      if (key) this.#remember(key, held);
    }
    for (const [text, { value }] of file.notes(editSpace))
      this.#edits.set(text, JSON.parse(Buffer.from(value).toString()) as LocalEdit[]);
  }

  /** Counts, for metrics and tests. */
  get counts(): { readonly held: number; readonly inMemory: number; readonly followed: number } {
    const running = [...this.#running.values()];
    return {
      held: this.#known.size,
      inMemory: running.length,
      followed: running.filter(({ following }) => following !== undefined).length,
    };
  }

  /** Whether guests have used up their part of the memory. */
  get isFull(): boolean {
    const { guestsMax = guestsMaxDefault, guestBytesMax = guestBytesMaxDefault } = this.#options;
    let count = 0;
    let bytes = 0;
    for (const [text, { coverage }] of this.#running) {
      if (this.#known.get(text)?.own) continue;
      count++;
      bytes += coverage.bytes;
    }
    return count >= guestsMax || bytes >= guestBytesMax;
  }

  /** The kind of a resource's objects, where something of it has been read. */
  kindOf(ref: ResourceVersionRef): string | undefined {
    for (const { kind } of this.#byResource.get(resourceText(ref)) ?? []) if (kind) return kind;
    return undefined;
  }

  /**
   * Keys of coverages that hold all that `narrow` selects, best first: live ones, then that of the very key, then the one
   * that was true last.
   */
  covering(narrow: CoverageKey, { own = false }: { own?: boolean } = {}): CoverageKey[] {
    const exact = coverageText(narrow);
    return this.#of(narrow)
      .filter((known) => known.text === exact || ((!own || known.own) && covers(known.key, narrow)))
      .map((known) => ({ known, coverage: this.#running.get(known.text)?.coverage }))
      .sort(
        (a, b) =>
          Number(b.coverage?.live ?? false) - Number(a.coverage?.live ?? false) ||
          Number(b.known.text === exact) - Number(a.known.text === exact) ||
          (b.coverage?.asOfMs ?? b.known.asOfMs) - (a.coverage?.asOfMs ?? a.known.asOfMs),
      )
      .map(({ known }) => known.key);
  }

  /** All coverages of a resource: some of them may have an object that none is known to cover. */
  of(ref: ResourceVersionRef): CoverageKey[] {
    return this.#of(ref).map(({ key }) => key);
  }

  isOwn(key: CoverageKey): boolean {
    return this.#known.get(coverageText(key))?.own ?? false;
  }

  /** Whether it is followed, and what the center has now. */
  isLive(key: CoverageKey): boolean {
    return this.#running.get(coverageText(key))?.coverage.live ?? false;
  }

  /** The coverage, from memory or disk, for as long as `use` takes; `use` is given undefined where nothing is held. */
  async read<T>(key: CoverageKey, use: (coverage: Coverage | undefined) => T | Promise<T>): Promise<T> {
    const text = coverageText(key);
    if (!this.#running.has(text) && !this.#known.has(text)) return use(undefined);
    const running = this.#open(key);
    running.readers++;
    try {
      return await use(running.coverage.state ? running.coverage : undefined);
    } finally {
      running.readers--;
      this.#settle(running);
    }
  }

  /** Follows it for a caller, from what is held or from nothing. */
  follow(key: CoverageKey, caller: Caller): { readonly coverage: Coverage; readonly use: CoverageUse } {
    const running = this.#open(key);
    const { coverage } = running;
    const use = coverage.join(caller);
    running.idle?.cancel();
    running.idle = undefined;
    running.following ??= coverage.run(running.stop.signal);
    return {
      coverage,
      use: {
        ...use,
        leave: () => {
          use.leave();
          this.#settle(running);
        },
      },
    };
  }

  /** What somebody has listed or got, as a whole coverage. Ignored where the coverage is followed: that knows better. */
  store(
    key: CoverageKey,
    whole: { readonly kind: string; readonly entries: readonly SourceEntry[]; readonly revision: number },
    caller: Caller,
  ): void {
    const text = coverageText(key);
    const running = this.#running.get(text);
    if (running?.following) return;
    const known = this.#known.get(text);
    if (known && known.revision > whole.revision) return;
    if (running) this.#drop(text, running);
    const { clock } = this.#options;
    const objects: CoverageChange['objects'] = new Map(
      whole.entries.map(({ namespace, name, revision, value }) => [
        namespace === '' ? name : `${namespace}/${name}`,
        { revision, value },
      ]),
    );
    this.#save(key, {
      kind: whole.kind,
      own: caller.type === 'node' || (known?.own ?? false),
      whole: true,
      secret: key.group === '' && key.resource === 'secrets',
      revision: whole.revision,
      asOfMs: clock.now(),
      usedMs: clock.now(),
      objects,
    });
  }

  /** It is known that nothing of it is there any more. */
  forget(key: CoverageKey): void {
    const text = coverageText(key);
    const running = this.#running.get(text);
    if (running?.following) return;
    if (running) this.#drop(text, running);
    if (!this.#known.has(text)) return;
    this.#unknow(text);
    this.writer.drop(text);
  }

  /**
   * Changes an object in all copies of it that the node itself reads, here alone.
   * @returns it as it now is; undefined where the node holds none.
   */
  async edit(
    ref: ResourceVersionRef,
    place: { readonly namespace: string; readonly name: string },
    object: AnyObject,
  ): Promise<AnyObject | undefined> {
    const { clock } = this.#options;
    let edited: AnyObject | undefined;
    for (const key of this.of(ref).filter((each) => this.isOwn(each))) {
      await this.read(key, (coverage) => {
        const now = coverage?.edit(place, object);
        if (!now) return;
        edited = now;
        const text = coverageText(key);
        const edit: LocalEdit = { ...ref, ...place, atMs: clock.now() };
        const others = (this.#edits.get(text) ?? []).filter((each) => !isSamePlace(each, edit));
        this.#edits.set(text, [...others, edit]);
        const value = Buffer.from(JSON.stringify(this.#edits.get(text)));
        this.writer.note(editSpace, text, { value, usedMs: clock.now() });
      });
    }
    return edited;
  }

  /** What was changed here alone, and has not been overwritten yet. */
  get edits(): LocalEdit[] {
    const edits = [...this.#edits.values()].flat();
    return edits.filter((edit, index) => edits.findIndex((other) => isSamePlace(edit, other)) === index);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const running = [...this.#running.values()];
    for (const each of running) {
      each.idle?.cancel();
      each.stop.abort(new Error('the hub stops'));
      each.coverage.stop();
    }
    for (const { following } of running) await following;
    this.#running.clear();
    await this.writer.close();
  }

  #forgetEdits(text: string): void {
    if (this.#edits.delete(text)) this.writer.note(editSpace, text, undefined);
  }

  #of(ref: ResourceVersionRef): Known[] {
    return [...(this.#byResource.get(resourceText(ref)) ?? [])];
  }

  #open(key: CoverageKey): Running {
    const text = coverageText(key);
    const open = this.#running.get(text);
    if (open) return open;
    const { upstream, clock, log, random } = this.#options;
    const known = this.#known.get(text);
    const coverage = new Coverage(
      {
        key,
        upstream,
        served: this.served,
        save: (change) => this.#save(key, change),
        onRenewed: () => this.#forgetEdits(text),
        clock,
        log,
        random,
      },
      { own: known?.own ?? false },
    );
    const held = known && this.#read(text);
    if (held) coverage.restore(held.held, held.objects);
    if (this.#edits.has(text)) coverage.distrust();
    const running: Running = {
      coverage,
      stop: new AbortController(),
      following: undefined,
      idle: undefined,
      readers: 0,
    };
    this.#running.set(text, running);
    return running;
  }

  /** From the disk, where it is as it was given to be written. */
  #read(text: string): ReturnType<CacheFile['read']> {
    return this.writer.upToDate(text, this.#options.file.read(text));
  }

  /** Nobody may be using it: then it goes from memory after a while. */
  #settle(running: Running): void {
    const { coverage } = running;
    if (running.readers > 0 || coverage.used || running.idle || this.#closed) return;
    running.idle = this.#options.clock.after(lingerMs, () => {
      running.idle = undefined;
      if (running.readers > 0 || coverage.used) return;
      this.#drop(coverage.text, running);
    });
  }

  #drop(text: string, running: Running): void {
    if (this.#running.get(text) !== running) return;
    this.#running.delete(text);
    running.idle?.cancel();
    running.stop.abort(new Error('nobody uses it'));
    running.coverage.stop();
  }

  #save(key: CoverageKey, change: CoverageChange): void {
    const text = coverageText(key);
    const bytes = this.#known.get(text)?.bytes ?? 0;
    this.#remember(key, { ...change, bytes });
    this.writer.coverage(text, change);
  }

  #remember(key: CoverageKey, held: Omit<HeldCoverage, 'key' | 'usedMs'>): void {
    const text = coverageText(key);
    const { kind, revision, own, asOfMs, bytes } = held;
    const known = this.#known.get(text);
    if (known) {
      Object.assign(known, { kind, revision, own, asOfMs, bytes });
      return;
    }
    const made: Known = { key, text, kind, revision, own, asOfMs, bytes };
    this.#known.set(text, made);
    const resource = resourceText(key);
    const all = this.#byResource.get(resource);
    if (all) all.add(made);
    else this.#byResource.set(resource, new Set([made]));
  }

  #unknow(text: string): void {
    const known = this.#known.get(text);
    if (!known) return;
    this.#known.delete(text);
    const resource = resourceText(known.key);
    const all = this.#byResource.get(resource);
    all?.delete(known);
    if (all?.size === 0) this.#byResource.delete(resource);
  }

  #evicted(texts: readonly string[]): void {
    for (const text of texts) {
      const running = this.#running.get(text);
      running?.coverage.evicted();
      if (this.writer.isWaiting(text)) this.writer.drop(text);
      if (!running) this.#unknow(text);
    }
    this.#options.log.info('cache is full, what was used longest ago has gone', { coverages: texts.length });
  }
}
