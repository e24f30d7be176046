/**
 * A local copy of one resource, kept true by a reflector, with indexes and change handlers.
 *
 * Promises: handlers are called synchronously, in the order of changes, after the copy has changed; a handler added late
 * is first told of everything that is there. `hasSynced` is true once the first whole state is in. A handler that throws
 * is logged and doesn't hold up others. Objects belong to the copy: clone before changing one.
 */
import type { KubeObject } from '@skerry/api';
import { describeError, sleep } from '@skerry/base';
import type { Clock, Logger } from '@skerry/base';
import { ObjectStore } from '#object-store.ts';
import type { IndexFunction } from '#object-store.ts';
import { Reflector, keyOf } from '#reflector.ts';
import type { ReflectorScope } from '#reflector.ts';
import type { ApiClient, ResourceClient, ResourceRef } from '#rest.ts';

export interface InformerHandler<T> {
  onAdd?(object: T): void;
  onUpdate?(object: T, old: T): void;
  /** With the last state known, which may be older than the last state there was. */
  onDelete?(object: T): void;
}

/** Reads from the local copy. */
export interface Lister<T> {
  get(namespace: string | undefined, name: string): T | undefined;
  /** Of one namespace, or of all. */
  list(namespace?: string): T[];
  byIndex(index: string, value: string): T[];
}

export interface InformerOptions<T extends KubeObject> {
  readonly source: Pick<ResourceClient<T>, 'list' | 'watch'>;
  readonly name: string;
  readonly scope?: ReflectorScope;
  readonly indexes?: Readonly<Record<string, IndexFunction<T>>>;
  /** Applied to each object as it comes in, in place or as a copy: to drop what nobody reads, before it is held. */
  readonly transform?: (object: T) => T;
  /** See `ReflectorOptions`. */
  readonly watchLifeMs?: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
}

export class Informer<T extends KubeObject = KubeObject> implements Lister<T> {
  readonly name: string;
  readonly #options: InformerOptions<T>;
  readonly #objects = new ObjectStore<T>();
  readonly #handlers = new Set<InformerHandler<T>>();
  readonly #reflector: Reflector<T>;
  #synced = false;

  constructor(options: InformerOptions<T>) {
    this.#options = options;
    this.name = options.name;
    for (const [name, valuesOf] of Object.entries(options.indexes ?? {})) this.addIndex(name, valuesOf);
    this.#reflector = new Reflector({
      ...options,
      sink: {
        replace: (objects) => this.#replace(objects),
        apply: (type, object) => this.#apply(type, object),
      },
    });
  }

  /** Follows the server until the signal; never rejects. */
  run(signal: AbortSignal): Promise<void> {
    return this.#reflector.run(signal);
  }

  get resourceVersion(): string {
    return this.#reflector.resourceVersion;
  }

  hasSynced(): boolean {
    return this.#synced;
  }

  async waitForSync(signal?: AbortSignal): Promise<void> {
    while (!this.#synced) await sleep(this.#options.clock, 10, signal);
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

  get size(): number {
    return this.#objects.size;
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

  #replace(objects: T[]): void {
    const gone = new Set(this.#objects.keys());
    for (const object of objects) {
      gone.delete(keyOf(object));
      this.#put(object);
    }
    for (const key of gone) this.#remove(key);
    this.#synced = true;
  }

  #apply(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: T): void {
    if (type === 'DELETED') this.#remove(keyOf(object), object);
    else this.#put(object);
  }

  #put(object: T): void {
    const old = this.#objects.set(object);
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

  #remove(key: string, last?: T): void {
    const old = this.#objects.delete(key);
    if (!old) return;
    for (const handler of this.#handlers) this.#call(() => handler.onDelete?.(last ?? old));
  }

  #call(fn: () => void): void {
    try {
      fn();
    } catch (error) {
      this.#options.log.error('informer handler failed', {
        resource: this.name,
        error: describeError(error),
      });
    }
  }
}

/** Drops `managedFields`, which nearly no controller reads and which is a good part of an object's size. */
export function stripManagedFields<T extends KubeObject>(object: T): T {
  if (object.metadata?.managedFields) delete object.metadata.managedFields;
  return object;
}

/** Items of a list carry no kind; those of a local copy do, for events and owner references. */
function typed<T extends KubeObject>(object: T, { group, version, kind }: ResourceRef): T {
  object.apiVersion ??= group === '' ? version : `${group}/${version}`;
  object.kind ??= kind;
  return object;
}

export interface InformerFactoryOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  /** For all informers; `stripManagedFields` unless given. */
  readonly transform?: <T extends KubeObject>(object: T) => T;
}

/** One informer per resource and scope, however many ask for it. */
export class InformerFactory {
  readonly #options: InformerFactoryOptions;
  readonly #informers = new Map<string, { informer: Informer; running: boolean }>();
  #signal: AbortSignal | undefined;
  readonly #runs = new Set<Promise<void>>();

  constructor(options: InformerFactoryOptions) {
    this.#options = options;
  }

  /** The shared informer; runs at once where the factory runs already. */
  informer<T extends KubeObject>(ref: ResourceRef, scope: ReflectorScope = {}): Informer<T> {
    const key = JSON.stringify([
      ref.group,
      ref.version,
      ref.resource,
      scope.namespace ?? '',
      scope.labelSelector ?? '',
      scope.fieldSelector ?? '',
      scope.metadataOnly ?? false,
    ]);
    let entry = this.#informers.get(key);
    if (!entry) {
      const { client, clock, log, random, transform = stripManagedFields } = this.#options;
      const name = ref.group === '' ? ref.resource : `${ref.resource}.${ref.group}`;
      const informer = new Informer({
        source: client.resource(ref),
        name,
        scope,
        clock,
        log,
        random,
        transform: (object) => transform(typed(object, ref)),
      });
      entry = { informer, running: false };
      this.#informers.set(key, entry);
    }
    this.#startAll();
    // The map can't know each resource's type; the caller who names the resource does.
    return entry.informer as unknown as Informer<T>;
  }

  /** Runs all informers, also those asked for later; resolves when all have stopped after the signal. */
  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    this.#startAll();
    while (!signal.aborted) {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    }
    await Promise.all(this.#runs);
  }

  /** Waits for every informer asked for so far. */
  async waitForSync(signal?: AbortSignal): Promise<void> {
    await Promise.all([...this.#informers.values()].map(({ informer }) => informer.waitForSync(signal)));
  }

  #startAll(): void {
    const signal = this.#signal;
    if (!signal || signal.aborted) return;
    for (const entry of this.#informers.values()) {
      if (entry.running) continue;
      entry.running = true;
      const run = entry.informer.run(signal).finally(() => this.#runs.delete(run));
      this.#runs.add(run);
    }
  }
}
