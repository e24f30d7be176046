/**
 * Seals again, under the key that writes now, every value that was sealed otherwise: under an older key, by another
 * provider, or not at all. It runs once after a start, beside requests, as writes that change nothing but the revision; so
 * after a change of keys nothing that can be read lies under the old one. Values that do not open stay as they are.
 *
 * The old bytes are still in the history, which goes with compaction, and in free pages of the file, which the store is
 * asked to wipe when all is done.
 */
import type { Clock, Logger } from '@skerry/base';
import { describeError } from '@skerry/base';
import { StoreConflictError, type Store } from '@skerry/store';
import type { StoredResource } from '#registry/stored-resource.ts';

/** Values that are rewritten side by side; they share commits of the store. */
const rewritesAtOnce = 64;

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

async function rewrite(store: Store, resource: StoredResource, key: string): Promise<boolean> {
  const entry = await store.get(key);
  if (!entry) return false;
  const { value, stale } = resource.values.open(entry);
  if (!stale) return false;
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
