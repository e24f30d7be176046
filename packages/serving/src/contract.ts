import type { AnyObject, ColumnInfo, ListMeta, Status } from '@skerry/api';

/**
 * How a server puts a source of objects behind the Kubernetes read verbs. The parts meet here:
 *
 *   feed ──load/apply──▶ WatchCache ──▶ list()  ──Encoder──▶ Answer (status, headers, chunks of shared bytes)
 *                             └───────▶ watch() ──Encoder──▶ Sink   (frames shared by every watcher)
 *
 * The owner of the source pushes: first `load` with everything at one revision, then `apply` in order of revision, each
 * call synchronous. A cache never asks its source for anything, so that a store, an informer and a file look the same.
 * Objects handed out are shared and must not be changed.
 */

/** One object of the source, in the encoding the source keeps it in. */
export interface SourceEntry {
  /** '' for cluster-scoped objects. */
  readonly namespace: string;
  readonly name: string;
  readonly value: Uint8Array;
  readonly revision: number;
  /** What `value` says, where the writer still has it at hand; only looked at, never kept. */
  readonly written?: AnyObject | undefined;
}

/** One change. For a delete, `value` may be empty: the cache knows what was there. */
export interface SourceEvent extends SourceEntry {
  readonly type: 'put' | 'delete';
}

/**
 * Bytes of the source → object. The default parses JSON and sets `metadata.resourceVersion` to the entry's revision;
 * a server that encrypts at rest or has the object at hand anyway (the writer's own) gives its own.
 */
export type Decode = (entry: SourceEntry) => AnyObject;

/** One revision of one object, with its JSON in the storage version, made once. `object` may be decoded anew when it is asked for. */
export interface CachedObject {
  /** `namespace/name`, or `name` for cluster-scoped objects; the order of lists. */
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly revision: number;
  readonly object: AnyObject;
  /** The same for one who looks once, at what is about to be replaced: it isn't kept for others. */
  readonly passingObject?: AnyObject;
  /** The object's JSON without a trailing newline. */
  readonly json: Uint8Array;
  /** Of what has ended: the revision that it was last, whose object it is but for `metadata.resourceVersion`. */
  readonly last?: CachedObject;
}

/**
 * Objects in another version than the cache has them in, where making them takes asking somebody. Made once for each
 * revision; whoever encodes waits for `prepare` before, and only where it says that there is something to wait for.
 */
export interface ConvertedObjects {
  /** Undefined: all of these are there. Rejects with an ApiError. */
  prepare(items: readonly CachedObject[]): Promise<void> | undefined;
  /** After `prepare`. */
  object(item: CachedObject): AnyObject;
  /** After `prepare`. */
  json(item: CachedObject): Uint8Array;
}

/** What a cache holds of an object: enough to select it by without decoding it. */
export interface SelectableObject extends CachedObject {
  readonly labels: Readonly<Record<string, string>> | undefined;
  /** Value of a selectable field as text; '' when it is not set. */
  field(name: string): string;
}

export interface CacheEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly revision: number;
  /** For DELETED: the last state, with `metadata.resourceVersion` of the deletion. */
  readonly current: SelectableObject;
  readonly previous: SelectableObject | undefined;
}

/** What one request looks at. Unset namespace: all; `name` is a watch or list of one object (`/watch/…/name`). */
export interface Scope {
  readonly namespace?: string;
  readonly name?: string;
}

/**
 * An object's bytes in one API version and one form (whole object, Table, PartialObjectMetadata) of one media type.
 * Long-lived: make one per served version and form, since encoders remember what they have encoded.
 */
export interface Encoder {
  /** Of a GET, LIST or Status: `application/json`. */
  readonly contentType: string;
  /** Of a watch: `application/json`, `application/vnd.kubernetes.protobuf;stream=watch`. */
  readonly watchContentType: string;
  object(item: CachedObject): Uint8Array;
  /** The pieces of a list body, in order; adjacent small pieces may be joined. */
  list(items: readonly CachedObject[], meta: ListMeta): Iterable<Uint8Array>;
  /**
   * One watch frame. `first`: no frame has gone to this watcher yet (Tables name their columns only there). `base`: what the
   * watcher was told of this object before, if it was.
   */
  event(type: CacheEvent['type'], item: CachedObject, first: boolean, base?: CachedObject): Uint8Array;
  bookmark(revision: number, options: { initialEventsEnd: boolean }): Uint8Array;
  error(status: Status): Uint8Array;
  /** To be awaited before objects, lists or events of these are encoded; undefined: nothing is to be waited for. */
  prepare?(items: readonly CachedObject[]): Promise<void> | undefined;
  /** Whether `event` differs for the first frame, so that frames can't be shared with it. */
  readonly firstFrameDiffers: boolean;
}

/** A served version of a stored resource, as encoders need it. `KindInfo` of `@skerry/api` satisfies it. */
export interface ServedKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** Where it is not the kind with `List` behind it. */
  readonly listKind?: string;
  readonly resource: string;
  readonly columns: readonly ColumnInfo[];
  /** The order of a Table's rows; that of the list unless told. */
  readonly rowOrder?: (a: AnyObject, b: AnyObject) => number;
}

/** A finished answer. Pieces may be shared with other answers and are never changed. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Iterable<Uint8Array>;
}

/** Where watch frames go; an HTTP response, an HTTP/2 stream, a WebSocket. */
export interface Sink {
  /** False: the reader is behind; the next `onDrain` says when it has caught up. */
  write(chunk: Uint8Array): boolean;
  /** Registers the one listener for drains. */
  onDrain(listener: () => void): void;
  /** Ends the stream in order. */
  end(): void;
  /** Breaks it off: nothing more is taken by its reader, who is to come again. In order, where there is no such thing. */
  destroy?(): void;
}
