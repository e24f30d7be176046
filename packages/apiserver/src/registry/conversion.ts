/**
 * Between the versions of one resource. Most kinds convert at once; a definition may want its webhook asked, and then a
 * conversion takes time and can fail. Whoever reads or writes for a client goes through here.
 */
import type { AnyObject } from '@skerry/api';
import type { CachedObject, ConvertedObjects } from '@skerry/serving';
import type { KindTable, Served } from '#registry/kind-table.ts';

/** How a version converts that must ask somebody. All reject with an ApiError. */
export interface RemoteConversion {
  /** Cached objects in this version, for those who select among them. */
  readonly objects: ConvertedObjects;
  /** A cached object, asked for once for each revision. */
  shown(item: CachedObject): Promise<AnyObject>;
  toStorage(object: AnyObject): Promise<AnyObject>;
  fromStorage(object: AnyObject): Promise<AnyObject>;
}

/** A cached object as a served version shows it; shared, not to be changed. */
export async function shownItem({ remote, fromStorage }: Served, item: CachedObject): Promise<AnyObject> {
  return remote ? remote.shown(item) : fromStorage(item.object);
}

/** The same for one who looks once, at what is about to be replaced. */
export async function passingItem(served: Served, item: CachedObject): Promise<AnyObject> {
  if (served.remote || !item.passingObject) return shownItem(served, item);
  return served.fromStorage(item.passingObject);
}

/** A stored object as a served version shows it. */
export async function shownAs({ remote, fromStorage }: Served, object: AnyObject): Promise<AnyObject> {
  return remote ? remote.fromStorage(object) : fromStorage(object);
}

/** An object of a served version as it is stored. */
export async function storedAs({ remote, toStorage }: Served, object: AnyObject): Promise<AnyObject> {
  return remote ? remote.toStorage(object) : toStorage(object);
}

export async function convertBetween(from: Served, to: Served, object: AnyObject): Promise<AnyObject> {
  return from === to ? object : shownAs(to, await storedAs(from, object));
}

/** Other versions, in whatever group, of what `served` serves: `horizontalpodautoscalers` of v1 and v2. */
export function equivalentsOf(kinds: KindTable, served: Served): Served[] {
  return kinds.allStored().filter((other) => other.stored === served.stored && other !== served);
}
