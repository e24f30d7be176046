import type { AnyObject, GroupResource } from '@skerry/api';
import type { SourceEntry, WatchCache } from '@skerry/serving';
import type { ValueTransformer } from '#encryption/transformer.ts';
import { StoredValues } from '#registry/stored-values.ts';

/** Every key of the server begins with it. */
export const registryPrefix = '/registry/';

/**
 * Where objects of one resource lie: `/registry/<group or core>/<resource>/[<namespace>/]<name>`, whatever versions serve
 * it. The value is the object's JSON in the storage version without `metadata.resourceVersion`: the revision of the write
 * is known only afterwards, and is put in when the entry enters the cache.
 */
export class StoredResource {
  readonly groupResource: GroupResource;
  readonly namespaced: boolean;
  readonly prefix: string;
  readonly cache: WatchCache;
  /** Entries are removed this long after their last write. */
  readonly ttlSeconds: number | undefined;
  readonly values: StoredValues;

  constructor(options: {
    groupResource: GroupResource;
    namespaced: boolean;
    cache: WatchCache;
    ttlSeconds?: number;
    /** Unset: values are stored as they are. */
    transformer?: ValueTransformer;
  }) {
    this.groupResource = options.groupResource;
    this.namespaced = options.namespaced;
    this.cache = options.cache;
    this.ttlSeconds = options.ttlSeconds;
    this.prefix = prefixOf(options.groupResource);
    this.values = new StoredValues(options.transformer);
  }

  key(namespace: string, name: string): string {
    return this.namespaced ? `${this.prefix}${namespace}/${name}` : `${this.prefix}${name}`;
  }

  /** The place that a key of this resource names. */
  locate(key: string): { namespace: string; name: string } {
    const rest = key.slice(this.prefix.length);
    if (!this.namespaced) return { namespace: '', name: rest };
    const slash = rest.indexOf('/');
    return { namespace: rest.slice(0, slash), name: rest.slice(slash + 1) };
  }
}

export function prefixOf({ group, resource }: GroupResource): string {
  return `${registryPrefix}${group || 'core'}/${resource}/`;
}

/** The prefix of the resource that a key belongs to. */
export function prefixOfKey(key: string): string {
  const afterGroup = key.indexOf('/', registryPrefix.length);
  return key.slice(0, key.indexOf('/', afterGroup + 1) + 1);
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The same object with its fields in the order in which people expect to read them. */
export function inOrder(object: AnyObject): AnyObject {
  const { apiVersion, kind, metadata, status, ...rest } = object;
  return { apiVersion, kind, metadata, ...rest, ...(status === undefined ? {} : { status }) };
}

/** Bytes for the store. `apiVersion`, `kind` and `metadata` come first, the revision is left out. */
export function encodeStored(object: AnyObject): Uint8Array {
  const { resourceVersion: _revision, ...kept } = object.metadata ?? {};
  return encoder.encode(JSON.stringify({ ...inOrder(object), metadata: kept }));
}

export function decodeStored({ value, revision }: Pick<SourceEntry, 'value' | 'revision'>): AnyObject {
  // Only this server writes here, and only objects.
  const object = JSON.parse(decoder.decode(value)) as AnyObject;
  (object.metadata ??= {}).resourceVersion = String(revision);
  return object;
}
