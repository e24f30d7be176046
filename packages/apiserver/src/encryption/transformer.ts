/**
 * Values on their way to the store and back. A transformer seals what is written and opens what is read; both know the
 * storage key, so that a value which somebody moves to another key of the database does not open there.
 *
 * A stored value says by its prefix who sealed it: `k8s:enc:<provider>:v1:<key name>:`. What has none is plain JSON.
 * https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/
 */
export interface ValueTransformer {
  readonly seal: (key: string, plain: Uint8Array) => Uint8Array;
  /** `stale`: a write would seal it otherwise. Throws `UnreadableValueError`. */
  readonly open: (key: string, stored: Uint8Array) => Opened;
}

export interface Opened {
  readonly value: Uint8Array;
  readonly stale: boolean;
}

/** A stored value that no key at hand opens, or that was changed on the disk. */
export class UnreadableValueError extends Error {
  override readonly name = 'UnreadableValueError';
}

/** One way to seal, under its prefix. The empty prefix is that of plain values. */
export interface Provider {
  readonly prefix: string;
  seal(key: string, plain: Uint8Array): Uint8Array;
  /** `sealed` comes without the prefix. Throws when it can't be opened. */
  open(key: string, sealed: Uint8Array): Uint8Array;
  /** Whether it would seal this otherwise now, although it opens it. Unset: never. */
  stale?(sealed: Uint8Array): boolean;
  /** What has to be asked for before this opens; undefined where nothing has. Never rejects. */
  prepare?(sealed: Uint8Array): Promise<void> | undefined;
}

export const sealedPrefix = 'k8s:enc:';

/** No sealing. Sealed values of another provider are none of its. */
export const identity: Provider = {
  prefix: '',
  seal: (_key, plain) => plain,
  open(_key, sealed) {
    if (startsWith(sealed, sealedPrefix))
      throw new Error('identity transformer tried to read encrypted data');
    return sealed;
  },
};

/** Seals by the first provider and opens by any whose prefix the value has, in order. */
export function firstOf(providers: readonly [Provider, ...Provider[]]): ValueTransformer {
  const [primary] = providers;
  const prefix = Buffer.from(primary.prefix);
  return {
    seal(key, plain) {
      const sealed = primary.seal(key, plain);
      return prefix.length === 0 ? sealed : Buffer.concat([prefix, sealed]);
    },
    open(key, stored) {
      let failure: unknown;
      for (const provider of providers) {
        if (!startsWith(stored, provider.prefix)) continue;
        try {
          const sealed = stored.subarray(provider.prefix.length);
          const value = provider.open(key, sealed);
          return { value, stale: provider !== primary || (provider.stale?.(sealed) ?? false) };
        } catch (error) {
          // Two providers may have a prefix in common, with different keys.
          if (provider.prefix !== '') failure ??= error;
        }
      }
      const why = failure instanceof Error ? failure.message : 'no matching prefix found';
      throw new UnreadableValueError(why, { cause: failure });
    },
  };
}

export const plainValues: ValueTransformer = {
  seal: (_key, plain) => plain,
  open: (_key, value) => ({ value, stale: false }),
};

export function startsWith(bytes: Uint8Array, prefix: string): boolean {
  const { length } = prefix;
  if (bytes.length < length) return false;
  for (let index = 0; index < length; index++) if (bytes[index] !== prefix.charCodeAt(index)) return false;
  return true;
}
