/**
 * A node's copy of one resource, as an informer's, with two differences: it begins with what was kept on disk when the
 * API was last heard, so that a machine that starts while cut off knows what it knew, and it may be made of several
 * scopes, since a label selector can't say "of my pool, or of none".
 *
 * Promises: handlers are called synchronously, in the order of changes, after the copy has changed; a handler added late
 * is first told of everything that is there; one that throws is logged and holds up nobody. What differs between disk and
 * API is told as changes when the API answers.
 */
import type { KubeObject } from '@skerry/api';
import { describeError, sleep, type Clock, type Logger } from '@skerry/base';
import {
  keyOf,
  ObjectStore,
  Reflector,
  stripManagedFields,
  type ApiClient,
  type IndexFunction,
  type InformerHandler,
  type Lister,
  type ReflectorScope,
  type ResourceRef,
} from '@skerry/client';
import { ObjectJournal, type Kept } from '#object-journal.ts';

export interface FollowedObjectsOptions<T extends KubeObject> {
  readonly client: ApiClient;
  readonly ref: ResourceRef;
  /** One watch each. An object that moves between them is told of once. */
  readonly scopes: readonly ReflectorScope[];
  /** One more, which becomes another while this follows. Whether the whole is known does not wait for it. */
  readonly changingScope?: ChangingScope;
  readonly file: string;
  /** Drops what nobody on the node reads, before it is held and kept; in place. */
  readonly transform?: (object: T) => T;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
}

export interface ChangingScope {
  /** Constant: what the file on disk names it by. */
  readonly name: string;
  /** `none` when there is nothing to follow; undefined while that isn't known, and what the disk has stays. */
  current(): ReflectorScope | 'none' | undefined;
  /** Returns what ends the telling. */
  onChange(tell: () => void): () => void;
}

/** Each watch begins with a request over the link, which is what an idle node costs. */
const watchLifeMs = 30 * 60_000;
const flushEveryMs = 1_000;

export class FollowedObjects<T extends KubeObject> implements Lister<T> {
  readonly name: string;
  readonly #options: FollowedObjectsOptions<T>;
  readonly #objects = new ObjectStore<T>();
  readonly #scopeOf = new Map<string, number>();
  readonly #handlers = new Set<InformerHandler<T>>();
  readonly #journal: ObjectJournal<T>;
  readonly #read = new Set<number>();
  #isLoaded = false;
  #isKept = false;

  constructor(options: FollowedObjectsOptions<T>) {
    this.#options = options;
    this.name = options.ref.resource;
    const { scopes, changingScope } = options;
    const named = changingScope ? [...scopes, changingScope.name] : scopes;
    this.#journal = new ObjectJournal({ file: options.file, scopes: named });
  }

  /** Whether the whole was read once, now or before an earlier end of this program. */
  isKnown(): boolean {
    return this.#isKept || this.isCurrent();
  }

  /** Whether the whole was read from the API since the start. */
  isCurrent(): boolean {
    return this.#options.scopes.every((_, index) => this.#read.has(index));
  }

  /** Waits until the whole is known. */
  async known(signal: AbortSignal): Promise<void> {
    while (!this.isKnown()) await sleep(this.#options.clock, 20, signal);
  }

  get size(): number {
    return this.#objects.size;
  }

  addIndex(name: string, valuesOf: IndexFunction<T>): void {
    this.#objects.addIndex(name, valuesOf);
  }

  /** Returns what removes the handler. */
  addHandler(handler: InformerHandler<T>): () => void {
    this.#handlers.add(handler);
    for (const object of this.#objects.all()) this.#call(() => handler.onAdd?.(object));
    return () => void this.#handlers.delete(handler);
  }

  get(namespace: string | undefined, name: string): T | undefined {
    return this.#objects.get(namespace ? `${namespace}/${name}` : name);
  }

  list(namespace?: string): T[] {
    return namespace === undefined ? this.#objects.all() : this.#objects.byIndex('namespace', namespace);
  }

  byIndex(index: string, value: string): T[] {
    return this.#objects.byIndex(index, value);
  }

  /** Follows the API until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#load();
    const { scopes, changingScope } = this.#options;
    await Promise.all([
      ...scopes.map((scope, index) => this.#reflector(scope, index).run(signal)),
      ...(changingScope ? [this.#followChanging(changingScope, scopes.length, signal)] : []),
      this.#keep(signal),
    ]);
  }

  async #load(): Promise<void> {
    if (this.#isLoaded) return;
    const kept = await this.#journal.load();
    this.#isLoaded = true;
    if (!kept) return;
    this.#isKept = true;
    for (const { object, scope } of kept.values()) this.#set(object, scope);
  }

  async #followChanging(changing: ChangingScope, index: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const changed = new AbortController();
      const until = AbortSignal.any([signal, changed.signal]);
      const endTelling = changing.onChange(() => changed.abort());
      const scope = changing.current();
      if (scope === 'none') this.#replace([], index);
      await (scope === 'none' || scope === undefined
        ? aborted(until)
        : this.#reflector(scope, index).run(until));
      endTelling();
    }
  }

  #reflector(scope: ReflectorScope, index: number): Reflector<T> {
    const { client, ref, transform = stripManagedFields, clock, log, random } = this.#options;
    return new Reflector<T>({
      source: client.resource<T>(ref),
      scope,
      name: ref.resource,
      watchLifeMs,
      transform,
      sink: {
        replace: (objects) => this.#replace(objects, index),
        apply: (type, object) => {
          if (type === 'DELETED') this.#remove(keyOf(object), index);
          else this.#put(object, index);
        },
      },
      clock,
      log,
      random,
    });
  }

  async #keep(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(this.#options.clock, flushEveryMs, signal).catch(() => undefined);
      await this.#flush();
    }
    await this.#flush();
  }

  async #flush(): Promise<void> {
    // Half a state on disk would pass for the whole one.
    if (!this.isCurrent()) return;
    await this.#journal
      .flush(() => this.#whole())
      .catch((error: unknown) =>
        this.#options.log.warn('not kept on disk', { resource: this.name, error: describeError(error) }),
      );
  }

  *#whole(): Generator<[string, Kept<T>]> {
    for (const key of this.#objects.keys()) {
      const object = this.#objects.get(key);
      if (object) yield [key, { object, scope: this.#scopeOf.get(key) ?? 0 }];
    }
  }

  #replace(objects: readonly T[], scope: number): void {
    const gone = new Set([...this.#scopeOf].filter(([, of]) => of === scope).map(([key]) => key));
    for (const object of objects) {
      gone.delete(keyOf(object));
      this.#put(object, scope);
    }
    for (const key of gone) this.#remove(key, scope);
    this.#read.add(scope);
  }

  #put(object: T, scope: number): void {
    if (this.#set(object, scope)) this.#journal.put(keyOf(object), { object, scope });
  }

  /** Answers whether it is news. */
  #set(object: T, scope: number): boolean {
    const key = keyOf(object);
    const old = this.#objects.set(object);
    const wasOf = this.#scopeOf.get(key);
    this.#scopeOf.set(key, scope);
    const replaced = old !== undefined && old.metadata?.uid !== object.metadata?.uid;
    if (old && !replaced && old.metadata?.resourceVersion === object.metadata?.resourceVersion) {
      return wasOf !== scope;
    }
    for (const handler of this.#handlers) {
      this.#call(() => {
        // Another object under an old name: its predecessor's end went by unseen.
        if (replaced) handler.onDelete?.(old);
        if (old && !replaced) handler.onUpdate?.(object, old);
        else handler.onAdd?.(object);
      });
    }
    return true;
  }

  #remove(key: string, scope: number): void {
    // Its new scope may have told of it first.
    if (this.#scopeOf.get(key) !== scope) return;
    this.#scopeOf.delete(key);
    const old = this.#objects.delete(key);
    if (!old) return;
    this.#journal.put(key, undefined);
    for (const handler of this.#handlers) this.#call(() => handler.onDelete?.(old));
  }

  #call(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#options.log.error('handler failed', { resource: this.name, error: describeError(error) });
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
