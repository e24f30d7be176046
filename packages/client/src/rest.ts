import type { KubeList, KubeObject, WatchEvent } from '@skerry/api';

/** A served resource: where its collection is. `KindInfo` of `@skerry/api` satisfies it. */
export interface ResourceRef {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

export interface ListOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan';
  /** Only `metadata` of each object, as `PartialObjectMetadata`. */
  readonly metadataOnly?: boolean;
}

export interface WatchRequest extends ListOptions {
  readonly signal: AbortSignal;
  readonly allowBookmarks?: boolean;
  readonly sendInitialEvents?: boolean;
  readonly timeoutSeconds?: number;
}

export interface WriteOptions {
  readonly namespace?: string;
  readonly subresource?: string;
  readonly fieldManager?: string;
  readonly dryRun?: boolean;
}

export interface PatchOptions extends WriteOptions {
  readonly type: 'json' | 'merge' | 'strategic' | 'apply';
  readonly force?: boolean;
}

export interface DeleteOptions {
  readonly namespace?: string;
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Foreground' | 'Background' | 'Orphan';
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

/** One resource of one API server. Every failure is an `ApiError` of `@skerry/api` or, when nothing answered, a `TransportError`. */
export interface ResourceClient<T extends KubeObject = KubeObject> {
  get(
    name: string,
    options?: { namespace?: string; subresource?: string; resourceVersion?: string },
  ): Promise<T>;
  list(options?: ListOptions): Promise<KubeList<T>>;
  /** An `ERROR` event ends the iteration by throwing its `ApiError`; a server that ends the watch ends it quietly. */
  watch(options: WatchRequest): AsyncIterable<WatchEvent<T>>;
  create(object: T, options?: WriteOptions): Promise<T>;
  /** POST to a subresource of a named object: binding, eviction, token. */
  createSubresource<R = KubeObject>(
    name: string,
    subresource: string,
    body: object,
    options?: WriteOptions,
  ): Promise<R>;
  update(object: T, options?: WriteOptions): Promise<T>;
  patch(name: string, patch: unknown, options: PatchOptions): Promise<T>;
  delete(name: string, options?: DeleteOptions): Promise<void>;
}

export interface ApiClient {
  resource<T extends KubeObject = KubeObject>(ref: ResourceRef): ResourceClient<T>;
  /** Any path, JSON in and out; for discovery and what has no `ResourceClient`. */
  request<R = unknown>(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    options?: { body?: unknown; contentType?: string; signal?: AbortSignal },
  ): Promise<R>;
  /** The same server under another User-Agent or field manager. */
  as(userAgent: string): ApiClient;
  close(): void;
}
