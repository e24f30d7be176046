/** Between the versions of one resource. Most kinds convert at once; a definition may want its webhook asked. */
import type { AnyObject } from '@skerry/api';
import type { KindTable, Served } from '#registry/kind-table.ts';

/** A stored object as a served version shows it. */
export async function shownAs(served: Served, object: AnyObject): Promise<AnyObject> {
  return served.fromStorage(object);
}

/** An object of a served version as it is stored. */
export async function storedAs(served: Served, object: AnyObject): Promise<AnyObject> {
  return served.toStorage(object);
}

export async function convertBetween(from: Served, to: Served, object: AnyObject): Promise<AnyObject> {
  return from === to ? object : shownAs(to, await storedAs(from, object));
}

/** Other versions, in whatever group, of what `served` serves: `horizontalpodautoscalers` of v1 and v2. */
export function equivalentsOf(kinds: KindTable, served: Served): Served[] {
  return kinds.allStored().filter((other) => other.stored === served.stored && other !== served);
}
