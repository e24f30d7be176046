import { ApiError, type AnyObject } from '@skerry/api';
import { describeError } from '@skerry/base';
import { plainValues, type ValueTransformer } from '#encryption/transformer.ts';

interface StoredValue {
  readonly key: string;
  readonly value: Uint8Array;
  readonly modRevision: number;
}

/** A value that does not open, under the revision that a delete of it must name. */
export interface Unreadable {
  readonly revision: number;
  readonly reason: string;
}

/**
 * The values of one resource between registry and store: sealed on their way in, opened on their way out. What does not
 * open is remembered instead of breaking the whole resource's being read: who asks for that object, or for a list or watch
 * that it belongs to, is told; whoever asks for others is answered. Leaving it out in silence would make controllers take
 * it for deleted.
 */
export class StoredValues {
  readonly #transformer: ValueTransformer;
  readonly #written = new WeakMap<Uint8Array, AnyObject>();
  readonly #unreadable = new Map<string, Unreadable>();
  /** Keys whose value was sealed otherwise than a write would seal it now. */
  readonly #stale = new Set<string>();

  constructor(transformer: ValueTransformer = plainValues) {
    this.#transformer = transformer;
  }

  /** Throws 500 when there is no key to seal by at present. */
  seal(key: string, plain: Uint8Array): Uint8Array {
    try {
      return this.#transformer.seal(key, plain);
    } catch (error) {
      throw unreadable(describeError(error));
    }
  }

  /** Remembers what a value says until it comes back from the store, so that it needn't be parsed to be indexed. */
  wrote(value: Uint8Array, object: AnyObject): void {
    this.#written.set(value, object);
  }

  /** What `wrote` was told of the value; once. */
  takeWritten(value: Uint8Array): AnyObject | undefined {
    const object = this.#written.get(value);
    if (object) this.#written.delete(value);
    return object;
  }

  /** Throws 500 for a value that does not open. */
  open({ key, value }: Pick<StoredValue, 'key' | 'value'>): { value: Uint8Array; stale: boolean } {
    try {
      return this.#transformer.open(key, value);
    } catch (error) {
      throw unreadable(describeError(error));
    }
  }

  /** The value as the caches are to hold it; undefined, and noted, when it does not open. */
  take({ key, value, modRevision }: StoredValue): Uint8Array | undefined {
    this.forget(key);
    try {
      const opened = this.#transformer.open(key, value);
      if (opened.stale) this.#stale.add(key);
      return opened.value;
    } catch (error) {
      this.#unreadable.set(key, { revision: modRevision, reason: describeError(error) });
      return undefined;
    }
  }

  /** Looks at a stored value again after keys have changed: it may lie under an old one now, or open at last. */
  review({ key, value }: Pick<StoredValue, 'key' | 'value'>): void {
    try {
      const { stale } = this.#transformer.open(key, value);
      if (stale || this.#unreadable.has(key)) this.#stale.add(key);
    } catch {
      // What does not open stays as it was, in the caches too.
    }
  }

  /** The key's value has been deleted or replaced. */
  forget(key: string): void {
    if (this.#unreadable.size > 0) this.#unreadable.delete(key);
    if (this.#stale.size > 0) this.#stale.delete(key);
  }

  /** Everything is about to be read anew. */
  reset(): void {
    this.#unreadable.clear();
    this.#stale.clear();
  }

  get staleKeys(): readonly string[] {
    return [...this.#stale];
  }

  get unreadableCount(): number {
    return this.#unreadable.size;
  }

  unreadableAt(key: string): Unreadable | undefined {
    return this.#unreadable.get(key);
  }

  /** Throws 500 when the value of this key does not open. */
  requireReadable(key: string): void {
    const found = this.#unreadable.get(key);
    if (found) throw unreadable(found.reason);
  }

  /** Throws 500 when a value under this prefix does not open. */
  requireAllReadable(prefix: string): void {
    for (const [key, { reason }] of this.#unreadable) {
      if (key.startsWith(prefix))
        throw unreadable(`unable to transform key ${JSON.stringify(key)}: ${reason}`);
    }
  }
}

function unreadable(reason: string): ApiError {
  return new ApiError('InternalError', `Internal error occurred: ${reason}`, {
    details: { causes: [{ message: reason }] },
  });
}
