/**
 * Seals again, under the key that writes now, every value that was sealed otherwise: under an older key, by another
 * provider, or not at all. It runs once after a start, beside requests, as writes that change nothing but the revision; so
 * after a change of keys nothing that can be read lies under the old one. Values that do not open stay as they are.
 *
 * The old bytes are still in the history, which goes with compaction, and in free pages of the file, which the store is
 * asked to wipe when all is done.
 *
 * After keys have changed while the server runs, `reviewStored` finds what is to be rewritten.
 */
import type { Clock, Logger } from '@skerry/base';
import { describeError } from '@skerry/base';
import { type RangeResult, StoreConflictError, type Store } from '@skerry/store';
import type { StorageEncryption } from '#encryption/storage-encryption.ts';
import type { StoredResource } from '#registry/stored-resource.ts';

/** Values that are rewritten side by side; they share commits of the store. */
const rewritesAtOnce = 64;
const reviewedAtOnce = 500;

export interface Rewritten {
  readonly rewritten: number;
  readonly failed: number;
}

export async function rewriteStale(
  resources: Iterable<StoredResource>,
  parts: { readonly store: Store; readonly clock: Clock; readonly log: Logger; readonly signal: AbortSignal },
): Promise<Rewritten> {
  const { store, log, signal } = parts;
  let rewritten = 0;
  let failed = 0;
  for (const resource of resources) {
    const keys = resource.values.staleKeys;
    for (let start = 0; start < keys.length && !signal.aborted; start += rewritesAtOnce) {
      const batch = keys.slice(start, start + rewritesAtOnce).map(async (key) => {
        try {
          if (await rewrite(store, resource, key)) rewritten++;
        } catch (error) {
          failed++;
          log.warn('stored value not rewritten', { key, error: describeError(error) });
        }
      });
      await Promise.all(batch);
    }
  }
  if (rewritten + failed > 0) log.info('stored values rewritten', { rewritten, failed });
  if (rewritten > 0 && !signal.aborted) await store.scrub();
  return { rewritten, failed };
}

/** Notes which values would be sealed otherwise now, and which open now that did not. */
export async function reviewStored(
  resource: StoredResource,
  parts: {
    readonly store: Store;
    readonly encryption: Pick<StorageEncryption, 'prepare'>;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { store, encryption, signal } = parts;
  let startKey: string | undefined;
  do {
    const page: RangeResult = await store.range(resource.prefix, {
      limit: reviewedAtOnce,
      ...(startKey === undefined ? {} : { startKey }),
    });
    await encryption.prepare(page.entries);
    for (const entry of page.entries) resource.values.review(entry);
    startKey = page.more ? `${page.entries.at(-1)!.key}\0` : undefined;
  } while (startKey !== undefined && !signal.aborted);
}

async function rewrite(store: Store, resource: StoredResource, key: string): Promise<boolean> {
  const entry = await store.get(key);
  if (!entry) return false;
  const { value, stale } = resource.values.open(entry);
  // What did not open is written as well, so that the caches hear of it.
  if (!stale && !resource.values.unreadableAt(key)) return false;
  const { ttlSeconds } = resource;
  try {
    await store.update(key, resource.values.seal(key, value), {
      expectedRevision: entry.modRevision,
      ...(ttlSeconds === undefined ? {} : { ttlSeconds }),
    });
    return true;
  } catch (error) {
    // Whoever was faster has sealed it anew.
    if (error instanceof StoreConflictError) return false;
    throw error;
  }
}
