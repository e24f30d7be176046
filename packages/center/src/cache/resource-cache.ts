/**
 * A cut-down copy of one resource of one cluster, kept true by an informer, for as long as somebody asks for it.
 *
 * It is read with the center's own rights: whoever shows something of it asks first what the caller may see.
 */
import type { AnyObject, KubeObject } from '@skerry/api';
import type { Clock, Logger } from '@skerry/base';
import { Informer, type ApiClient, type Transport } from '@skerry/client';
import type { Freshness } from '#contract/index.ts';
import type { Interner } from '#cache/interner.ts';
import type { Item } from '#cache/item.ts';
import { ItemMaker } from '#cache/item-maker.ts';
import { ObservedSource, type ListWatch, type Trouble } from '#cache/observed-source.ts';
import { workloadKey, workloadOf, type Workload } from '#cache/workload-of.ts';
import { TableSource } from '#cache/table-source.ts';
import { tableColumns } from '#views/table-columns.ts';
import type { ViewColumn, ViewKind } from '#views/view-kind.ts';

export interface ResourceCacheOptions {
  readonly view: ViewKind;
  readonly client: ApiClient;
  readonly transport: Transport;
  readonly interner: Interner;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  /** Only of this namespace. */
  readonly namespace?: string;
}

/** What views read of one copy or of several. */
export interface ItemSource {
  readonly id: string;
  readonly view: ViewKind;
  readonly columns: readonly ViewColumn[];
  readonly version: number;
  readonly synced: boolean;
  readonly trouble: Trouble | undefined;
  items(namespace?: string): Item[];
  /** The same; before the first whole state is in, what has come of it. */
  rows(namespace?: string): Item[];
  /** Resolves once the first whole state is in, or so many of its rows. */
  ready(timeoutMs: number, options?: ReadyOptions): Promise<void>;
  freshness(): Freshness;
  onChange(listener: ChangeListener): () => void;
  touch(): void;
}

export interface ReadyOptions {
  /** Enough to show something. */
  readonly rows?: number;
}

/** One object came, went or changed; neither: more of the first whole state has come. */
export interface ItemChange {
  readonly item?: Item;
  readonly old?: Item;
}

export type ChangeListener = (change: ItemChange) => void;

/** A watch that is asked for again is no news unless it takes longer. */
const graceMs = 3_000;

/** After so many rows of the first whole state, views are told of them, and then each time that there are as many more. */
const earlyAtFirst = 50;
const earlyEach = 2_500;

let count = 0;

export class ResourceCache implements ItemSource {
  /** Tells it from a later copy of the same resource. */
  readonly id = String(++count);
  readonly view: ViewKind;
  readonly #clock: Clock;
  readonly #informer: Informer<Item>;
  readonly #source: ObservedSource<Item>;
  readonly #table: TableSource | undefined;
  readonly #listeners = new Set<ChangeListener>();
  readonly #derived = new Set<ChangeListener>();
  readonly #freshnessListeners = new Set<() => void>();
  readonly #stop = new AbortController();
  /** By namespace and name, as they come in; nothing once all are there. */
  #early: Map<string, Item> | undefined = new Map();
  #version = 0;
  #usedMs: number;

  constructor(options: ResourceCacheOptions) {
    const { view, client, transport, clock } = options;
    this.view = view;
    this.#clock = clock;
    this.#usedMs = clock.monotonic();
    this.#table = view.fromTable ? new TableSource(transport, { ref: view.ref, clock }) : undefined;
    const source = (this.#table ?? client.resource<AnyObject>(view.ref)) as ListWatch;
    this.#source = new ObservedSource<Item>(source as ListWatch<Item>, {
      clock,
      onChange: () => this.#freshnessListeners.forEach((listener) => listener()),
    });
    const maker = new ItemMaker(view, { interner: options.interner, clock });
    this.#informer = new Informer<Item>({
      source: this.#source,
      name: view.ref.group === '' ? view.ref.resource : `${view.ref.resource}.${view.ref.group}`,
      // What the source yields is cut here, before anything holds it.
      transform: (object: KubeObject) => this.#came(maker.make(object as AnyObject)),
      ...(options.namespace === undefined ? {} : { scope: { namespace: options.namespace } }),
      ...(view.placed === 'node' ? { indexes: { node: nodeOf, workload: workloadsOf } } : {}),
      clock,
      log: options.log,
      random: options.random,
    });
    this.#informer.addHandler({
      onAdd: (item) => this.#changed({ item }),
      onUpdate: (item, old) => this.#changed({ item, old }),
      onDelete: (old) => this.#changed({ old }),
    });
  }

  /** Follows the cluster until `close`; never rejects. */
  run(): Promise<void> {
    return this.#informer.run(this.#stop.signal);
  }

  close(): void {
    this.#stop.abort();
    this.#derived.clear();
    this.#listeners.clear();
    this.#freshnessListeners.clear();
  }

  get columns(): readonly ViewColumn[] {
    // Columns come with the first row; until then a built-in resource has its own.
    const { columns } = this.view;
    if (!this.#table || (this.#table.columns.length === 0 && columns.length > 0)) return columns;
    return tableColumns(this.view, this.#table.columns);
  }

  get synced(): boolean {
    return this.#informer.hasSynced();
  }

  /** Resolves once the first whole state is in, the cluster has refused, or the time is over. */
  async ready(timeoutMs: number, { rows = Infinity }: ReadyOptions = {}): Promise<void> {
    const isReady = () => this.synced || this.trouble !== undefined || (this.#early?.size ?? 0) >= rows;
    if (isReady()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#clock.after(timeoutMs, resolve);
    const check = () => {
      if (isReady()) resolve();
    };
    // A whole state is told object by object first, so look again once the turn is over.
    const stopListening = [
      this.onChange(() => queueMicrotask(check)),
      this.onFreshness(() => queueMicrotask(check)),
    ];
    const poll = this.#poll(check);
    try {
      await promise;
    } finally {
      timer.cancel();
      poll.cancel();
      for (const stop of stopListening) stop();
    }
  }

  /** Counts changes: the same number, the same content. */
  get version(): number {
    return this.#version;
  }

  get size(): number {
    return this.#informer.size;
  }

  items(namespace?: string): Item[] {
    return this.#informer.list(namespace);
  }

  rows(namespace?: string): Item[] {
    if (this.synced || !this.#early) return this.items(namespace);
    const early = [...this.#early.values()];
    return namespace === undefined ? early : early.filter(({ metadata }) => metadata.namespace === namespace);
  }

  /** Before the first whole state is in, what has come of it. */
  get(namespace: string | undefined, name: string): Item | undefined {
    return this.#informer.get(namespace, name) ?? this.#early?.get(earlyKey(namespace, name));
  }

  /** Of a resource whose objects are on nodes. */
  onNode(node: string): Item[] {
    return this.#informer.byIndex('node', node);
  }

  /** Pods of a workload. */
  ofWorkload(workload: Workload): Item[] {
    return this.#informer.byIndex('workload', workloadKey(workload));
  }

  get trouble(): Trouble | undefined {
    return this.#source.trouble;
  }

  /** Calls back after each change, in order. Returns what ends it. */
  onChange(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** The same for what is derived from the copy and ends with it: it keeps nothing from being dropped. */
  onInternalChange(listener: ChangeListener): () => void {
    this.#derived.add(listener);
    return () => void this.#derived.delete(listener);
  }

  onFreshness(listener: () => void): () => void {
    this.#freshnessListeners.add(listener);
    return () => void this.#freshnessListeners.delete(listener);
  }

  freshness(): Freshness {
    const { trouble } = this;
    if (!this.synced)
      return {
        state: 'connecting',
        ...(this.#early && this.#early.size > 0 ? { read: this.#early.size } : {}),
        ...(trouble ? { why: trouble.why } : {}),
      };
    if (!trouble || this.#clock.now() - trouble.sinceMs < graceMs) return { state: 'live' };
    return { state: 'stale', since: new Date(trouble.sinceMs).toISOString(), why: trouble.why };
  }

  /** Somebody asked for it. */
  touch(): void {
    this.#usedMs = this.#clock.monotonic();
  }

  get idleMs(): number {
    return this.#listeners.size > 0 ? 0 : this.#clock.monotonic() - this.#usedMs;
  }

  /** An object of the first whole state, which is only handed over once all of it is there. */
  #came(item: Item): Item {
    if (!this.#early || this.synced) return item;
    this.#early.set(earlyKey(item.metadata.namespace, item.metadata.name), item);
    const { size } = this.#early;
    if (size === earlyAtFirst || size % earlyEach === 0) {
      this.#version++;
      for (const listener of this.#listeners) listener({});
    }
    return item;
  }

  #changed(change: ItemChange): void {
    if (this.synced) this.#early = undefined;
    this.#version++;
    for (const listener of this.#derived) listener(change);
    for (const listener of this.#listeners) listener(change);
  }

  /** An empty resource comes without a change. */
  #poll(check: () => void): { cancel(): void } {
    let timer = this.#clock.after(pollMs, again);
    const clock = this.#clock;
    return { cancel: () => timer.cancel() };

    function again(): void {
      check();
      timer = clock.after(pollMs, again);
    }
  }
}

const pollMs = 20;

function earlyKey(namespace: string | undefined, name: string): string {
  return `${namespace ?? ''}/${name}`;
}

/** Nobody asks for the pods of a pod. */
function workloadsOf(item: Item): readonly string[] {
  const workload = workloadOf(item);
  return workload.kind === 'Pod' ? [] : [workloadKey(workload)];
}

function nodeOf({ facts }: Item): readonly string[] {
  return facts?.kind === 'pod' && facts.node !== undefined ? [facts.node] : [];
}
