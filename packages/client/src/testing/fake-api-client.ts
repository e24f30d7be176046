/**
 * An API server small enough for unit tests: objects in memory behind the `ApiClient` contract, with revisions,
 * optimistic concurrency, generations, finalizers, graceful pod deletion, label and field selectors, paging-free lists,
 * watches with bookmarks and streamed lists, and status, binding, eviction and scale-free subresources.
 *
 * It leaves out what the real server's own tests hold: schemas, defaults, validation, admission, managed fields, merge
 * keys (a strategic patch replaces lists, but merges `conditions` by type), watch history beyond `historyMax` events.
 */
import {
  ApiError,
  alreadyExists,
  conflict,
  notFound,
  parseFieldSelector,
  parseLabelSelector,
} from '@skerry/api';
import type { AnyObject, KubeList, KubeObject, WatchEvent } from '@skerry/api';
import { AsyncQueue } from '@skerry/base';
import type { Clock } from '@skerry/base';
import { applyJsonPatch, mergePatch } from '#testing/patch.ts';
import type {
  ApiClient,
  DeleteOptions,
  ListOptions,
  PatchOptions,
  ResourceClient,
  ResourceRef,
  WatchRequest,
  WriteOptions,
} from '#rest.ts';

interface Stored {
  readonly ref: ResourceRef;
  readonly object: AnyObject;
}

interface Change {
  readonly revision: number;
  readonly ref: ResourceRef;
  readonly object: AnyObject;
  readonly old: AnyObject | undefined;
  readonly deleted: boolean;
}

/** What a test sees of each write, in order. */
export interface FakeRequest {
  readonly verb: 'create' | 'update' | 'patch' | 'delete' | 'createSubresource';
  readonly resource: string;
  readonly namespace?: string;
  readonly name: string;
  readonly subresource?: string;
}

const historyMax = 10_000;
const watchQueueMax = 100_000;

export class FakeApiClient implements ApiClient {
  readonly #clock: Clock;
  readonly #objects = new Map<string, Stored>();
  readonly #changes: Change[] = [];
  readonly #watchers = new Set<(change: Change) => void>();
  readonly #reactors: ((request: FakeRequest, object: unknown) => void)[] = [];
  readonly requests: FakeRequest[] = [];
  #revision = 1;
  #names = 0;

  constructor({ clock }: { readonly clock: Clock }) {
    this.#clock = clock;
  }

  /** Called before each write; what it throws is the answer. Returns what removes it. */
  react(reactor: (request: FakeRequest, object: unknown) => void): () => void {
    this.#reactors.push(reactor);
    return () => void this.#reactors.splice(this.#reactors.indexOf(reactor), 1);
  }

  /** Puts an object as it is, status included, as if it had always been there. */
  seed<T extends KubeObject>(ref: ResourceRef, object: T): T {
    return this.#put(ref, this.#born(ref, object), undefined) as KubeObject as T;
  }

  /** Overwrites an object with whatever `change` makes of it, status included, asking nobody. */
  edit<T extends KubeObject>(
    ref: ResourceRef,
    at: { namespace?: string; name: string },
    change: (object: T) => void,
  ): T {
    const old = this.#find(ref, at.name, at.namespace);
    const object = structuredClone(old) as AnyObject;
    change(object as KubeObject as T);
    return this.#store(ref, object, old) as KubeObject as T;
  }

  /** Takes an object away at once, finalizers or not. */
  remove(ref: ResourceRef, at: { namespace?: string; name: string }): void {
    this.#drop(ref, this.#find(ref, at.name, at.namespace));
  }

  /** Everything of one resource as it is now. */
  all<T extends KubeObject>(ref: ResourceRef, namespace?: string): T[] {
    return this.#matching(ref, { namespace }).map((object) => structuredClone(object) as unknown as T);
  }

  resource<T extends KubeObject = KubeObject>(ref: ResourceRef): ResourceClient<T> {
    const copy = (object: AnyObject) => structuredClone(object) as unknown as T;
    return {
      get: async (name, options = {}) => copy(this.#find(ref, name, options.namespace)),
      list: async (options = {}) => this.#list<T>(ref, options),
      watch: (options) => this.#watch<T>(ref, options),
      create: async (object, options = {}) =>
        copy(this.#create(ref, object as KubeObject as AnyObject, options)),
      createSubresource: async <R>(
        name: string,
        subresource: string,
        body: object,
        options: WriteOptions = {},
      ) => this.#createSubresource(ref, { name, subresource, body, options }) as R,
      update: async (object, options = {}) =>
        copy(this.#update(ref, object as KubeObject as AnyObject, options)),
      patch: async (name, patch, options) => copy(this.#patch(ref, name, patch, options)),
      delete: async (name, options = {}) => this.#delete(ref, name, options),
    };
  }

  async request<R>(method: string, path: string): Promise<R> {
    throw new ApiError('NotFound', `the fake answers no ${method} ${path}`);
  }

  as(): ApiClient {
    return this;
  }

  close(): void {
    // Holds nothing open.
  }

  #list<T>(ref: ResourceRef, options: ListOptions): KubeList<T> {
    const items = this.#matching(ref, options).map((object) =>
      structuredClone(options.metadataOnly ? metadataOf(object) : object),
    );
    return { metadata: { resourceVersion: String(this.#revision) }, items: items as T[] };
  }

  async *#watch<T>(ref: ResourceRef, options: WatchRequest): AsyncGenerator<WatchEvent<T>> {
    const queue = new AsyncQueue<WatchEvent<T>>({ lengthMax: watchQueueMax });
    const push = (event: WatchEvent<AnyObject>) =>
      queue.push(structuredClone(event) as unknown as WatchEvent<T>);
    const shown = options.metadataOnly ? metadataOf : (object: AnyObject) => object;
    const after = options.sendInitialEvents ? this.#revision : Number(options.resourceVersion ?? 0);
    const oldest = this.#changes[0]?.revision ?? this.#revision;
    if (!options.sendInitialEvents && after > 0 && after < oldest - 1) {
      throw new ApiError('Expired', `too old resource version: ${after} (${oldest})`);
    }
    const deliver = (change: Change) => {
      if (!sameResource(change.ref, ref)) return;
      const was = change.old !== undefined && this.#selected(change.old, options);
      const is = !change.deleted && this.#selected(change.object, options);
      if (!was && !is) return;
      const type = is ? (was ? 'MODIFIED' : 'ADDED') : 'DELETED';
      push({ type, object: shown(change.object) });
    };
    if (options.sendInitialEvents) {
      for (const object of this.#matching(ref, options)) push({ type: 'ADDED', object: shown(object) });
      push({ type: 'BOOKMARK', object: bookmark(this.#revision) });
    } else {
      for (const change of this.#changes) if (change.revision > after) deliver(change);
    }
    this.#watchers.add(deliver);
    const onAbort = () => queue.close();
    options.signal.addEventListener('abort', onAbort, { once: true });
    if (options.signal.aborted) onAbort();
    try {
      yield* queue;
    } finally {
      this.#watchers.delete(deliver);
      options.signal.removeEventListener('abort', onAbort);
    }
  }

  #matching(ref: ResourceRef, options: ListOptions): AnyObject[] {
    const found: AnyObject[] = [];
    for (const stored of this.#objects.values()) {
      if (sameResource(stored.ref, ref) && this.#selected(stored.object, options)) found.push(stored.object);
    }
    return found.sort((a, b) => (nameKey(a) < nameKey(b) ? -1 : 1));
  }

  #selected(object: AnyObject, { namespace, labelSelector, fieldSelector }: ListOptions): boolean {
    if (namespace && object.metadata?.namespace !== namespace) return false;
    if (labelSelector && !parseLabelSelector(labelSelector).matches(object.metadata?.labels)) return false;
    return !fieldSelector || parseFieldSelector(fieldSelector).matches((field) => fieldValue(object, field));
  }

  #find(ref: ResourceRef, name: string, namespace: string | undefined): AnyObject {
    const stored = this.#objects.get(keyFor(ref, ref.namespaced ? namespace : undefined, name));
    if (!stored) throw notFound(ref, name);
    return stored.object;
  }

  #record(request: FakeRequest, object?: unknown): void {
    this.requests.push(request);
    for (const reactor of this.#reactors) reactor(request, object);
  }

  #born(ref: ResourceRef, given: KubeObject): AnyObject {
    const object = structuredClone(given) as AnyObject;
    const metadata = (object.metadata ??= {});
    metadata.name ??= `${metadata.generateName ?? ''}${(++this.#names).toString(36).padStart(5, '0')}`;
    if (ref.namespaced) metadata.namespace ??= 'default';
    metadata.uid ??= `uid-${++this.#names}`;
    metadata.creationTimestamp ??= timestamp(this.#clock);
    if (object.spec !== undefined) metadata.generation ??= 1;
    object.apiVersion ??= ref.group === '' ? ref.version : `${ref.group}/${ref.version}`;
    object.kind ??= ref.kind;
    return object;
  }

  #create(ref: ResourceRef, given: AnyObject, options: WriteOptions): AnyObject {
    const object = this.#born(ref, given);
    if (options.namespace && object.metadata) object.metadata.namespace = options.namespace;
    const { name = '', namespace } = object.metadata ?? {};
    this.#record({ verb: 'create', resource: ref.resource, namespace, name }, object);
    if (this.#objects.has(keyFor(ref, namespace, name))) throw alreadyExists(ref, name);
    if (ref.resource === 'pods') object.status = { phase: 'Pending' };
    return options.dryRun ? object : this.#put(ref, object, undefined);
  }

  #update(ref: ResourceRef, given: AnyObject, options: WriteOptions): AnyObject {
    const { name = '', resourceVersion, uid } = given.metadata ?? {};
    const namespace = options.namespace ?? given.metadata?.namespace;
    this.#record(
      { verb: 'update', resource: ref.resource, namespace, name, subresource: options.subresource },
      given,
    );
    const old = this.#find(ref, name, namespace);
    if (resourceVersion && resourceVersion !== old.metadata?.resourceVersion) throw conflict(ref, name);
    if (uid && uid !== old.metadata?.uid) throw conflict(ref, name);
    return this.#store(ref, merged(old, structuredClone(given), options.subresource), old);
  }

  #patch(ref: ResourceRef, name: string, patch: unknown, options: PatchOptions): AnyObject {
    const { namespace, subresource, type } = options;
    this.#record({ verb: 'patch', resource: ref.resource, namespace, name, subresource }, patch);
    const key = keyFor(ref, ref.namespaced ? namespace : undefined, name);
    const old = this.#objects.get(key)?.object;
    if (!old && type === 'apply') {
      return this.#put(ref, this.#born(ref, patch as KubeObject), undefined);
    }
    if (!old) throw notFound(ref, name);
    const next =
      type === 'json'
        ? applyJsonPatch(old, patch)
        : mergePatch(old, patch, { listsByType: type === 'strategic' || type === 'apply' });
    const { resourceVersion, uid } = (next as AnyObject).metadata ?? {};
    if (resourceVersion && resourceVersion !== old.metadata?.resourceVersion) throw conflict(ref, name);
    if (uid && uid !== old.metadata?.uid) throw conflict(ref, name);
    return this.#store(ref, merged(old, next as AnyObject, subresource), old);
  }

  #delete(ref: ResourceRef, name: string, options: DeleteOptions): void {
    const { namespace, preconditions } = options;
    this.#record({ verb: 'delete', resource: ref.resource, namespace, name }, options);
    const old = this.#find(ref, name, namespace);
    const stale =
      (preconditions?.uid && preconditions.uid !== old.metadata?.uid) ||
      (preconditions?.resourceVersion && preconditions.resourceVersion !== old.metadata?.resourceVersion);
    if (stale) throw conflict(ref, name, 'the precondition of the delete does not hold');
    const object = structuredClone(old);
    const metadata = (object.metadata ??= {});
    const finalizers = new Set(metadata.finalizers);
    if (options.propagationPolicy === 'Foreground') finalizers.add('foregroundDeletion');
    if (options.propagationPolicy === 'Orphan') finalizers.add('orphan');
    metadata.finalizers = [...finalizers];
    const graceSeconds = graceOf(ref, object, options.gracePeriodSeconds);
    if (finalizers.size === 0 && graceSeconds === 0 && !heldBySpec(object)) return this.#drop(ref, old);
    if (object.kind === 'Namespace') object.status = { ...(object.status as object), phase: 'Terminating' };
    metadata.deletionTimestamp ??= timestamp(this.#clock, graceSeconds);
    metadata.deletionGracePeriodSeconds = graceSeconds;
    if (metadata.finalizers.length === 0) delete metadata.finalizers;
    this.#store(ref, object, old);
  }

  #createSubresource(
    ref: ResourceRef,
    call: { name: string; subresource: string; body: object; options: WriteOptions },
  ): KubeObject {
    const { name, subresource, body, options } = call;
    const { namespace } = options;
    this.#record({ verb: 'createSubresource', resource: ref.resource, namespace, name, subresource }, body);
    const old = this.#find(ref, name, namespace);
    const success: AnyObject = { kind: 'Status', apiVersion: 'v1', status: 'Success', code: 201 };
    if (subresource === 'eviction') {
      this.#delete(ref, name, { namespace });
      return success;
    }
    if (subresource === 'binding') {
      const object = structuredClone(old);
      const node = (body as { target?: { name?: string } }).target?.name;
      const spec = object.spec as { nodeName?: string };
      if (spec.nodeName)
        throw conflict(ref, name, `pod ${name} is already assigned to node "${spec.nodeName}"`);
      object.spec = { ...spec, nodeName: node };
      const status = (object.status ?? {}) as { conditions?: { type: string }[] };
      object.status = {
        ...status,
        conditions: [
          ...(status.conditions ?? []).filter(({ type }) => type !== 'PodScheduled'),
          { type: 'PodScheduled', status: 'True', lastTransitionTime: timestamp(this.#clock) },
        ],
      };
      this.#store(ref, object, old);
      return success;
    }
    return { ...body };
  }

  /** Writes a changed object; one that is being deleted and has lost its last finalizer goes. */
  #store(ref: ResourceRef, object: AnyObject, old: AnyObject): AnyObject {
    const metadata = (object.metadata ??= {});
    metadata.uid = old.metadata?.uid;
    metadata.creationTimestamp = old.metadata?.creationTimestamp;
    metadata.generation = old.metadata?.generation;
    metadata.deletionTimestamp ??= old.metadata?.deletionTimestamp;
    if (JSON.stringify(object.spec) !== JSON.stringify(old.spec) && old.metadata?.generation !== undefined) {
      metadata.generation = old.metadata.generation + 1;
    }
    const unchanged = JSON.stringify(sorted(object)) === JSON.stringify(sorted(old));
    if (unchanged) return old;
    const grace = metadata.deletionGracePeriodSeconds ?? 0;
    if (metadata.deletionTimestamp && !metadata.finalizers?.length && grace === 0 && !heldBySpec(object)) {
      this.#drop(ref, old, object);
      return object;
    }
    return this.#put(ref, object, old);
  }

  #put(ref: ResourceRef, object: AnyObject, old: AnyObject | undefined): AnyObject {
    const metadata = (object.metadata ??= {});
    metadata.resourceVersion = String(++this.#revision);
    this.#objects.set(keyFor(ref, metadata.namespace, metadata.name ?? ''), { ref, object });
    this.#tell({ revision: this.#revision, ref, object, old, deleted: false });
    return object;
  }

  #drop(ref: ResourceRef, old: AnyObject, last: AnyObject = old): void {
    this.#objects.delete(keyFor(ref, old.metadata?.namespace, old.metadata?.name ?? ''));
    const object = structuredClone(last);
    object.metadata = { ...object.metadata, resourceVersion: String(++this.#revision) };
    this.#tell({ revision: this.#revision, ref, object, old, deleted: true });
  }

  #tell(change: Change): void {
    this.#changes.push(change);
    if (this.#changes.length > historyMax) this.#changes.shift();
    for (const deliver of this.#watchers) deliver(change);
  }
}

/** Versions of one group share their objects, as they do in a real server. */
function sameResource(a: ResourceRef, b: ResourceRef): boolean {
  return a.group === b.group && a.resource === b.resource;
}

function keyFor(ref: ResourceRef, namespace: string | undefined, name: string): string {
  return `${ref.group}/${ref.resource}/${ref.namespaced ? namespace : ''}/${name}`;
}

function nameKey({ metadata }: AnyObject): string {
  return `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`;
}

function metadataOf(object: AnyObject): AnyObject {
  return {
    apiVersion: 'meta.k8s.io/v1',
    kind: 'PartialObjectMetadata',
    metadata: object.metadata,
  };
}

function bookmark(revision: number): AnyObject {
  return {
    metadata: {
      resourceVersion: String(revision),
      annotations: { 'k8s.io/initial-events-end': 'true' },
    },
  };
}

function fieldValue(object: AnyObject, field: string): string {
  let value: unknown = object;
  for (const part of field.split('.')) {
    value = typeof value === 'object' && value !== null ? (value as AnyObject)[part] : undefined;
  }
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? `${value}`
    : '';
}

/** A write through `status` changes the status alone, any other write all but the status. */
function merged(old: AnyObject, given: AnyObject, subresource: string | undefined): AnyObject {
  if (subresource === 'status') {
    // What a status is written by may write annotations too, as a Deployment's controller does.
    const annotations = given.metadata?.annotations;
    const metadata = { ...structuredClone(old.metadata), ...(annotations ? { annotations } : {}) };
    return { ...structuredClone(old), metadata, status: given.status };
  }
  if (subresource === 'approval') {
    return { ...structuredClone(old), status: given.status };
  }
  const next: AnyObject = { ...given, status: structuredClone(old.status) };
  if (next.status === undefined) delete next.status;
  return next;
}

/** A namespace stays until its `spec.finalizers` are gone. */
function heldBySpec({ kind, spec }: AnyObject): boolean {
  return (
    kind === 'Namespace' && ((spec as { finalizers?: string[] } | undefined)?.finalizers?.length ?? 0) > 0
  );
}

function graceOf(ref: ResourceRef, object: AnyObject, asked: number | undefined): number {
  if (ref.resource !== 'pods') return 0;
  const spec = object.spec as { nodeName?: string; terminationGracePeriodSeconds?: number } | undefined;
  const status = object.status as { phase?: string } | undefined;
  if (!spec?.nodeName || status?.phase === 'Succeeded' || status?.phase === 'Failed') return 0;
  return asked ?? spec.terminationGracePeriodSeconds ?? 30;
}

function timestamp(clock: Clock, plusSeconds = 0): string {
  return new Date(clock.now() + plusSeconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z');
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => [k, sorted(v)]));
}
