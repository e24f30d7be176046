/**
 * A node's copy of one resource, as an informer's, made of several scopes, since a label selector can't say "of my pool, or of
 * none". What outlives a restart is the hub's to keep: it answers what was read before, also while the node is cut off, so that
 * nothing is kept a second time here.
 *
 * Promises: handlers are called synchronously, in the order of changes, after the copy has changed; a handler added late
 * is first told of everything that is there; one that throws is logged and holds up nobody.
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

export interface FollowedObjectsOptions<T extends KubeObject> {
  readonly client: ApiClient;
  readonly ref: ResourceRef;
  /** One watch each. An object that moves between them is told of once. */
  readonly scopes: readonly ReflectorScope[];
  /** One more, which becomes another while this follows. Whether the whole is known does not wait for it. */
  readonly changingScope?: ChangingScope;
  /** Drops what nobody on the node reads, before it is held; in place. */
  readonly transform?: (object: T) => T;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
}

export interface ChangingScope {
  /** `none` when there is nothing to follow; undefined while that isn't known. */
  current(): ReflectorScope | 'none' | undefined;
  /** Returns what ends the telling. */
  onChange(tell: () => void): () => void;
}

/** Each watch begins with a request over the link, which is what an idle node costs. */
const watchLifeMs = 30 * 60_000;

export class FollowedObjects<T extends KubeObject> implements Lister<T> {
  readonly name: string;
  readonly #options: FollowedObjectsOptions<T>;
  readonly #objects = new ObjectStore<T>();
  readonly #scopeOf = new Map<string, number>();
  readonly #handlers = new Set<InformerHandler<T>>();
  readonly #read = new Set<number>();

  constructor(options: FollowedObjectsOptions<T>) {
    this.#options = options;
    this.name = options.ref.resource;
  }

  /** Whether the whole was read since the start, from the center or from what the hub kept. */
  isKnown(): boolean {
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
    const { scopes, changingScope } = this.#options;
    await Promise.all([
      ...scopes.map((scope, index) => this.#reflector(scope, index).run(signal)),
      ...(changingScope ? [this.#followChanging(changingScope, scopes.length, signal)] : []),
    ]);
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
    const key = keyOf(object);
    const old = this.#objects.set(object);
    this.#scopeOf.set(key, scope);
    const replaced = old !== undefined && old.metadata?.uid !== object.metadata?.uid;
    if (old && !replaced && old.metadata?.resourceVersion === object.metadata?.resourceVersion) return;
    for (const handler of this.#handlers) {
      this.#call(() => {
        // Another object under an old name: its predecessor's end went by unseen.
        if (replaced) handler.onDelete?.(old);
        if (old && !replaced) handler.onUpdate?.(object, old);
        else handler.onAdd?.(object);
      });
    }
  }

  #remove(key: string, scope: number): void {
    // Its new scope may have told of it first.
    if (this.#scopeOf.get(key) !== scope) return;
    this.#scopeOf.delete(key);
    const old = this.#objects.delete(key);
    if (!old) return;
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
