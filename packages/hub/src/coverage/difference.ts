import type { SourceEntry, SourceEvent, WatchCache } from '@skerry/serving';

/** One object as a whole list of the center has it. */
export type WholeEntry = SourceEntry;

/**
 * What leads from the state of a cache to a whole state read anew at `revision`: exactly the objects that changed, and those
 * that have gone. So watchers go on where a cache would otherwise be filled anew under them and send all of them away.
 *
 * Each write of a server has a revision of its own, so between the two states there are at least as many revisions as
 * changes. Objects keep theirs; those that have gone get the ones that no object has, since when exactly they went is not
 * known. Undefined where that does not come out: the states are not of one history.
 */
export function differenceTo(
  cache: Pick<WatchCache, 'list' | 'get' | 'revision'>,
  entries: readonly WholeEntry[],
  revision: number,
): SourceEvent[] | undefined {
  const before = cache.revision;
  const now = new Map(entries.map((entry) => [placeOf(entry), entry]));
  const events: SourceEvent[] = [];
  const taken = new Set<number>();
  for (const entry of entries) {
    const known = cache.get(entry.namespace, entry.name);
    if (known?.revision === entry.revision) continue;
    if (entry.revision <= before || entry.revision > revision || taken.has(entry.revision)) return undefined;
    taken.add(entry.revision);
    events.push({ type: 'put', ...entry });
  }
  let free = before + 1;
  for (const { namespace, name } of cache.list({})) {
    if (now.has(placeOf({ namespace, name }))) continue;
    while (taken.has(free)) free++;
    if (free > revision) return undefined;
    events.push({ type: 'delete', namespace, name, value: nothing, revision: free++ });
  }
  return events.sort((a, b) => a.revision - b.revision);
}

function placeOf({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${namespace}/${name}`;
}

const nothing = new Uint8Array();
