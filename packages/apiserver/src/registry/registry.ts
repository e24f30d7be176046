import {
  ApiError,
  conflict,
  notFound,
  type AnyObject,
  type FieldError,
  type ObjectMeta,
  timeText,
} from '@skerry/api';
import type { Clock, Logger } from '@skerry/base';
import type { RevisionProgress } from '@skerry/serving';
import { StoreConflictError, StoreUnavailableError, type Store } from '@skerry/store';
import type { AdmissionChain, AdmissionContext } from '#security.ts';
import { bodyBytesMax } from '#http/request-body.ts';
import { passingItem, shownAs, storedAs } from '#registry/conversion.ts';
import type { Served } from '#registry/kind-table.ts';
import { decodeStored, encodeStored, inOrder } from '#registry/stored-resource.ts';
import { LongWork } from '#registry/long-work.ts';
import type { WriteOptions } from '#registry/write-options.ts';

/** An object's place among those of its resource; namespace '' for cluster scope. */
export interface Target {
  readonly namespace: string;
  readonly name: string;
}

/** Work of a kind that needs more than the object: allocating addresses, creating what belongs to it. */
export interface KindHooks {
  /** All that is wrong with an object, besides what the kind's own rules found (`own`). */
  faults?(object: AnyObject, own: FieldError[], old?: AnyObject): FieldError[];
  /** Before a create is stored; may change the object. Returns what undoes it when the write fails or is a dry run. */
  beforeCreate?(object: AnyObject, options: HookOptions): Promise<() => void | Promise<void>>;
  beforeUpdate?(object: AnyObject, old: AnyObject, options: HookOptions): Promise<() => void | Promise<void>>;
  /** Of an object that a client deletes; may change it, by a finalizer for one. `now` is as metadata has times. */
  beforeDelete?(object: AnyObject, now: string): void;
  /** Texts for the `Warning:` header, besides the kind's own. */
  warnings?(object: AnyObject): string[];
  /** After the write was acknowledged, before it is answered. */
  afterUpdate?(object: AnyObject, old: AnyObject): void | Promise<void>;
  afterDelete?(object: AnyObject): void | Promise<void>;
}

export interface HookOptions {
  readonly dryRun: boolean;
}

export interface RegistryParts {
  readonly store: Store;
  readonly progress: RevisionProgress;
  readonly clock: Clock;
  readonly random: () => number;
  readonly uid: () => string;
  readonly log: Logger;
  /** By `group/resource`. */
  readonly hooks: ReadonlyMap<string, KindHooks>;
  admission(): AdmissionChain;
}

/** One object as the store has it, in the served version, with the revision that the next write must name. */
export interface Current {
  readonly object: AnyObject;
  readonly revision: number;
  /** Of its text. */
  readonly bytes: number;
}

/**
 * The stored state of objects, behind every verb of every kind. Reads come from the watch cache once it has reached the
 * store's newest revision, so a caller always sees its own writes; writes name the revision they were computed from, and
 * what they were computed from is read again when another writer was faster.
 */
export class Registry {
  readonly parts: RegistryParts;
  readonly longWork = new LongWork();

  constructor(parts: RegistryParts) {
    this.parts = parts;
  }

  /** The object now, shared and not to be changed; undefined when there is none. */
  async find(served: Served, target: Target): Promise<Current | undefined> {
    await this.fresh();
    served.stored.values.requireReadable(served.stored.key(target.namespace, target.name));
    const item = served.stored.cache.get(target.namespace, target.name);
    return item && { object: await passingItem(served, item), revision: item.revision, bytes: item.size };
  }

  async get(served: Served, target: Target): Promise<Current> {
    const current = await this.find(served, target);
    if (!current) throw notFound(served.info, target.name);
    return current;
  }

  /** Resolves when the caches hold every write acknowledged so far. */
  async fresh(): Promise<void> {
    const { store, progress, clock } = this.parts;
    if (progress.revision < store.revision) await progress.waitFor(store.revision, { clock });
  }

  /** Stores a new object; the returned one carries its revision. */
  async insert(served: Served, target: Target, object: AnyObject): Promise<AnyObject> {
    const { stored } = served;
    const key = stored.key(target.namespace, target.name);
    const { bytes, value } = await valueOf(served, key, object);
    const { revision } = await this.#storing(this.parts.store.create(key, value, ttl(served)));
    return written(object, revision, bytes);
  }

  async replace(served: Served, target: Target, object: AnyObject, revision: number): Promise<AnyObject> {
    const { stored } = served;
    const key = stored.key(target.namespace, target.name);
    const { bytes, value } = await valueOf(served, key, object);
    const stamp = await this.#storing(
      this.parts.store.update(key, value, { expectedRevision: revision, ...ttl(served) }),
    );
    return written(object, stamp.revision, bytes);
  }

  async remove(served: Served, target: Target, object: AnyObject, revision: number): Promise<AnyObject> {
    const key = served.stored.key(target.namespace, target.name);
    const written = await this.#storing(this.parts.store.delete(key, { expectedRevision: revision }));
    await this.hooks(served)?.afterDelete?.(object);
    return withRevision(object, written.revision);
  }

  /** Deletes what can't be read; nothing hears of the object. */
  async removeUnreadable(served: Served, target: Target, revision: number): Promise<void> {
    const key = served.stored.key(target.namespace, target.name);
    try {
      await this.#storing(this.parts.store.delete(key, { expectedRevision: revision }));
    } catch (error) {
      if (error instanceof StoreConflictError) throw conflict(served.info, target.name);
      throw error;
    }
  }

  /**
   * Runs `attempt` on the newest state, again when another writer was faster, at most `attemptsMax` times; then 409.
   * Undefined state: the object does not exist.
   */
  async retrying<T>(
    served: Served,
    target: Target,
    attempt: (current: Current | undefined) => Promise<T>,
    attemptsMax = 6,
  ): Promise<T> {
    let current = await this.find(served, target);
    for (let tries = 1; ; tries++) {
      try {
        return await attempt(current);
      } catch (error) {
        if (!(error instanceof StoreConflictError)) throw error;
        if (tries >= attemptsMax) throw conflict(served.info, target.name);
        current = error.current && {
          object: await shownAs(
            served,
            decodeStored({
              value: served.stored.values.open(error.current).value,
              revision: error.current.modRevision,
            }),
          ),
          revision: error.current.modRevision,
          bytes: error.current.value.length,
        };
      }
    }
  }

  hooks(served: Served): KindHooks | undefined {
    return this.parts.hooks.get(`${served.info.group}/${served.info.resource}`);
  }

  /** RFC 3339 in whole seconds, as metadata has it. */
  timestamp(offsetSeconds = 0): string {
    return timeText(this.parts.clock.now() + offsetSeconds * 1000);
  }

  async mutate(
    served: Served,
    context: Omit<AdmissionContext, 'kind' | 'resource'>,
    write: Pick<WriteOptions, 'admit'>,
  ): Promise<void> {
    if (write.admit) await this.parts.admission().mutate(admissionOf(served, context));
  }

  async admit(
    served: Served,
    context: Omit<AdmissionContext, 'kind' | 'resource'>,
    write: Pick<WriteOptions, 'admit'>,
  ): Promise<void> {
    if (write.admit) await this.parts.admission().validate(admissionOf(served, context));
  }

  async #storing<T>(write: Promise<T>): Promise<T> {
    try {
      return await write;
    } catch (error) {
      if (error instanceof StoreUnavailableError) {
        throw new ApiError('InternalError', `the object was not stored: ${error.message}`, { cause: error });
      }
      throw error;
    }
  }
}

function admissionOf(served: Served, context: Omit<AdmissionContext, 'kind' | 'resource'>): AdmissionContext {
  return { ...context, kind: served.info, resource: served.info.resource };
}

/**
 * What is stored of an object; no larger than a body, so that it can be put again. The words are those of the usual store.
 * `bytes` is also the text of the answer, unless another version is stored than is served.
 */
async function valueOf(
  served: Served,
  key: string,
  object: AnyObject,
): Promise<{ bytes: Uint8Array | undefined; value: Uint8Array }> {
  const converted = await storedAs(served, object);
  const bytes = encodeStored(converted);
  if (bytes.length > bodyBytesMax)
    throw new ApiError('RequestEntityTooLarge', 'etcdserver: request is too large');
  const value = served.stored.values.seal(key, bytes);
  if (value === bytes) served.stored.values.wrote(value, converted);
  return { bytes: converted === object ? bytes : undefined, value };
}

const texts = new WeakMap<AnyObject, Uint8Array>();

/** The text that a write stored of the object which it returned, without its revision; for its answer. */
export function writtenText(object: AnyObject): Uint8Array | undefined {
  return texts.get(object);
}

function written(object: AnyObject, revision: number, bytes: Uint8Array | undefined): AnyObject {
  const result = withRevision(object, revision);
  if (bytes) texts.set(result, bytes);
  return result;
}

function ttl(served: Served): { ttlSeconds?: number } {
  const { ttlSeconds } = served.stored;
  return ttlSeconds === undefined ? {} : { ttlSeconds };
}

function withRevision(object: AnyObject, revision: number): AnyObject {
  metadataOf(object).resourceVersion = String(revision);
  return inOrder(object);
}

/** The object's metadata, made when missing. */
export function metadataOf(object: AnyObject): ObjectMeta {
  return (object.metadata ??= {});
}
